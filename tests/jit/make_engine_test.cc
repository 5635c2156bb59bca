#include "jit/make_engine.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace gvt::jit {
namespace {

// Whether the process holds memory for emitted code.
bool HoldsCode() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("gvtcore-jit") != std::string::npos) return true;
  }
  return false;
}

TEST(MakeScanEngine, CompilesUnlessThatIsSwitchedOff) {
  ASSERT_EQ(setenv("GVTCORE_JIT", "off", 1), 0);
  const auto remembers = MakeScanEngine(hw::Platform::kSkl, {});
  EXPECT_FALSE(HoldsCode());
  ASSERT_EQ(unsetenv("GVTCORE_JIT"), 0);
  const auto compiles = MakeScanEngine(hw::Platform::kSkl, {});
  EXPECT_TRUE(HoldsCode());
  const std::vector<uint32_t> noops(64, 0u);
  scanner::Segment segment;
  segment.dwords = noops;
  scanner::ScanReport reports[2];
  compiles->Scan(segment, &reports[0]);
  remembers->Scan(segment, &reports[1]);
  EXPECT_EQ(reports[0], reports[1]);
}

}  // namespace
}  // namespace gvt::jit
