#include <gtest/gtest.h>

#include "tests/gpu_soft/bench_guest.h"

namespace gvt::soft_test {
namespace {

using gpu::RunEnd;

constexpr uint32_t kLoad = 0x080, kLoadInv = 0x480, kLoad0 = 0x081, kLoad1 = 0x481;
constexpr uint32_t kAdd = 0x100, kSub = 0x101, kAnd = 0x102, kOr = 0x103, kXor = 0x104;
constexpr uint32_t kStore = 0x180, kStoreInv = 0x580;
constexpr uint32_t kA = 0x20, kB = 0x21, kAccu = 0x31, kZf = 0x32, kCf = 0x33;

TEST(LoadRegisterImm, LoadsEachPair) {
  BenchGuest guest;
  ASSERT_EQ(guest.RunBatch(Lri({guest.Gpr(0), 1, guest.Gpr(0) + 4, 2})), RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(0), 0x200000001u);
}

TEST(LoadRegisterImm, FromABatchSkipsWhatIsPrivilegedAndLoadsTheRest) {
  BenchGuest guest;
  guest.registers.Write(0x2244, 5);  // CTX_CONTROL
  ASSERT_EQ(guest.RunBatch(Lri({0x2244, 7, guest.Gpr(1), 9})), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(0x2244), 5u);
  EXPECT_EQ(guest.GprValue(1), 9u);
}

TEST(LoadRegisterImm, FromABatchWritesWhatTheKernelHasMadeNonPrivileged) {
  BenchGuest guest;
  guest.registers.Write(0x24d0, 0xb118);  // FORCE_TO_NONPRIV
  ASSERT_EQ(guest.RunBatch(Lri({0xb118, 7, 0x7014, 0x10001})), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(0xb118), 7u);
  EXPECT_EQ(guest.registers.Read(0x7014), 0u);
}

TEST(LoadRegisterImm, InTheRingOpensARegisterToTheNextBatch) {
  BenchGuest guest;
  guest.Batch(Program({Lri({0xb118, 7}), BatchEnd()}));
  guest.Ring(Program({Lri({0x24d0, 0xb118}), BatchStart(kBatch)}));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.registers.Read(0xb118), 7u);
}

TEST(LoadRegisterImm, OfARootSwitchesThePageTables) {
  BenchGuest guest;
  guest.Ring(Program(
      {Lri({0x2270, static_cast<uint32_t>(BenchGuest::RootOf(1))}), StoreDword(kData, 0x99)}));
  ASSERT_EQ(guest.Run(), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0, 0), 0u);
  EXPECT_EQ(guest.Data(kPpgtt, 0, 1), 0x99u);
}

TEST(LoadRegisterMem, LoadsADword) {
  BenchGuest guest;
  guest.Batch({0x1234}, kData);
  ASSERT_EQ(guest.RunBatch(Lrm(guest.Gpr(2), kData)), RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(2), 0x1234u);
}

TEST(LoadRegisterMem, FromTheGgttInABatchIsANoOp) {
  BenchGuest guest;
  guest.memory.Put(kGgtt, kData, std::array{7u});
  ASSERT_EQ(guest.RunBatch(Lrm(guest.Gpr(2), kData, kUseGgtt)), RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(2), 0u);
}

