#include "hostif/vfio_preload/control.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace gvt::hostif::vfio_preload {
namespace {

// What the thread ran; shared with it, for it lives as long as the process.
struct Commands {
  std::vector<std::string> lines;  // published by `count`
  std::atomic<size_t> count{0};    // atomic: lines that are there
};

std::string FifoPath(const char* name) {
  return ::testing::TempDir() + "control_test_" + std::to_string(getpid()) + name;
}

TEST(Control, RunsEachLineOfEachWriter) {
  const std::string path = FifoPath("lines");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto commands = std::make_shared<Commands>();
  ASSERT_TRUE(StartControlThread(path.c_str(), [commands](std::string_view line) {
    commands->lines.emplace_back(line);
    commands->count.fetch_add(1);
    commands->count.notify_all();
  }));
  const std::string too_long(kMaxControlLine + 1, 'x');
  for (const std::string& text :
       {std::string("scan on\nscan off\n"), "\n" + too_long + "\nst", std::string("ats\n")}) {
    const int writer = open(path.c_str(), O_WRONLY);
    ASSERT_EQ(write(writer, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(writer);
  }
  for (size_t seen = 0; seen < 3; seen = commands->count.load()) commands->count.wait(seen);
  EXPECT_EQ(commands->lines, (std::vector<std::string>{"scan on", "scan off", "stats"}));
  unlink(path.c_str());
}

TEST(Control, TakesNothingButAFifo) {
  EXPECT_FALSE(StartControlThread("/no/such/fifo", [](std::string_view) {}));
  EXPECT_EQ(errno, ENOENT);
  const std::string path = FifoPath("file");
  close(open(path.c_str(), O_CREAT | O_WRONLY, 0600));
  EXPECT_FALSE(StartControlThread(path.c_str(), [](std::string_view) {}));
  EXPECT_EQ(errno, EINVAL);
  unlink(path.c_str());
}

}  // namespace
}  // namespace gvt::hostif::vfio_preload
