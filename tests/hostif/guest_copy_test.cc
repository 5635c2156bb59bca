#include "hostif/guest_copy.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <numeric>
#include <vector>

namespace gvt {
namespace {

constexpr size_t kPage = 4096;

// Two pages of a file of which the second can be cut off.
class CutFile {
 public:
  CutFile() {
    file_ = memfd_create("guest", 0);
    EXPECT_EQ(ftruncate(file_, 2 * kPage), 0);
    void* at = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    EXPECT_NE(at, MAP_FAILED);
    bytes_ = static_cast<unsigned char*>(at);
    std::iota(bytes_, bytes_ + 2 * kPage, static_cast<unsigned char>(1));
    EXPECT_TRUE(InstallGuestFaultHandler());
  }
  ~CutFile() {
    munmap(bytes_, 2 * kPage);
    close(file_);
  }
  CutFile(const CutFile&) = delete;
  CutFile& operator=(const CutFile&) = delete;
  void Cut() { EXPECT_EQ(ftruncate(file_, kPage), 0); }
  unsigned char* bytes() { return bytes_; }

 private:
  int file_ = -1;
  unsigned char* bytes_ = nullptr;
};

TEST(GuestCopy, CopiesEverySizeAtEveryOffset) {
  CutFile file;
  std::vector<size_t> sizes = {255, 511, 2047, 2048, 2049, 2053, 4095};
  for (size_t size = 0; size < 160; ++size) sizes.push_back(size);
  for (const size_t size : sizes) {
    for (size_t offset = 0; offset < 9; ++offset) {
      std::array<unsigned char, kPage + 1> out{};
      ASSERT_EQ(GuestCopy(out.data() + 1, file.bytes() + offset, size), 0u);
      ASSERT_EQ(std::memcmp(out.data() + 1, file.bytes() + offset, size), 0);
      ASSERT_EQ(out[0], 0);
      ASSERT_EQ(out[size + 1], 0);
    }
  }
}

TEST(GuestCopy, ReportsWhatATruncatedFileNoLongerHolds) {
  CutFile file;
  file.Cut();
  std::vector<size_t> sizes = {2047, 2048, 2050, 4096};
  for (size_t size = 0; size < 90; ++size) sizes.push_back(size);
  for (const size_t before : sizes) {
    for (const size_t behind : {1u, 2u, 3u, 4u, 7u, 8u, 15u, 17u, 63u, 64u, 100u, 2100u}) {
      std::vector<unsigned char> buffer(before + behind);
      unsigned char* at = file.bytes() + kPage - before;
      ASSERT_EQ(GuestCopy(buffer.data(), at, before + behind), behind);
      ASSERT_EQ(std::memcmp(buffer.data(), at, before), 0);
      ASSERT_EQ(GuestCopy(at, buffer.data(), before + behind), behind);
    }
  }
}

TEST(GuestCopy, SingleAccessesToATruncatedFileFail) {
  CutFile file;
  file.Cut();
  uint32_t value32 = 7;
  uint64_t value64 = 8;
  unsigned char* gone = file.bytes() + kPage;
  EXPECT_FALSE(GuestLoad32(gone, &value32));
  EXPECT_FALSE(GuestLoad64(gone, &value64));
  EXPECT_FALSE(GuestStore32(gone, 1));
  EXPECT_FALSE(GuestStore64(gone, 1));
  EXPECT_FALSE(GuestCompareExchange32(gone, &value32, 1));
  EXPECT_FALSE(GuestCompareExchange64(gone, &value64, 1));
  EXPECT_EQ(value32, 7u);
  EXPECT_EQ(value64, 8u);
}

TEST(GuestCopy, SingleAccessesMoveWholeValues) {
  CutFile file;
  unsigned char* at = file.bytes() + 64;
  EXPECT_TRUE(GuestStore64(at, 0x1122334455667788));
  uint32_t value32 = 0;
  uint64_t value64 = 0;
  EXPECT_TRUE(GuestLoad32(at + 4, &value32));
  EXPECT_EQ(value32, 0x11223344u);
  EXPECT_TRUE(GuestStore32(at, 0xaabbccdd));
  EXPECT_TRUE(GuestLoad64(at, &value64));
  EXPECT_EQ(value64, 0x11223344aabbccddu);
}

TEST(GuestCopy, CompareExchangeStoresOnlyOnAMatch) {
  CutFile file;
  unsigned char* at = file.bytes() + 128;
  EXPECT_TRUE(GuestStore64(at, 5));
  uint64_t expected64 = 4;
  EXPECT_TRUE(GuestCompareExchange64(at, &expected64, 9));
  EXPECT_EQ(expected64, 5u);
  EXPECT_TRUE(GuestCompareExchange64(at, &expected64, 9));
  uint32_t expected32 = 9;
  EXPECT_TRUE(GuestCompareExchange32(at, &expected32, 10));
  EXPECT_EQ(expected32, 9u);
  EXPECT_TRUE(GuestLoad32(at, &expected32));
  EXPECT_EQ(expected32, 10u);
}

TEST(GuestCopy, ReadOnlyPagesRefuseStores) {
  CutFile file;
  EXPECT_EQ(mprotect(file.bytes(), kPage, PROT_READ), 0);
  uint32_t value = 0;
  EXPECT_TRUE(GuestLoad32(file.bytes(), &value));
  EXPECT_FALSE(GuestStore32(file.bytes(), 1));
  EXPECT_FALSE(GuestCompareExchange32(file.bytes(), &value, 1));
  EXPECT_EQ(GuestCopy(file.bytes(), &value, sizeof value), sizeof value);
}

TEST(GuestCopyDeathTest, LeavesOtherFaultsToWhoeverHadThemBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        std::signal(SIGSEGV, [](int) { _exit(42); });
        InstallGuestFaultHandler();
        const volatile uintptr_t unmapped = 16;
        *reinterpret_cast<volatile int*>(unmapped) = 1;
      },
      "");
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, [](int) { _exit(42); });
        InstallGuestFaultHandler();
        raise(SIGBUS);
      },
      testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace gvt
