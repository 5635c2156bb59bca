// The memory and segment ports over guest memory and page tables made by hand.
#include "sched/engine_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>

#include "hw/gtt_entry.h"
#include "scanner/interpreter.h"
#include "sched/segment_auditor.h"
#include "tests/gpu_soft/commands.h"

namespace gvt::sched {
namespace {

using gpu::SegmentFault;
using gpu::SegmentKind;
using soft_test::BatchEnd;
using soft_test::BatchStart;
using soft_test::Dwords;
using soft_test::Lri;
using soft_test::Noop;
using soft_test::Program;
using soft_test::StoreDword;

constexpr auto kGgtt = hw::AddressSpace::kGgtt;
constexpr auto kPpgtt = hw::AddressSpace::kPpgtt;
constexpr uint64_t kMemoryBytes = 1 << 20;
constexpr uint64_t kFlags = 3;

class FakeGgtt final : public GgttPort {
 public:
  Gpa Translate(Gma address) const override {
    const auto entry = entries.find(address.page());
    if (entry == entries.end()) return kNoPage;
    return Gpa(entry->second + address.page_offset());
  }
  std::map<uint64_t, uint64_t> entries;
};

class EngineMemoryTest : public testing::Test {
 protected:
  EngineMemoryTest()
      : bytes_(static_cast<uint64_t*>(std::aligned_alloc(kPageSize, kMemoryBytes)), std::free),
        interpreter_(hw::Platform::kSkl, policy_) {
    std::fill_n(bytes_.get(), kMemoryBytes / 8, 0);
    EXPECT_TRUE(guest_.Add(Gpa(0), kMemoryBytes, bytes_.get(), false));
    Make(true);
    memory_->BindPageTables(true, {kPageSize, 0, 0, 0});
  }
  void Make(bool audit) {
    memory_ = std::make_unique<EngineMemory>(hw::Platform::kSkl, hw::Engine::kRcs, guest_, tables_,
                                             ggtt_, audit ? &interpreter_ : nullptr, policy_);
    memory_->BindPageTables(true, {kPageSize, 0, 0, 0});
  }
  uint64_t& Qword(uint64_t gpa) { return bytes_.get()[gpa / 8]; }
  // Tables: PML4 in page 1, PDP in 2, PD in 3, PT in 4: addresses below 2 MiB.
  void Map(uint64_t gma, uint64_t gpa, uint64_t flags = kFlags) {
    Qword(0x1000) = 0x2000 | kFlags;
    Qword(0x2000) = 0x3000 | kFlags;
    Qword(0x3000) = 0x4000 | kFlags;
    Qword(0x4000 + (gma >> 12) * 8) = gpa | flags;
  }
  void Put(uint64_t gpa, const Dwords& dwords) {
    std::copy(dwords.begin(), dwords.end(), reinterpret_cast<uint32_t*>(bytes_.get()) + gpa / 4);
  }
  gpu::AuditedSegment Enter(uint64_t address, SegmentKind kind = SegmentKind::kFirstLevelBatch,
                            uint32_t limit = 0) {
    gpu::SegmentEntry entry;
    entry.kind = kind;
    entry.space = kind == SegmentKind::kRing ? kGgtt : kPpgtt;
    entry.privileged = entry.space == kGgtt;
    entry.address = Gma(address);
    entry.limit_dwords = limit;
    return memory_->Enter(entry);
  }
  static Dwords Of(const gpu::AuditedSegment& segment) {
    return {segment.dwords.begin(), segment.dwords.end()};
  }

