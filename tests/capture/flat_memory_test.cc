#include "capture/flat_memory.h"

#include <gtest/gtest.h>

#include "files.h"

namespace gvt::capture {
namespace {

using testing::Bytes;
using testing::ReadDwords;
using Status = FlatMemory::WriteStatus;

TEST(FlatMemory, SharesTheGgttAndKeepsPpgttsApart) {
  FlatMemory memory(1 << 20);
  const Gma at(0x3000);
  EXPECT_EQ(memory.Write(hw::Engine::kRcs, hw::AddressSpace::kGgtt, at, Bytes(4, std::byte{1})),
            Status::kOk);
  EXPECT_EQ(memory.Write(hw::Engine::kRcs, hw::AddressSpace::kPpgtt, at, Bytes(4, std::byte{2})),
            Status::kOk);
  EXPECT_EQ(memory.Write(hw::Engine::kVecs, hw::AddressSpace::kPpgtt, at, Bytes(4, std::byte{3})),
            Status::kOk);
  memory.SelectEngine(hw::Engine::kVecs);
  EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kGgtt, at, 1).at(0), 0x01010101u);
  EXPECT_EQ(ReadDwords(memory, hw::AddressSpace::kPpgtt, at, 1).at(0), 0x03030303u);
  memory.SelectEngine(hw::Engine::kBcs);
  EXPECT_EQ(memory.Page(hw::AddressSpace::kPpgtt, at), nullptr);
}

TEST(FlatMemory, RefusesWhatLeavesTheSpace) {
  FlatMemory memory(1 << 20);
  const auto write = [&](hw::AddressSpace space, uint64_t at) {
    return memory.Write(hw::Engine::kRcs, space, Gma(at), Bytes(8));
  };
  EXPECT_EQ(write(hw::AddressSpace::kGgtt, 0xfffffff8), Status::kOk);
  EXPECT_EQ(write(hw::AddressSpace::kGgtt, 0xfffffffc), Status::kOutOfRange);
  EXPECT_EQ(write(hw::AddressSpace::kGgtt, 0x800000000), Status::kOutOfRange);
  EXPECT_EQ(write(hw::AddressSpace::kPpgtt, 0xfffffffffffffff8), Status::kOk) << "canonical";
  EXPECT_EQ(write(hw::AddressSpace::kPpgtt, 0xfffffffffffc), Status::kOutOfRange);
  EXPECT_EQ(memory.Page(hw::AddressSpace::kGgtt, Gma(uint64_t{1} << 32)), nullptr);
}

TEST(FlatMemory, StopsReadingAtTheEndOfTheAddressSpace) {
  FlatMemory memory(1 << 20);
  const Gma last(0xfffffffff000);
  ASSERT_EQ(memory.Write(hw::Engine::kRcs, hw::AddressSpace::kPpgtt, last, Bytes(8)), Status::kOk);
  ASSERT_EQ(memory.Write(hw::Engine::kRcs, hw::AddressSpace::kPpgtt, Gma(0), Bytes(8)),
            Status::kOk);
  Bytes out(2 * kPageSize);
  EXPECT_EQ(memory.Read(hw::AddressSpace::kPpgtt, last, out), kPageSize) << "no wrap to address 0";
}

TEST(FlatMemory, HoldsNoMoreThanItsLimit) {
  FlatMemory memory(kPageSize);
  EXPECT_EQ(memory.Write(hw::Engine::kRcs, hw::AddressSpace::kGgtt, Gma(0xffc), Bytes(8)),
            Status::kNoSpace);
}

}  // namespace
}  // namespace gvt::capture
