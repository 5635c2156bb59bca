#include "hostif/vfio_preload/event_line.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace gvt::hostif::vfio_preload {
namespace {

class EventLineTest : public ::testing::Test {
 protected:
  ~EventLineTest() override { close(fd_); }
  uint64_t Taken() const {
    uint64_t count = 0;
    return read(fd_, &count, sizeof count) == sizeof count ? count : 0;
  }
  const int fd_ = eventfd(0, EFD_NONBLOCK);
  EventLine line_;
};

TEST_F(EventLineTest, SignalsTheEventfd) {
  ASSERT_EQ(line_.Assign(fd_), 0);
  line_.Signal();
  line_.Signal();
  EXPECT_EQ(Taken(), 2u);
}

TEST_F(EventLineTest, MakesUpForASignalThatCameTooEarly) {
  line_.Signal();
  line_.Signal();
  ASSERT_EQ(line_.Assign(fd_), 0);
  EXPECT_EQ(Taken(), 1u);
}

TEST_F(EventLineTest, ForgetsOnClear) {
  ASSERT_EQ(line_.Assign(fd_), 0);
  line_.Clear();
  line_.Signal();
  EXPECT_EQ(Taken(), 0u);
  line_.Clear();
  ASSERT_EQ(line_.Assign(fd_), 0);
  EXPECT_EQ(Taken(), 0u);
}

TEST_F(EventLineTest, OutlivesTheCallersDescriptor) {
  const int other = dup(fd_);
  ASSERT_EQ(line_.Assign(other), 0);
  close(other);
  line_.Signal();
  EXPECT_EQ(Taken(), 1u);
}

TEST_F(EventLineTest, TakesNothingButEventfds) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(line_.Assign(ends[1]), -EINVAL);
  EXPECT_EQ(line_.Assign(-1), -EINVAL);
  EXPECT_EQ(line_.Assign(1'000'000), -EINVAL);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace gvt::hostif::vfio_preload
