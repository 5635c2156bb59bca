// What the text vectors cannot say: limits, counts of reads.
#include "scanner/segment_walker.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "scanner/interpreter.h"
#include "scanner/limits.h"
#include "tests/oracle/assembler.h"
#include "tests/oracle/fake_memory.h"

namespace gvt::scanner {
namespace {

using hw::AddressSpace;
using oracle::FakeMemory;

std::vector<uint32_t> Code(std::initializer_list<std::string_view> lines) {
  return oracle::Code(hw::Generation::kGen9, hw::Engine::kRcs, lines);
}

// Keeps what the walk reported.
class Recorder final : public WalkObserver {
 public:
  void OnSegment(const Segment& segment, const ScanReport& report) override {
    ++segments_;
    last_kind_ = segment.kind;
    last_ = report;
  }
  uint64_t segments() const { return segments_; }
  BufferKind last_kind() const { return last_kind_; }
  const ScanReport& last() const { return last_; }

 private:
  uint64_t segments_ = 0;
  BufferKind last_kind_ = BufferKind::kRing;
  ScanReport last_;
};

class SegmentWalkerTest : public testing::Test {
 protected:
  WalkTotals Walk(const Workload& workload) {
    SegmentWalker walker(interpreter_, policy_);
    return walker.Walk(workload, memory_, &recorder_);
  }

  static Workload Batch(uint64_t start) {
    Workload workload;
    workload.batch = BatchPart{AddressSpace::kPpgtt, Gma(start)};
    return workload;
  }

  Policy policy_;
  Interpreter interpreter_{hw::Platform::kSkl, policy_};
  FakeMemory memory_;
  Recorder recorder_;
};

// Memory in which every batch start leads a page further on, for ever.
class EndlessChain final : public SegmentSource {
 public:
  uint32_t Fetch(AddressSpace, Gma address, std::span<uint32_t> out) override {
    const uint64_t next = (address.value & ~kPageOffsetMask) + kPageSize;
    for (size_t i = 0; i < out.size(); ++i) out[i] = 0;
    if (out.size() < 3) return static_cast<uint32_t>(out.size());
    out[0] = 0x18800101;  // MI_BATCH_BUFFER_START, PPGTT
    out[1] = static_cast<uint32_t>(next);
    out[2] = static_cast<uint32_t>(next >> 32);
    return static_cast<uint32_t>(out.size());
  }
};

TEST_F(SegmentWalkerTest, RefusesMoreSegmentsThanAWorkloadMayHave) {
  EndlessChain memory;
  SegmentWalker walker(interpreter_, policy_);
  const WalkTotals totals = walker.Walk(Batch(0x100000), memory, &recorder_);
  EXPECT_EQ(totals.refusals, 1u);
  EXPECT_EQ(recorder_.segments(), kMaxSegmentsPerWorkload + 1u);
  ASSERT_EQ(recorder_.last().refusals.size(), 1u);
  EXPECT_EQ(recorder_.last().refusals[0].rule, Rule::kWorkloadLimit);
}

// Memory of nothing but MI_NOOP, in which a batch of the longest length ends in a start one dword
// behind its own.
class LongBatches final : public SegmentSource {
 public:
  uint32_t Fetch(AddressSpace, Gma address, std::span<uint32_t> out) override {
    for (uint32_t& dword : out) dword = 0;
    const uint64_t end = address.value + out.size() * 4;
    if (end >= kEnd && address.value + 12 <= kEnd) {
      ++batches_;
      const size_t at = (kEnd - address.value) / 4 - 3;
      out[at] = 0x18800101;  // MI_BATCH_BUFFER_START, PPGTT
      out[at + 1] = 4 * batches_;
      out[at + 2] = 0;
    }
    return static_cast<uint32_t>(out.size());
  }

