// Flushes that the scan loop takes care of itself leave what the naive scanner leaves.
#include "scanner/shortcuts.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "scanner/interpreter.h"
#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"

namespace gvt::scanner {
namespace {

constexpr uint32_t kPipeControl = 0x7a000004;
constexpr uint32_t kFlushDw = 0x13000002;
constexpr uint32_t kBatchEnd = 0x05000000;
constexpr Gma kStart(0x200000);

// In front of the segment, in its past, in its rest, at the end of what can be its rest, behind
// that.
constexpr std::array<uint64_t, 8> kTargets = {0x1000,   0x1ffff8,  0x200000,  0x200018,
                                              0x200020, 0x1200018, 0x1200020, uint64_t{1} << 47};

struct Place {
  BufferKind kind;
  hw::AddressSpace space;
  bool privileged;
};

constexpr std::array<Place, 4> kPlaces = {{
    {BufferKind::kFirstLevelBatch, hw::AddressSpace::kPpgtt, false},
    {BufferKind::kSecondLevelBatch, hw::AddressSpace::kPpgtt, true},
    {BufferKind::kFirstLevelBatch, hw::AddressSpace::kGgtt, true},
    {BufferKind::kRing, hw::AddressSpace::kGgtt, true},
}};

void ExpectAsNaive(hw::Engine engine, const std::vector<uint32_t>& dwords) {
  const Policy policy;
  const Interpreter interpreter(hw::Platform::kSkl, policy);
  for (const Place& place : kPlaces) {
    const Segment segment{engine, place.kind, place.space, place.privileged, kStart, dwords, true};
    ScanReport report;
    interpreter.Scan(segment, &report);
    const ScanReport naive = oracle::NaiveScan(hw::Platform::kSkl, policy, segment);
    ASSERT_EQ(oracle::ReportText(report), oracle::ReportText(naive))
        << std::hex << dwords[0] << " " << dwords[1] << " " << BufferKindName(place.kind);
  }
}

// Every combination of the bits that count, and each other bit once.
std::vector<uint32_t> FlagsToTry() {
  constexpr std::array<unsigned, 6> kBits = {8, 14, 15, 21, 23, 24};
  std::vector<uint32_t> flags;
  for (uint32_t choice = 0; choice < 1u << kBits.size(); ++choice) {
    uint32_t value = 0;
    for (unsigned i = 0; i < kBits.size(); ++i) value |= Bits(choice, i, i) << kBits[i];
    flags.push_back(value);
  }
  for (unsigned bit = 0; bit < 32; ++bit) flags.push_back(1u << bit);
  return flags;
}

TEST(Shortcuts, LeaveOfAPipeControlWhatItsAuditLeaves) {
  for (const uint32_t flags : FlagsToTry()) {
    for (const uint64_t target : kTargets) {
      for (const uint32_t shorter : {0u, 1u}) {
        ExpectAsNaive(hw::Engine::kRcs, {kPipeControl - shorter, flags, Low32(target),
                                         High32(target), 1, 0, 0, 0, 0, 0, 0, 0, kBatchEnd});
      }
    }
  }
}

TEST(Shortcuts, LeaveOfAFlushDwWhatItsAuditLeaves) {
  for (const uint32_t flags : FlagsToTry()) {
    for (const uint64_t target : kTargets) {
      for (const uint32_t space_bit : {0u, 4u}) {
        ExpectAsNaive(hw::Engine::kVcs, {kFlushDw | (flags & 0x007fffff), Low32(target) | space_bit,
                                         High32(target), 1, 0, 0, 0, 0, 0, 0, kBatchEnd});
      }
    }
  }
}

TEST(Shortcuts, LeaveOfAFlushDwOfEachLengthWhatItsAuditLeaves) {
  for (const uint32_t flags : FlagsToTry()) {
    for (uint32_t dwords = 2; dwords <= 6; ++dwords) {
      const uint32_t header = 0x13000000 | (flags & 0x007fffff & ~0x3fu) | (dwords - 2);
      std::vector<uint32_t> segment(dwords, 0);
      segment[0] = header;
      segment[1] = 0x1000 | 4;
      segment.push_back(kBatchEnd);
      ExpectAsNaive(hw::Engine::kBcs, segment);
    }
  }
}

TEST(Shortcuts, EndABatchOnlyWhenNoStoreCouldHaveChangedIt) {
  constexpr uint32_t kStoreDataImm = 0x10000002;
  for (const uint64_t target : kTargets) {
    ExpectAsNaive(hw::Engine::kRcs,
                  {kStoreDataImm, Low32(target), High32(target), 0, 0, 0, 0, 0, kBatchEnd});
  }
}

TEST(Shortcuts, CutTheSegmentWhereTheListOfEventsIsFull) {
  constexpr uint32_t kNotify = 1u << 8;
  std::vector<uint32_t> dwords;
  for (uint32_t i = 0; i < kMaxEventsPerSegment + 3; ++i) {
    dwords.insert(dwords.end(), {kPipeControl, kNotify, 0, 0, 0, 0});
  }
  dwords.push_back(kBatchEnd);
  const Interpreter interpreter(hw::Platform::kSkl, Policy{});
  const Segment segment{hw::Engine::kRcs,
                        BufferKind::kFirstLevelBatch,
                        hw::AddressSpace::kPpgtt,
                        false,
                        kStart,
                        dwords,
                        true};
  ScanReport report;
  interpreter.Scan(segment, &report);
  EXPECT_EQ(report.end, SegmentEnd::kReenter);
  EXPECT_EQ(report.events.size(), kMaxEventsPerSegment);
  EXPECT_EQ(report.position, kMaxEventsPerSegment * 6);
}

}  // namespace
}  // namespace gvt::scanner
