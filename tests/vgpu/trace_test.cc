// Replays what a stock guest's driver did to another device, and holds ours to the answers it got.
//
// Three recordings of Linux 6.1 i915 on 8086:1912: loading, loading and four thousand batches,
// loading and an OpenGL program. Every read must give the recorded value, or be in the table below
// with the reason why not.
#include "trace.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test_device.h"

namespace gvt::vgpu {
namespace {

struct Difference {
  uint32_t first;  // offsets in BAR0, inclusive
  uint32_t last;
  const char* reason;
};

constexpr Difference kDifferences[] = {
    {0x0023a0, 0x0023a0, "masked register: the mask half reads zero"},
    {0x0123a0, 0x0123a0, "masked register: the mask half reads zero"},
    {0x01a3a0, 0x01a3a0, "masked register: the mask half reads zero"},
    {0x0223a0, 0x0223a0, "masked register: the mask half reads zero"},
    {0x00a26c, 0x00a26c, "time: the clock is said to run at 12 MHz, as it does"},
    {0x044200, 0x044200, "interrupt timing: no engine runs in a replay"},
    {0x044308, 0x044308, "interrupt timing: no engine runs in a replay"},
    {0x044318, 0x044318, "interrupt timing: no engine runs in a replay"},
    {0x044338, 0x044338, "interrupt timing: no engine runs in a replay"},
    {0x045400, 0x045404, "power wells: only those that exist, each requester for itself"},
    {0x051000, 0x051000, "headless: the pipes are fused off"},
    {0x064010, 0x064010, "headless: events of the AUX channel are cleared by writing ones"},
    {0x070080, 0x070080, "headless: no cursor"},
    {0x138128, 0x138128, "mailbox: memory latencies of a desktop part"},
};

const Difference* FindDifference(const TraceAccess& access) {
  for (const Difference& row : kDifferences) {
    if (!access.config && access.offset >= row.first && access.offset <= row.last) return &row;
  }
  return nullptr;
}

class RecordedGuest : public testing::TestWithParam<const char*> {};

TEST_P(RecordedGuest, IsAnsweredAsItWasOrForANamedReason) {
  const std::vector<TraceAccess> trace = ReadTrace(GetParam());
  ASSERT_GT(trace.size(), 5000u);
  TestDevice guest(DeviceConfig{}, TestDevice::Decoding::kOff);
  for (size_t i = 0; i < trace.size(); ++i) {
    const TraceAccess& access = trace[i];
    const Region region = access.config ? Region::kConfig : Region::kBar0;
    uint64_t value = access.write ? access.value : 0;
    if (access.write) {
      guest.device().Write(region, access.offset,
                           std::as_bytes(std::span(&value, 1)).first(access.size_bytes));
      continue;
    }
    guest.device().Read(region, access.offset,
                        std::as_writable_bytes(std::span(&value, 1)).first(access.size_bytes));
    if (FindDifference(access) != nullptr) continue;
    ASSERT_EQ(value, access.value) << (access.config ? "config 0x" : "BAR0 0x") << std::hex
                                   << access.offset << ", access " << std::dec << i + 1;
  }
  EXPECT_FALSE(guest.device().failsafe());
  EXPECT_EQ(guest.device().statistics().refused_writes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Linux, RecordedGuest, testing::Values("load", "load-mesa", "load-gemtest"),
                         [](const auto& param_info) {
                           std::string name = param_info.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace gvt::vgpu
