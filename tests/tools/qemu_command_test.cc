// gvtcore qemu with a shell in QEMU's place.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/tools/program.h"
#include "tools/gvtcore/locked_memory.h"

namespace gvt::tools {
namespace {

using testing::Outcome;
using testing::RunGvtcore;

// The library is whatever file there is: a program that is no VMM does not notice.
Outcome RunShell(const std::string& script, std::vector<std::string> options = {}) {
  std::vector<std::string> arguments{"qemu", "--library", testing::ScratchFile("empty.so", "")};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--", "sh", "-c", script, "sh"});
  return RunGvtcore(arguments);
}

TEST(QemuCommand, PassesTheExitStatusOn) {
  EXPECT_EQ(RunShell("exit 0").status, 0);
  EXPECT_EQ(RunShell("exit 7").status, 7);
  EXPECT_EQ(RunShell("kill -KILL $$").status, 128 + 9);
}

TEST(QemuCommand, AddsTheDeviceBehindTheArguments) {
  const Outcome outcome = RunShell("echo \"$@\"", {"--addr", "05.0"});
  EXPECT_EQ(outcome.out.rfind("-device vfio-pci,sysfsdev=", 0), 0u) << outcome.out;
  EXPECT_NE(outcome.out.find("/gvtcore0,addr=05.0,display=off\n"), std::string::npos);
}

TEST(QemuCommand, MakesAFolderThatNamesTheGroupAndRemovesIt) {
  const Outcome outcome = RunShell(
      "device=${2#vfio-pci,sysfsdev=}; device=${device%%,*};"
      "basename $(readlink $device/iommu_group); echo $device");
  EXPECT_EQ(outcome.out.rfind("4776544\n", 0), 0u) << outcome.out;
  const std::string device = outcome.out.substr(8, outcome.out.size() - 9);
  EXPECT_NE(device.find("gvtcore-"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(device).parent_path()));
}

TEST(QemuCommand, SaysByTheEnvironmentWhatIsWanted) {
  const std::string script =
      "echo $GVTCORE_DEVICE $GVTCORE_SCAN $GVTCORE_STATS $GVTCORE_TRACE $GVTCORE_CONTROL";
  EXPECT_EQ(RunShell(script).out, "1912 on\n");
  const std::string fifo = testing::ScratchFile("control.fifo", "");
  std::filesystem::remove(fifo);
  const Outcome outcome = RunShell(script, {"--device", "kbl", "--scan", "off", "--stats", "/a",
                                            "--trace", "/b", "--control", fifo});
  EXPECT_EQ(outcome.out, "5916 off /a /b " + fifo + "\n");
  EXPECT_FALSE(std::filesystem::exists(fifo)) << "a FIFO that was made is removed";
  const Outcome shared =
      RunShell("echo $GVTCORE_SHARE $GVTCORE_WEIGHT $GVTCORE_CAP $GVTCORE_LATENCY",
               {"--share", "/s", "--weight", "16", "--cap", "40", "--latency", "500"});
  EXPECT_EQ(shared.out, "/s 16 40 500\n");
  EXPECT_EQ(RunShell("echo $GVTCORE_TYPE", {"--type", "V5_4:2"}).out, "V5_4:2\n");
}

TEST(QemuCommand, KeepsAFifoThatWasThere) {
  const std::string fifo = testing::ScratchFile("own.fifo", "");
  std::filesystem::remove(fifo);
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(RunShell("test -p $GVTCORE_CONTROL", {"--control", fifo}).status, 0);
  EXPECT_TRUE(std::filesystem::exists(fifo));
}

TEST(QemuCommand, SaysBeforeTheStartThatTheLimitOfLockedMemoryIsTooLow) {
  constexpr LockLimit kLow = {uint64_t{64} << 20};
  const auto complaint = [](std::vector<std::string> words, LockLimit limit) {
    return LockComplaint(words, limit);
  };
  const std::string why = complaint({"qemu", "-m", "2G", "-overcommit", "mem-lock=on"}, kLow);
  EXPECT_NE(why.find("2048 MiB of guest memory"), std::string::npos) << why;
  EXPECT_NE(why.find("RLIMIT_MEMLOCK allows 64 MiB"), std::string::npos) << why;
  EXPECT_NE(why.find("ulimit -l unlimited"), std::string::npos) << why;
  EXPECT_NE(
      complaint({"qemu", "--overcommit", "cpu-pm=on,mem-lock=on", "-m", "slots=2,size=65M"}, kLow),
      "");
  EXPECT_NE(complaint({"qemu", "-overcommit", "mem-lock=on"}, kLow), "") << "QEMU's default";
  EXPECT_EQ(complaint({"qemu", "-overcommit", "mem-lock=on", "-m", "64"}, kLow), "");
  EXPECT_EQ(complaint({"qemu", "-overcommit", "mem-lock=off", "-m", "2G"}, kLow), "");
  EXPECT_EQ(complaint({"qemu", "-overcommit", "mem-lock=on", "-m", "2G"}, {}), "");
  EXPECT_EQ(complaint({"qemu", "-m"}, kLow), "");
  EXPECT_EQ(complaint({"qemu", "-overcommit", "mem-lock=on", "-m", "?,,=,"}, {}), "");
}

TEST(QemuCommand, SaysWhatIsMissing) {
  const std::string library = testing::ScratchFile("any.so", "");
  const Outcome program = RunGvtcore({"qemu", "--library", library, "--", "no-such-program"});
  EXPECT_EQ(program.status, 2);
  EXPECT_EQ(program.err, "gvtcore: no-such-program: No such file or directory\n");
  const Outcome missing = RunGvtcore({"qemu", "--library", "/no/such.so", "--", "true"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(missing.err, "gvtcore: /no/such.so: not found\n");
  const Outcome file = RunShell("true", {"--control", library});
  EXPECT_EQ(file.status, 2);
  EXPECT_EQ(file.err, "gvtcore: " + library + ": exists and is not a FIFO\n");
  EXPECT_EQ(RunShell("true", {"--type", "V5_4:4"}).err,
            "gvtcore: V5_4:4: a GPU has no room for so many of this type\n");
  EXPECT_EQ(RunShell("true", {"--type", "V6_1"}).status, 2);
  EXPECT_EQ(RunGvtcore({"qemu"}).status, 2);
  EXPECT_EQ(RunGvtcore({"qemu", "--cap", "101", "--", "true"}).status, 2);
  EXPECT_EQ(RunGvtcore({"qemu", "--weight", "0", "--", "true"}).status, 2);
  EXPECT_EQ(RunGvtcore({"qemu", "--device", "bdw", "--", "true"}).status, 2);
}

}  // namespace
}  // namespace gvt::tools