 private:
  static constexpr uint64_t kEnd = uint64_t{kMaxSegmentDwords} * 2;
  uint32_t batches_ = 0;
};

TEST_F(SegmentWalkerTest, RefusesMoreDwordsThanAWorkloadMayHave) {
  LongBatches memory;
  SegmentWalker walker(interpreter_, policy_);
  walker.Walk(Batch(0), memory, &recorder_);
  EXPECT_LE(recorder_.segments(), 2 * kMaxDwordsPerWorkload / kMaxSegmentDwords + 2);
  ASSERT_EQ(recorder_.last().refusals.size(), 1u);
  EXPECT_EQ(recorder_.last().refusals[0].rule, Rule::kWorkloadLimit);
}

TEST_F(SegmentWalkerTest, RefusesMorePredicatedChainsThanItCanRemember) {
  uint64_t address = 0x100000;
  for (uint32_t i = 0; i <= kMaxAlternatives; ++i) {
    const uint64_t next = address + 0x1000;
    memory_.Write(AddressSpace::kPpgtt, address,
                  std::vector<uint32_t>{0x18808101, static_cast<uint32_t>(next), 0, 0x05000000});
    address = next;
  }
  memory_.Write(AddressSpace::kPpgtt, address, Code({"MI_BATCH_BUFFER_END"}));
  const WalkTotals totals = Walk(Batch(0x100000));
  EXPECT_EQ(totals.refusals, 1u);
  EXPECT_EQ(totals.chained, kMaxAlternatives + 1u);
}

TEST_F(SegmentWalkerTest, ReadsEveryDwordOfASegmentOnce) {
  std::vector<uint32_t> batch(20000, 0);
  batch.push_back(0x05000000);
  memory_.Write(AddressSpace::kPpgtt, 0x100ff8, batch);
  const WalkTotals totals = Walk(Batch(0x100ff8));
  EXPECT_EQ(totals.refusals, 0u);
  EXPECT_EQ(totals.commands[static_cast<size_t>(BufferKind::kFirstLevelBatch)], 20001u);
  for (uint64_t i = 0; i < batch.size(); ++i) {
    ASSERT_EQ(memory_.Reads(AddressSpace::kPpgtt, 0x100ff8 + i * 4), 1u) << i;
  }
}

TEST_F(SegmentWalkerTest, ReadsTheRingOnceHoweverManyBatchesItStarts) {
  std::vector<uint32_t> ring;
  for (int i = 0; i < 10; ++i) {
    const auto start = Code({"MI_BATCH_BUFFER_START bits=100 @100000", "MI_NOOP"});
    ring.insert(ring.end(), start.begin(), start.end());
  }
  memory_.Write(AddressSpace::kGgtt, 0x10000, ring);
  memory_.Write(AddressSpace::kPpgtt, 0x100000, Code({"MI_BATCH_BUFFER_END"}));
  Workload workload;
  workload.ring = RingPart{Gma(0x10000), 4096, 0, static_cast<uint32_t>(ring.size() * 4)};
  EXPECT_EQ(Walk(workload).batches, 10u);
  for (uint64_t i = 0; i < ring.size(); ++i) {
    EXPECT_EQ(memory_.Reads(AddressSpace::kGgtt, 0x10000 + i * 4), 1u);
  }
}

// More stores than one report follows: image and indirect context are audited to their ends.
TEST_F(SegmentWalkerTest, FollowsABatchEachTimeThatTheRingStartsIt) {
  const auto start = Code({"MI_BATCH_BUFFER_START bits=100 @100000"});
  std::vector<uint32_t> ring = start;
  ring.insert(ring.end(), start.begin(), start.end());
  memory_.Write(AddressSpace::kGgtt, 0x10000, ring);
  memory_.Write(AddressSpace::kPpgtt, 0x100000, Code({"MI_BATCH_BUFFER_START bits=100 @200000"}));
  memory_.Write(AddressSpace::kPpgtt, 0x200000, Code({"MI_BATCH_BUFFER_END"}));
  Workload workload;
  workload.ring = RingPart{Gma(0x10000), 4096, 0, static_cast<uint32_t>(ring.size() * 4)};
  const WalkTotals totals = Walk(workload);
  EXPECT_EQ(totals.batches, 4u);
  EXPECT_EQ(totals.cycles, 0u);
}
TEST_F(SegmentWalkerTest, GoesOnInABufferWhoseReportIsFull) {
  std::vector<uint32_t> code;
  for (uint32_t i = 0; i < kMaxStoresPerSegment; ++i) {
    const auto store = Code({"MI_STORE_DATA_IMM @200000 0"});
    code.insert(code.end(), store.begin(), store.end());
  }
  const auto bad = Code({"MI_LOAD_REGISTER_IMM 2080 0", "MI_NOOP"});
  code.insert(code.end(), bad.begin(), bad.end());
  memory_.Write(AddressSpace::kGgtt, 0x40000, code);
  const BufferPart buffer{Gma(0x40000), static_cast<uint32_t>(code.size() * 4)};
  Workload image;
  image.context_image = buffer;
  Workload indirect;
  indirect.indirect_context = buffer;
  for (const Workload& workload : {image, indirect}) {
    EXPECT_EQ(Walk(workload).refusals, 1u);
    ASSERT_EQ(recorder_.last().refusals.size(), 1u);
    EXPECT_EQ(recorder_.last().refusals[0].rule, Rule::kRegisterRefused);
    EXPECT_EQ(recorder_.last().end, SegmentEnd::kEndOfBuffer);
  }
}

TEST_F(SegmentWalkerTest, RefusesABatchWithoutAnEndAtTheSegmentLimit) {
  class Zeros final : public SegmentSource {
    uint32_t Fetch(AddressSpace, Gma, std::span<uint32_t> out) override {
      std::fill(out.begin(), out.end(), 0u);
      return static_cast<uint32_t>(out.size());
    }
  } zeros;
  SegmentWalker walker(interpreter_, policy_);
  EXPECT_EQ(walker.Walk(Batch(0x100ffc), zeros, &recorder_).refusals, 1u);
  EXPECT_EQ(recorder_.last().refusals.at(0).rule, Rule::kSegmentLimit);
  EXPECT_EQ(recorder_.last().position, kMaxSegmentDwords);
}

// Stores that undo each other: the walk comes back to where it was, and sees that it did.
TEST_F(SegmentWalkerTest, SeesACycleWhoseStoresAlternate) {
  memory_.Write(AddressSpace::kPpgtt, 0x100000,
                Code({"MI_STORE_DATA_IMM @300000 1", "MI_BATCH_BUFFER_START bits=100 @200000"}));
  memory_.Write(AddressSpace::kPpgtt, 0x200000,
                Code({"MI_STORE_DATA_IMM @300000 2", "MI_BATCH_BUFFER_START bits=100 @100000"}));
  const WalkTotals totals = Walk(Batch(0x100000));
  EXPECT_EQ(totals.cycles, 1u);
  EXPECT_EQ(totals.refusals, 0u);
  EXPECT_LT(recorder_.segments(), 10u);
}

TEST_F(SegmentWalkerTest, ForgetsOneWorkloadBeforeTheNext) {
  memory_.Write(AddressSpace::kPpgtt, 0x100000,
                Code({"MI_STORE_DATA_IMM @200000 ffffffff", "MI_BATCH_BUFFER_END"}));
  memory_.Write(AddressSpace::kPpgtt, 0x200000, Code({"MI_BATCH_BUFFER_END"}));
  SegmentWalker walker(interpreter_, policy_);
  EXPECT_EQ(walker.Walk(Batch(0x100000), memory_, nullptr).refusals, 0u);
  EXPECT_EQ(walker.Walk(Batch(0x200000), memory_, nullptr).refusals, 0u);
  EXPECT_EQ(walker.Walk(Batch(0x200000), memory_, nullptr).cycles, 0u);
}

TEST(WalkTotals, AddUp) {
  WalkTotals sum;
  WalkTotals clean;
  clean.batches = 2;
  clean.segments[0] = 3;
  clean.commands[1] = 4;
  clean.dwords[2] = 5;
  WalkTotals refused = clean;
  refused.refusals = 1;
  refused.worst = Action::kFailBatch;
  sum += clean;
  EXPECT_EQ(sum.refusals, 0u);
  sum += refused;
  sum += clean;
  EXPECT_EQ(sum.batches, 6u);
  EXPECT_EQ(sum.segments[0], 9u);
  EXPECT_EQ(sum.commands[1], 12u);
  EXPECT_EQ(sum.dwords[2], 15u);
  EXPECT_EQ(sum.refusals, 1u);
  EXPECT_EQ(sum.worst, Action::kFailBatch);
}

}  // namespace
}  // namespace gvt::scanner