  std::unique_ptr<uint64_t, decltype(&std::free)> bytes_;
  hostif::GuestMemory guest_;
  shadow::ShadowTables tables_{guest_};
  FakeGgtt ggtt_;
  scanner::Policy policy_;
  scanner::Interpreter interpreter_;
  std::unique_ptr<EngineMemory> memory_;
};

TEST_F(EngineMemoryTest, CopiesAcrossPagesThatLieApart) {
  Map(0x10000, 0x20000);
  Map(0x11000, 0x30000);
  const std::array<uint32_t, 4> out{1, 2, 3, 4};
  EXPECT_TRUE(memory_->Write(kPpgtt, Gma(0x10ff8), std::as_bytes(std::span(out))));
  EXPECT_EQ(Qword(0x20ff8), 0x200000001u);
  EXPECT_EQ(Qword(0x30000), 0x400000003u);
  std::array<uint32_t, 4> in{};
  EXPECT_TRUE(memory_->Read(kPpgtt, Gma(0x10ff8), std::as_writable_bytes(std::span(in))));
  EXPECT_EQ(in, out);
  EXPECT_FALSE(memory_->Read(kPpgtt, Gma(0x11ff8), std::as_writable_bytes(std::span(in))));
}

TEST_F(EngineMemoryTest, ReadOnlyEntriesRefuseStores) {
  Map(0x10000, 0x20000, 1);
  uint32_t value = 9;
  EXPECT_TRUE(memory_->Load32(kPpgtt, Gma(0x10000), &value));
  EXPECT_FALSE(memory_->Store32(kPpgtt, Gma(0x10000), 1));
  EXPECT_FALSE(memory_->CompareExchange32(kPpgtt, Gma(0x10000), &value, 1));
}

TEST_F(EngineMemoryTest, TranslationsStayUntilTheyAreInvalidated) {
  Map(0x10000, 0x20000);
  Qword(0x20000) = 1;
  Qword(0x30000) = 2;
  uint64_t value = 0;
  EXPECT_TRUE(memory_->Load64(kPpgtt, Gma(0x10000), &value));
  Map(0x10000, 0x30000);
  EXPECT_TRUE(memory_->Load64(kPpgtt, Gma(0x10000), &value));
  EXPECT_EQ(value, 1u);
  memory_->InvalidateTlb();
  EXPECT_TRUE(memory_->Load64(kPpgtt, Gma(0x10000), &value));
  EXPECT_EQ(value, 2u);
  Map(0x10000, 0x20000);
  memory_->RequestInvalidate();
  EXPECT_TRUE(memory_->Load64(kPpgtt, Gma(0x10000), &value));
  EXPECT_EQ(value, 1u);
}

TEST_F(EngineMemoryTest, EntriesThatNameNoMemoryAreNotThere) {
  Map(0x10000, kMemoryBytes);
  Map(0x11000, uint64_t{1} << 50);
  uint32_t value = 0;
  EXPECT_FALSE(memory_->Load32(kPpgtt, Gma(0x10000), &value));
  EXPECT_FALSE(memory_->Load32(kPpgtt, Gma(0x11000), &value));
  Map(0x10000, 0x20000);  // what failed is not remembered
  EXPECT_TRUE(memory_->Load32(kPpgtt, Gma(0x10000), &value));
  ASSERT_TRUE(guest_.Remove(Gpa(0x20000), kPageSize));
  EXPECT_FALSE(memory_->Load32(kPpgtt, Gma(0x10000), &value));
}

TEST_F(EngineMemoryTest, BatchesEndWhereControlLeaves) {
  Map(0x10000, 0x20000);
  Put(0x20000, Program({StoreDword(0x10800, 1), BatchEnd(), StoreDword(0x10800, 2)}));
  gpu::AuditedSegment segment = Enter(0x10000);
  EXPECT_EQ(Of(segment), Program({StoreDword(0x10800, 1), BatchEnd()}));
  EXPECT_EQ(segment.fault, SegmentFault::kNone);
  Put(0x20000, Program({Noop(), BatchStart(0x10000), BatchEnd()}));
  segment = Enter(0x10000);
  EXPECT_EQ(Of(segment), Program({Noop(), BatchStart(0x10000)}));
  EXPECT_EQ(segment.fault, SegmentFault::kNone);
  EXPECT_EQ(memory_->counters().segments.load(), 2u);
  EXPECT_EQ(memory_->counters().batches.load(), 1u);
  EXPECT_EQ(memory_->counters().commands.load(), 4u);
}

TEST_F(EngineMemoryTest, CommandsMayStraddlePages) {
  Map(0x10000, 0x20000);
  Map(0x11000, 0x50000);
  const Dwords store = StoreDword(0x10800, 7);
  Put(0x20ff8, {store[0], store[1]});
  Put(0x50000, {store[2], store[3], BatchEnd()[0]});
  const gpu::AuditedSegment segment = Enter(0x10ff8);
  EXPECT_EQ(Of(segment), Program({store, BatchEnd()}));
  EXPECT_EQ(segment.fault, SegmentFault::kNone);
}

// How much is copied at first is a guess by the batches before: it shows nowhere.
TEST_F(EngineMemoryTest, BatchesMayBeAnyLongerOrShorterThanThoseBefore) {
  for (uint64_t page = 0; page < 4; ++page) Map(0x10000 + page * 4096, 0x20000 + page * 0x10000);
  const auto batch = [this](uint64_t gma, size_t noops) {
    Dwords dwords(noops, 0);
    dwords.push_back(BatchEnd()[0]);
    for (size_t i = 0; i < dwords.size(); ++i) {
      const uint64_t at = gma - 0x10000 + i * 4;
      Put(0x20000 + at / 4096 * 0x10000 + at % 4096, {dwords[i]});
    }
    const gpu::AuditedSegment segment = Enter(gma);
    EXPECT_EQ(segment.fault, SegmentFault::kNone);
    EXPECT_EQ(Of(segment), dwords);
  };
  for (const size_t noops :
       std::initializer_list<size_t>{3, 5, 4, 3, 3000, 2, 3000, 3100, 1, 40, 39, 41, 1000, 0}) {
    batch(0x10080, noops);
  }
  // The guess is longer than what is mapped behind.
  batch(0x10080, 3000);
  batch(0x10080, 3000);
  batch(0x13fc0, 15);
}

TEST_F(EngineMemoryTest, WhatIsPatchedIsTheCopy) {
  Map(0x10000, 0x20000);
  const Dwords privileged = Lri({0x2080, 0x1000});  // HWS_PGA from a user batch
  Put(0x20000, Program({privileged, BatchEnd()}));
  const gpu::AuditedSegment segment = Enter(0x10000);
  EXPECT_EQ(segment.fault, SegmentFault::kNone);
  EXPECT_NE(Of(segment), Program({privileged, BatchEnd()}));
  EXPECT_EQ(static_cast<uint32_t>(Qword(0x20000)), privileged[0]);
  EXPECT_EQ(memory_->counters().refusals.load(), 1u);
}

TEST_F(EngineMemoryTest, RefusedCommandsEndTheCopyInFrontOfThem) {
  Map(0x10000, 0x20000);
  Put(0x20000, Program({Noop(), {0x7fff0000}, BatchEnd()}));
  for (const bool audit : {true, false}) {
    Make(audit);
    const gpu::AuditedSegment segment = Enter(0x10000);
    EXPECT_EQ(Of(segment), Noop());
    EXPECT_EQ(segment.fault, SegmentFault::kRefused);
    EXPECT_EQ(segment.fault_header, 0x7fff0000u);
  }
}

TEST_F(EngineMemoryTest, BatchesThatRunOffTheirPagesAreUnmapped) {
  Map(0x10000, 0x20000);
  for (const bool audit : {true, false}) {
    Make(audit);
    EXPECT_EQ(Enter(0x10000).dwords.size(), 1024u);  // all MI_NOOP
    EXPECT_EQ(Enter(0x10000).fault, SegmentFault::kUnmapped);
    EXPECT_EQ(Enter(0x15000).fault, SegmentFault::kUnmapped);
    EXPECT_TRUE(Enter(0x15000).dwords.empty());
    Put(0x20ffc, {StoreDword(0, 0)[0]});
    EXPECT_EQ(Enter(0x10ff8).fault, SegmentFault::kUnmapped);
    Put(0x20ffc, {0});
  }
}

TEST_F(EngineMemoryTest, RingsEndAtTheirLimit) {
  ggtt_.entries[0x100] = 0x20000;
  ggtt_.entries[0x101] = 0x30000;
  for (const bool audit : {true, false}) {
    Make(audit);
    EXPECT_EQ(Enter(0x100000, SegmentKind::kRing, 10).dwords.size(), 10u);
    EXPECT_EQ(Enter(0x100000, SegmentKind::kRing, 10).fault, SegmentFault::kNone);
    EXPECT_EQ(Enter(0x100000, SegmentKind::kRing, 2000).dwords.size(), 2000u);
    EXPECT_EQ(Enter(0x100000, SegmentKind::kRing, 3000).fault, SegmentFault::kUnmapped);
    Put(0x20000, Program({BatchStart(0x10000), Noop()}));
    EXPECT_EQ(Enter(0x100000, SegmentKind::kRing, 10).dwords.size(), 3u);
    EXPECT_EQ(Enter(0x100000, SegmentKind::kRing, 2).fault, SegmentFault::kRefused);
    Put(0x20000, {0, 0, 0});
  }
}

TEST_F(EngineMemoryTest, CodeInTheGgttLiesInTheOwnWindows) {
  policy_.aperture = Range{0, 0x100000};
  policy_.hidden = Range{0x200000, 0x300000};
  ggtt_.entries[0x100] = 0x20000;
  ggtt_.entries[0x200] = 0x20000;
  Make(true);
  EXPECT_EQ(Enter(0x100000, SegmentKind::kRing, 10).fault, SegmentFault::kUnmapped);
  EXPECT_EQ(Enter(0x200000, SegmentKind::kRing, 10).fault, SegmentFault::kNone);
}

TEST_F(EngineMemoryTest, LongSegmentsComeInPieces) {
  // 2 MiB of MI_NOOP: the whole table names one page.
  for (uint64_t page = 0; page < 512; ++page) Map(page << 12, 0x20000);
  for (const bool audit : {true, false}) {
    Make(audit);
    const gpu::AuditedSegment segment = Enter(0x1000);
    EXPECT_EQ(segment.fault, SegmentFault::kReenter);
    EXPECT_GE(segment.dwords.size(), SegmentAuditor::kMaxEntryDwords);
    EXPECT_LE(segment.dwords.size(), SegmentAuditor::kMaxEntryDwords + 1024u);
  }
}

}  // namespace
}  // namespace gvt::sched
