// The KVM host on the machine's own /dev/kvm: no stand-in, and no test that is left out.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "examples/tiny_vmm/module.h"
#include "examples/tiny_vmm/tiny_vmm.h"
#include "hostif/conformance/run.h"
#include "tests/conformance/hosts_table.h"

namespace gvt::tiny_vmm {
namespace {

constexpr uint64_t kMemory = uint64_t{1} << 20;

class Kvm : public testing::Test {
 protected:
  Kvm() {
    auto made = TinyVmm::Create(kMemory, [this](uint64_t gpa, void* data, uint32_t bytes) {
      told_.push_back(gpa);
      std::memcpy(&last_, data, std::min<size_t>(bytes, sizeof last_));
    });
    EXPECT_TRUE(made) << "errno " << (made ? 0 : made.error().detail);
    if (made) vmm_ = std::move(made).value();
  }

  std::unique_ptr<TinyVmm> vmm_;
  std::vector<uint64_t> told_;
  uint32_t last_ = 0;
};

TEST_F(Kvm, GuestReadsAndWritesItsMemory) {
  ASSERT_NE(vmm_, nullptr);
  std::vector<uint8_t> wanted(5001);
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = static_cast<uint8_t>(i * 7);
  ASSERT_TRUE(vmm_->GuestWrite(0x1ffd, wanted.data(), wanted.size()));
  std::vector<uint8_t> seen(wanted.size());
  ASSERT_TRUE(vmm_->slots().memory().Read(Gpa(0x1ffd), std::as_writable_bytes(std::span(seen))));
  EXPECT_EQ(seen, wanted);
  std::fill(seen.begin(), seen.end(), 0);
  ASSERT_TRUE(vmm_->GuestRead(0x1ffd, seen.data(), seen.size()));
  EXPECT_EQ(seen, wanted);
  EXPECT_FALSE(vmm_->GuestRead(kMemory, seen.data(), 4));
  EXPECT_FALSE(vmm_->GuestWrite(kMemory - 2, seen.data(), 4));
}

TEST_F(Kvm, TrackedPagesAreSplitOutAndJoinedAgain) {
  ASSERT_NE(vmm_, nullptr);
  hostif::kvm::MemorySlots& slots = vmm_->slots();
  uint32_t value = 0x1234;
  ASSERT_TRUE(slots.Track(Gfn(4)));
  ASSERT_TRUE(slots.Track(Gfn(5)));
  ASSERT_TRUE(slots.Track(Gfn(5)));
  EXPECT_EQ(slots.Track(Gfn(kMemory >> 12)).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(vmm_->GuestWrite(0x5004, &value, sizeof value));
  ASSERT_TRUE(vmm_->GuestWrite(0x6000, &value, sizeof value));
  EXPECT_EQ(told_, std::vector<uint64_t>{0x5004});
  EXPECT_EQ(last_, 0x1234u);
  ASSERT_TRUE(slots.Untrack(Gfn(5)));
  ASSERT_TRUE(vmm_->GuestWrite(0x5008, &value, sizeof value));
  EXPECT_EQ(told_.size(), 1u);
  ASSERT_TRUE(slots.Remove(Gpa(0x4000), 0x1000));
  EXPECT_FALSE(slots.IsTracked(Gfn(4)));
  EXPECT_FALSE(vmm_->GuestWrite(0x4000, &value, sizeof value));
  ASSERT_TRUE(vmm_->GuestWrite(0x3ffc, &value, sizeof value));
  ASSERT_TRUE(vmm_->GuestRead(0x5008, &value, sizeof value));
  EXPECT_EQ(value, 0x1234u);
}

TEST_F(Kvm, TheGuestTakesMessages) {
  ASSERT_NE(vmm_, nullptr);
  uint32_t vector = 0;
  EXPECT_FALSE(vmm_->GuestInterrupt(5, &vector));
  for (const uint32_t wanted : {0x41u, 0xf0u, 0x41u}) {
    ASSERT_TRUE(vmm_->services().SignalMsi(0xfee00000, wanted));
    ASSERT_TRUE(vmm_->GuestInterrupt(10'000, &vector));
    EXPECT_EQ(vector, wanted);
  }
}

TEST_F(Kvm, EventFilesRaiseMessagesAndCountWrites) {
  constexpr uint32_t kLine = 24;
  constexpr uint64_t kDoorbell = 0x50000000;
  ASSERT_NE(vmm_, nullptr);
  hostif::kvm::VmServices& services = vmm_->services();
  const File line(eventfd(0, EFD_NONBLOCK));
  ASSERT_TRUE(services.SetLine(line.get(), kLine, 0xfee00000, 0x42));
  uint64_t count = 1;
  uint32_t vector = 0;
  ASSERT_EQ(write(line.get(), &count, sizeof count), 8);
  ASSERT_TRUE(vmm_->GuestInterrupt(10'000, &vector));
  EXPECT_EQ(vector, 0x42u);
  const File bell(eventfd(0, EFD_NONBLOCK));
  ASSERT_TRUE(services.SetDoorbell(bell.get(), Gpa(kDoorbell), 4));
  const uint64_t exits = vmm_->exits();
  for (uint32_t i = 0; i < 10; ++i) ASSERT_TRUE(vmm_->GuestWrite(kDoorbell, &i, sizeof i));
  EXPECT_EQ(vmm_->exits() - exits, 10u);  // the end of each copy, and nothing else
  ASSERT_EQ(read(bell.get(), &count, sizeof count), 8);
  EXPECT_EQ(count, 10u);
  ASSERT_TRUE(services.RemoveDoorbell(bell.get(), Gpa(kDoorbell), 4));
  EXPECT_FALSE(vmm_->GuestWrite(kDoorbell, &vector, sizeof vector));
  EXPECT_FALSE(services.SetDoorbell(-1, Gpa(kDoorbell), 4));
}

TEST(KvmHost, KeepsTheContract) {
  const hostif::conformance::Report report = hostif::conformance::Try(KvmModule());
  EXPECT_EQ(report.error, "");
  for (const hostif::conformance::LineResult& result : report.lines) {
    EXPECT_NE(result.verdict.outcome, hostif::conformance::Outcome::kFailed)
        << result.line->id << ": " << result.verdict.reason;
  }
  // Four are about a display, which the device has not; one would start a process.
  EXPECT_EQ(report.Count(hostif::conformance::Outcome::kNotTried), 5u);
  hostif::conformance::ExpectColumn("kvm", report);
}

}  // namespace
}  // namespace gvt::tiny_vmm
