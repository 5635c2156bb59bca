// Statistics of a walk. None of this is part of an audit; it is timed apart from it.
//
// Cost: one table look-up a command of a batch; text is only made for refusals, of which
// kMaxFindingsPerFile are described.
#include "tools/gvtcore/scan_observer.h"

#include <algorithm>
#include <deque>

#include "hw/command_table.h"
#include "hw/register_table.h"

namespace gvt::tools {
namespace {

constexpr size_t kCommandsBefore = 3;
constexpr size_t kCommandsBehind = 2;
constexpr size_t kDwordsAround = 16;

bool IsCountedBatch(scanner::BufferKind kind) {
  return kind == scanner::BufferKind::kFirstLevelBatch ||
         kind == scanner::BufferKind::kSecondLevelBatch;
}

// The header bits that name a command: those of its row, else those of its client.
// Source: PRM SKL vol 2a, "Command Header Format".
uint32_t OpcodeOf(const hw::CommandRow* row, uint32_t header) {
  if (row != nullptr) return row->value;
  constexpr uint32_t kMasks[] = {0xff800000, 0xffff0000, 0xffc00000, 0xffff0000};
  return header & kMasks[std::min(header >> 29, 3u)];
}

Surrounding Describe(const scanner::DisasmTarget& target, const scanner::Command& command,
                     bool refused) {
  Surrounding item;
  item.address = command.address;
  item.refused = refused;
  const size_t shown = std::min(command.dwords.size(), kDwordsAround);
  item.dwords.assign(command.dwords.begin(), command.dwords.begin() + static_cast<long>(shown));
  scanner::DisasmStyle style;
  style.margin = refused ? "> " : "  ";
  style.max_dwords = kDwordsAround;
  item.text = FormatCommand(command, CommandFields(target, command), style);
  return item;
}

}  // namespace

ScanObserver::ScanObserver(hw::Platform platform, FileReport* report, ContextImages* images)
    : platform_(platform), report_(*report), images_(*images) {
  report_.commands.resize(hw::CommandRows().size());
}

std::chrono::nanoseconds ScanObserver::TakeTime() {
  return std::exchange(time_, std::chrono::nanoseconds{});
}

void ScanObserver::OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) {
  const auto begin = std::chrono::steady_clock::now();
  if (IsCountedBatch(segment.kind)) CountCommands(segment, report.position);
  if (segment.kind == scanner::BufferKind::kContextImage) images_.Remember(segment, report);
  if (!report.refusals.empty()) DescribeRefusals(segment, report);
  time_ += std::chrono::steady_clock::now() - begin;
}

void ScanObserver::CountCommands(const scanner::Segment& segment, uint32_t end) {
  scanner::CommandCursor cursor(platform_, segment.engine, segment.dwords.first(end),
                                segment.start);
  scanner::Command command;
  while (cursor.Next(&command)) {
    if (command.row == nullptr) {
      ++report_.unknown_commands;
      continue;
    }
    CommandCount& count = report_.commands[hw::IndexOf(*command.row)];
    ++count.count;
    count.dwords += command.length;
  }
}

void ScanObserver::DescribeRefusals(const scanner::Segment& segment,
                                    const scanner::ScanReport& report) {
  const size_t first = report_.findings.size();
  for (const scanner::Refusal& refusal : report.refusals) {
    AddNeed(segment, refusal);
    if (report_.findings.size() < kMaxFindingsPerFile) {
      report_.findings.push_back(Describe(segment, refusal));
    }
  }
  AddSurroundings(segment, std::span(report_.findings).subspan(first));
}

Finding ScanObserver::Describe(const scanner::Segment& segment,
                               const scanner::Refusal& refusal) const {
  Finding finding;
  finding.submission = submission_;
  finding.engine = segment.engine;
  finding.kind = segment.kind;
  finding.space = segment.space;
  finding.segment = segment.start;
  finding.refusal = refusal;
  if (refusal.dword < segment.dwords.size()) {
    const auto* row = hw::FindCommand(hw::GenerationOf(platform_), segment.engine, refusal.header);
    finding.command = row != nullptr ? row->name : std::string_view("unknown command");
  }
  if (refusal.reg != 0) finding.register_name = hw::RegisterName(platform_, refusal.reg);
  return finding;
}

// One pass over the segment for all its findings, which are in stream order.
void ScanObserver::AddSurroundings(const scanner::Segment& segment,
                                   std::span<Finding> findings) const {
  const scanner::DisasmTarget target{platform_, segment.engine};
  scanner::CommandCursor cursor(platform_, segment.engine, segment.dwords, segment.start);
  std::deque<scanner::Command> before;
  scanner::Command command;
  size_t next = 0;
  while (next < findings.size() && cursor.Next(&command)) {
    while (next < findings.size() && findings[next].refusal.dword < command.position) ++next;
    for (; next < findings.size() && findings[next].refusal.dword == command.position; ++next) {
      std::vector<Surrounding>& around = findings[next].around;
      for (const scanner::Command& earlier : before) {
        around.push_back(tools::Describe(target, earlier, false));
      }
      around.push_back(tools::Describe(target, command, true));
      scanner::CommandCursor ahead = cursor;
      scanner::Command later;
      for (size_t i = 0; i < kCommandsBehind && ahead.Next(&later); ++i) {
        around.push_back(tools::Describe(target, later, false));
      }
    }
    before.push_back(command);
    if (before.size() > kCommandsBefore) before.pop_front();
  }
}

void ScanObserver::AddNeed(const scanner::Segment& segment, const scanner::Refusal& refusal) {
  const hw::Generation generation = hw::GenerationOf(platform_);
  Need need;
  NeedKey key{refusal.rule, 0, refusal.reg};
  if (refusal.dword < segment.dwords.size()) {
    const auto* row = hw::FindCommand(generation, segment.engine, refusal.header);
    key.opcode = OpcodeOf(row, refusal.header);
    need.command = row != nullptr ? row->name : std::string_view();
    need.register_read =
        row != nullptr && (row->effect == hw::Effect::kStoreRegisterMem ||
                           (row->effect == hw::Effect::kLoadRegisterReg && refusal.detail == 1));
    const uint32_t length = row != nullptr ? row->length.Of(refusal.header)
                                           : scanner::GuessedLength(refusal.header, segment.engine);
    need.lengths[length] = 1;
  }
  if (refusal.reg != 0) need.register_name = hw::RegisterName(platform_, refusal.reg);
  need.count = 1;
  need.engines = hw::EngineBit(segment.engine);
  need.generations = hw::GenerationBit(generation);
  need.user = !segment.privileged;
  need.privileged = segment.privileged;
  need.first = Place{report_.file, submission_, segment.start,
                     refusal.dword * static_cast<uint32_t>(sizeof(uint32_t))};
  if (report_.needs.size() < kMaxNeedsPerFile || report_.needs.contains(key)) {
    report_.needs[key].Add(need);
  }
}

}  // namespace gvt::tools