TEST(StoreRegisterMem, StoresRegistersAndTimestamps) {
  BenchGuest guest;
  guest.registers.Write(guest.Gpr(3), 0x33);
  guest.clock.now_ns = 1'000'000;
  ASSERT_EQ(guest.RunBatch(Program({Srm(guest.Gpr(3), kData), Srm(0x2358, kData + 4),
                                    Srm(0x22358, kData + 8)})),  // the blitter's
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0x33u);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 12'000u);
  EXPECT_EQ(guest.Data(kPpgtt, 8), 12'000u);
}

TEST(StoreRegisterMem, PredicatedStoresIffThePredicateIsSet) {
  constexpr uint32_t kPredicate = 1u << 21;
  BenchGuest guest;
  guest.registers.Write(guest.Gpr(3), 0x33);
  ASSERT_EQ(guest.RunBatch(Program({Srm(guest.Gpr(3), kData, kPredicate), Predicate(2, 0, 0),
                                    Srm(guest.Gpr(3), kData + 4, kPredicate)})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0u);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 0x33u);
}

TEST(StoreRegisterMem, OfAPageTableRootIsANoOpInABatch) {
  BenchGuest guest;
  ASSERT_EQ(guest.RunBatch(Srm(0x2270, kData)), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0u);
}

TEST(LoadRegisterReg, CopiesADword) {
  BenchGuest guest(hw::Engine::kBcs);
  ASSERT_EQ(guest.RunBatch(Program({Lri({guest.Gpr(4), 0x44}), Lrr(guest.Gpr(4), guest.Gpr(5))})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(5), 0x44u);
}

TEST(Math, AddsWithCarryAndSubtractsWithBorrow) {
  BenchGuest guest;
  guest.Batch({});
  ASSERT_EQ(guest.RunBatch(Program(
                {Lri({guest.Gpr(0), ~0u, guest.Gpr(0) + 4, ~0u, guest.Gpr(1), 2}),
                 Math({Alu(kLoad, kA, 0), Alu(kLoad, kB, 1), Alu(kAdd), Alu(kStore, 2, kAccu),
                       Alu(kStore, 3, kCf), Alu(kLoad, kA, 1), Alu(kLoad, kB, 0), Alu(kSub),
                       Alu(kStore, 4, kAccu), Alu(kStore, 5, kCf), Alu(kStore, 6, kZf)})})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(2), 1u);
  EXPECT_EQ(guest.GprValue(3), ~uint64_t{0});
  EXPECT_EQ(guest.GprValue(4), 3u);
  EXPECT_EQ(guest.GprValue(5), ~uint64_t{0});
  EXPECT_EQ(guest.GprValue(6), 0u);
}

TEST(Math, HasLogicConstantsAndInversion) {
  BenchGuest guest;
  ASSERT_EQ(guest.RunBatch(Program(
                {Lri({guest.Gpr(0), 0xf0, guest.Gpr(1), 0x3c}),
                 Math({Alu(kLoad, kA, 0), Alu(kLoad, kB, 1), Alu(kAnd), Alu(kStore, 2, kAccu),
                       Alu(kOr), Alu(kStore, 3, kAccu), Alu(kXor), Alu(kStoreInv, 4, kAccu),
                       Alu(kLoadInv, kA, 0), Alu(kLoad1, kB), Alu(kAnd), Alu(kStore, 5, kAccu),
                       Alu(kLoad0, kA), Alu(kAnd), Alu(kStore, 6, kZf), Alu(kStoreInv, 7, kZf)})})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.GprValue(2), 0x30u);
  EXPECT_EQ(guest.GprValue(3), 0xfcu);
  EXPECT_EQ(guest.GprValue(4), ~uint64_t{0xcc});
  EXPECT_EQ(guest.GprValue(5), ~uint64_t{0xf0});
  EXPECT_EQ(guest.GprValue(6), ~uint64_t{0});
  EXPECT_EQ(guest.GprValue(7), 0u);
}

struct AtomicCase {
  uint32_t operation;
  uint64_t old, first, second, result;
};

class AtomicOperation : public testing::TestWithParam<AtomicCase> {};

TEST_P(AtomicOperation, OnADwordChangesMemoryAndReturnsTheOldValue) {
  const AtomicCase& c = GetParam();
  BenchGuest guest;
  guest.Batch({Low32(c.old), 0x5555}, kData);
  ASSERT_EQ(guest.RunBatch(AtomicInline(kData, c.operation, 0, c.first, c.second, 1u << 16)),
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), Low32(c.result));
  EXPECT_EQ(guest.Data(kPpgtt, 4), 0x5555u);
  EXPECT_EQ(guest.GprValue(0), c.operation == 0xf ? Low32(c.result) : Low32(c.old));
}

TEST_P(AtomicOperation, OnAQwordTakesItsOperandsFromTheRegisters) {
  const AtomicCase& c = GetParam();
  BenchGuest guest;
  guest.Batch({Low32(c.old), High32(c.old)}, kData);
  ASSERT_EQ(guest.RunBatch(
                Program({Lri({guest.Gpr(0), Low32(c.first), guest.Gpr(0) + 4, High32(c.first),
                              guest.Gpr(1), Low32(c.second), guest.Gpr(1) + 4, High32(c.second)}),
                         Atomic(kData, 0x20 | c.operation, 1)})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), c.result);
}

constexpr uint64_t Minus(uint64_t value) {
  return uint64_t{0} - value;
}

INSTANTIATE_TEST_SUITE_P(
    All, AtomicOperation,
    testing::Values(AtomicCase{0x1, 0xf0, 0x3c, 0, 0x30}, AtomicCase{0x2, 0xf0, 0x3c, 0, 0xfc},
                    AtomicCase{0x3, 0xf0, 0x3c, 0, 0xcc}, AtomicCase{0x4, 0xf0, 0x3c, 0, 0x3c},
                    AtomicCase{0x5, 7, 0, 0, 8}, AtomicCase{0x6, 7, 0, 0, 6},
                    AtomicCase{0x7, 7, 3, 0, 10}, AtomicCase{0x8, 7, 3, 0, 4},
                    AtomicCase{0x9, 7, 3, 0, Minus(4)}, AtomicCase{0xa, Minus(7), 3, 0, 3},
                    AtomicCase{0xb, Minus(7), 3, 0, Minus(7)},
                    AtomicCase{0xc, Minus(7), 3, 0, Minus(7)}, AtomicCase{0xd, Minus(7), 3, 0, 3},
                    AtomicCase{0xe, 7, 7, 9, 9}, AtomicCase{0xe, 8, 7, 9, 8},
                    AtomicCase{0xf, 7, 0, 0, 6}));

TEST(AtomicOctword, ComparesAndWritesSixteenBytes) {
  BenchGuest guest;
  guest.Batch({1, 2, 3, 4}, kData);
  Dwords atomic = AtomicInline(kData, 0x4e, 2, 0x200000001, 0x6666666655555555, 1u << 16);
  atomic[7] = 3;  // first operand, upper half; the second's stays 0
  atomic[9] = 4;
  ASSERT_EQ(guest.RunBatch(atomic), RunEnd::kDrained);
  EXPECT_EQ(guest.Data64(kPpgtt, 0), 0x6666666655555555u);
  EXPECT_EQ(guest.Data64(kPpgtt, 8), 0u);
  EXPECT_EQ(guest.GprValue(0), 0x200000001u);
  EXPECT_EQ(guest.GprValue(1), 0x400000003u);
}

TEST(Atomic, OfAnOpcodeForAnotherSizeDoesNothing) {
  BenchGuest guest;
  guest.Batch({7}, kData);
  ASSERT_EQ(guest.RunBatch(AtomicInline(kData, 0x25, 0, 1)), RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 7u);
}

TEST(Predicate, CombinesComparisons) {
  BenchGuest guest;
  const uint32_t result = 0x2418;
  ASSERT_EQ(guest.RunBatch(Program({Lri({0x2400, 5, 0x2408, 5}), Predicate(2, 0, 2),
                                    Srm(result, kData), Predicate(2, 1, 1),       // and false
                                    Srm(result, kData + 4), Predicate(3, 2, 1),   // not (or false)
                                    Srm(result, kData + 8), Predicate(0, 0, 1),   // keep
                                    Srm(result, kData + 12), Predicate(2, 3, 0),  // xor true
                                    Srm(result, kData + 16)})),
            RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 1u);
  EXPECT_EQ(guest.Data(kPpgtt, 4), 0u);
  EXPECT_EQ(guest.Data(kPpgtt, 8), 1u);
  EXPECT_EQ(guest.Data(kPpgtt, 12), 1u);
  EXPECT_EQ(guest.Data(kPpgtt, 16), 0u);
}

TEST(SetPredicate, TurnsCommandsOffUntilItTurnsThemOn) {
  BenchGuest guest;
  ASSERT_EQ(
      guest.RunBatch(Program({SetPredicate(1), StoreDword(kData, 1), SetPredicate(2),
                              StoreDword(kData + 4, 1), SetPredicate(15), StoreDword(kData + 8, 1),
                              SetPredicate(0), StoreDword(kData + 12, 1)})),
      RunEnd::kDrained);
  EXPECT_EQ(guest.Data(kPpgtt, 0), 0u);  // RESULT_2 is clear
  EXPECT_EQ(guest.Data(kPpgtt, 4), 1u);
  EXPECT_EQ(guest.Data(kPpgtt, 8), 0u);
  EXPECT_EQ(guest.Data(kPpgtt, 12), 1u);
}

}  // namespace
}  // namespace gvt::soft_test
