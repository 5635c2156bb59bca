#include "tools/gvtcore/file_report.h"

namespace gvt::tools {

EngineReport& EngineReport::operator+=(const EngineReport& other) {
  submissions += other.submissions;
  images_unchanged += other.images_unchanged;
  walk += other.walk;
  return *this;
}

WalkSums SumsOf(const scanner::WalkTotals& walk) {
  using scanner::BufferKind;
  const auto commands = [&](BufferKind kind) { return walk.commands[static_cast<size_t>(kind)]; };
  const auto bytes = [&](BufferKind kind) { return walk.dwords[static_cast<size_t>(kind)] * 4; };
  WalkSums sums;
  sums.ring_commands = commands(BufferKind::kRing);
  sums.ring_bytes = bytes(BufferKind::kRing);
  for (const BufferKind kind : {BufferKind::kFirstLevelBatch, BufferKind::kSecondLevelBatch}) {
    sums.batch_commands += commands(kind);
    sums.batch_bytes += bytes(kind);
  }
  for (const BufferKind kind :
       {BufferKind::kIndirectContext, BufferKind::kPerContextBatch, BufferKind::kContextImage}) {
    sums.context_commands += commands(kind);
    sums.context_bytes += bytes(kind);
  }
  sums.context_images = walk.segments[static_cast<size_t>(BufferKind::kContextImage)];
  return sums;
}

void Need::Add(const Need& other) {
  if (count == 0) first = other.first;
  if (command.empty()) command = other.command;
  if (register_name.empty()) register_name = other.register_name;
  register_read = count == 0 ? other.register_read : register_read && other.register_read;
  count += other.count;
  engines |= other.engines;
  generations |= other.generations;
  user |= other.user;
  privileged |= other.privileged;
  for (const auto& [length, times] : other.lengths) {
    const auto it = lengths.find(length);
    if (it != lengths.end()) {
      it->second += times;
    } else if (lengths.size() < kMaxLengthsPerNeed) {
      lengths.emplace(length, times);
    }
  }
}

EngineReport FileReport::Total() const {
  EngineReport total;
  for (const EngineReport& engine : engines) total += engine;
  return total;
}

uint64_t FileReport::Unscanned() const {
  uint64_t count = 0;
  for (size_t i = 0; i < problems.size(); ++i) {
    const auto problem = static_cast<capture::SubmissionProblem>(i);
    if (problem == capture::SubmissionProblem::kNone ||
        problem == capture::SubmissionProblem::kNothingToRun) {
      continue;
    }
    count += problems[i];
  }
  return count;
}

uint64_t FileReport::Differences() const {
  return comparison ? comparison->differences : 0;
}

bool FileReport::Clean() const {
  return !error && Unscanned() == 0 && Total().walk.refusals == 0 && Differences() == 0;
}

}  // namespace gvt::tools
