// Commands that are audited in short leave what the naive scanner leaves.
#include "scanner/shortcuts.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "scanner/interpreter.h"
#include "scanner/step_table.h"
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

TEST(Shortcuts, AreNotEvenAskedAboutAFlushOfTheUsualLength) {
  const Segment batch{};
  const StepTable& table =
      StepTable::For(hw::Generation::kGen9, hw::Engine::kRcs, FlagsToAudit(batch));
  const StepEntry& entry = table.EntryOf(kPipeControl);
  EXPECT_EQ(table.DoubtOf(entry, Join64(kPipeControl, 1u << 20)), 0u);
  EXPECT_NE(table.DoubtOf(entry, Join64(kPipeControl, 1u << 8)), 0u);
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

// Registers that any batch may touch, that FORCE_TO_NONPRIV opens, that only a kernel may write,
// that have an effect, a checked value, an owner elsewhere, or are none.
constexpr std::array<uint32_t, 11> kRegisters = {0x2600,  0x2358, 0x7014, 0x7300,  0x2270, 0x229c,
                                                 0x12600, 0x20d8, 0x2158, 0x44000, 0x2601};

TEST(Shortcuts, LeaveOfALoadOfRegistersWhatItsAuditLeaves) {
  constexpr uint32_t kLoadRegisterImm = 0x11000001;
  for (const uint32_t first : kRegisters) {
    for (const uint32_t second : kRegisters) {
      ExpectAsNaive(hw::Engine::kRcs,
                    {kLoadRegisterImm + 2, first, 0x10001, second, 0xffffffff, kBatchEnd});
      ExpectAsNaive(hw::Engine::kRcs, {0x15000001, first, second, kBatchEnd});
    }
  }
}

TEST(Shortcuts, LeaveOfRegistersAndMemoryWhatTheirAuditLeaves) {
  constexpr uint32_t kStoreRegisterMem = 0x12000002;
  constexpr uint32_t kLoadRegisterMem = 0x14800002;
  for (const uint32_t reg : kRegisters) {
    for (const uint64_t target : kTargets) {
      for (const uint32_t ggtt : {0u, 1u << 22}) {
        for (const uint32_t header : {kStoreRegisterMem, kLoadRegisterMem}) {
          ExpectAsNaive(hw::Engine::kRcs, {header | ggtt, reg, Low32(target), High32(target), 0, 0,
                                           0, 0, 0, 0, 0, kBatchEnd});
        }
      }
    }
  }
}

TEST(Shortcuts, LeaveOfStoresAndCopiesWhatTheirAuditLeaves) {
  for (const uint64_t target : kTargets) {
    const uint32_t high = High32(target);
    for (const uint32_t bits : {0u, 1u << 21, 1u << 22, 3u << 21}) {
      for (const uint32_t low : {Low32(target), Low32(target) | 1, Low32(target) | 2}) {
        ExpectAsNaive(hw::Engine::kRcs,
                      {0x10000002 | bits, low, high, 5, 0, 0, 0, 0, 0, 0, kBatchEnd});
        ExpectAsNaive(hw::Engine::kRcs,
                      {0x10000003 | bits, low, high, 5, 6, 0, 0, 0, 0, 0, kBatchEnd});
        ExpectAsNaive(hw::Engine::kRcs,
                      {0x17000003 | bits, low, high, 0x1000, 0, 0, 0, 0, 0, 0, kBatchEnd});
        ExpectAsNaive(hw::Engine::kRcs,
                      {0x17000003 | bits, 0x1000, 0, low, high, 0, 0, 0, 0, 0, kBatchEnd});
      }
    }
  }
}

TEST(Shortcuts, LeaveOfABatchStartWhatItsAuditLeaves) {
  for (const unsigned bit : {0u, 8u, 15u, 16u, 22u}) {
    for (const unsigned other : {1u, 8u, 15u, 16u, 22u}) {
      const uint32_t header = (0x18800001 | 1u << bit | 1u << other) & ~2u;
      ExpectAsNaive(hw::Engine::kRcs, {header, 0x1003, 1, kBatchEnd});
      // Behind a store into it, and behind one that is not.
      for (const uint64_t target : kTargets) {
        ExpectAsNaive(hw::Engine::kRcs,
                      {0x10000002, Low32(target), High32(target), 0, header, 0x1003, 1, kBatchEnd});
      }
    }
  }
}

TEST(Shortcuts, CutTheSegmentWhereTheListOfStoresIsFull) {
  std::vector<uint32_t> dwords;
  for (uint32_t i = 0; i < kMaxStoresPerSegment + 3; ++i) {
    dwords.insert(dwords.end(), {0x10000002, 0x1000, 0, 5});
  }
  dwords.push_back(kBatchEnd);
  ExpectAsNaive(hw::Engine::kRcs, dwords);
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
