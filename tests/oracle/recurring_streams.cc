#include "tests/oracle/recurring_streams.h"

#include <algorithm>

namespace gvt::oracle {
namespace {

constexpr Gma kStart{0x120000};
constexpr uint32_t kStreams = 4;
constexpr uint32_t kBatchEnd = 0x05000000;

}  // namespace

RecurringStreams::RecurringStreams(uint64_t seed, hw::Platform platform, hw::Engine engine,
                                   const scanner::Policy& policy)
    : generator_(seed, platform, engine, kStart, policy), engine_(engine) {
  for (uint32_t i = 0; i < kStreams; ++i) {
    std::vector<uint32_t>& stream = streams_.emplace_back();
    // Mostly what is stepped over, so that streams are not refused at once.
    while (stream.size() < 400) {
      const auto& rows = generator_.rows();
      const hw::CommandRow& row = *rows[generator_.Below(static_cast<uint32_t>(rows.size()))];
      const bool harmless = row.effect == hw::Effect::kNone || row.effect == hw::Effect::kNop;
      const bool flush =
          row.effect == hw::Effect::kPipeControl || row.effect == hw::Effect::kFlushDw;
      if (!harmless && !flush && generator_.Below(8) != 0) continue;
      const std::vector<uint32_t> command = generator_.Command(row, 24);
      stream.insert(stream.end(), command.begin(), command.end());
    }
    stream.push_back(kBatchEnd);
  }
}

void RecurringStreams::Change() {
  const auto size = static_cast<uint32_t>(current_.size());
  const uint32_t at = generator_.Below(size);
  switch (generator_.Below(8)) {
    case 0: current_[at] = generator_.Dword(); break;
    case 1: current_[at] ^= 1u << generator_.Below(32); break;
    case 2: current_.resize(std::max(at, 1u)); break;
    case 3: current_.insert(current_.begin() + at, 0u); break;
    case 4: {
      // Another stream's end.
      const auto& other = streams_[generator_.Below(kStreams)];
      const uint32_t from = std::min(at, static_cast<uint32_t>(other.size()) - 1);
      current_.resize(at);
      current_.insert(current_.end(), other.begin() + from, other.end());
      break;
    }
    default: break;
  }
}

scanner::Segment RecurringStreams::Next() {
  current_ = streams_[generator_.Below(kStreams)];
  for (uint32_t i = generator_.Below(4); i > 0; --i) Change();
  if (current_.empty()) current_.push_back(kBatchEnd);
  scanner::Segment segment;
  segment.engine = engine_;
  segment.kind = generator_.Below(4) == 0 ? scanner::BufferKind::kSecondLevelBatch
                                          : scanner::BufferKind::kFirstLevelBatch;
  segment.privileged = generator_.Below(4) == 0;
  segment.space = segment.privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  segment.start = kStart + uint64_t{generator_.Below(4)} * 0x1000;
  segment.dwords = current_;
  segment.complete = generator_.Below(4) != 0;
  return segment;
}

}  // namespace gvt::oracle
