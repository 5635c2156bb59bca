// The demo itself: guests on threads, and what they found.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "gvtcore/gvtcore.h"
#include "tools/gvtcore/demo_attacker.h"
#include "tools/gvtcore/demo_guest.h"

namespace gvt::tools {

struct DemoSettings {
  double seconds = 5;
  uint32_t vgpus = 3;  // beside the hostile one
  bool checks = false;
  bool shows_progress = false;
};

// The middle, the tail and the far tail of a latency.
struct DemoLatency {
  uint64_t p50_ns = 0;
  uint64_t p99_ns = 0;
  uint64_t p999_ns = 0;
};
DemoLatency LatencyOf(std::vector<uint64_t> nanoseconds);

struct DemoVgpu {
  std::string name;  // of its capture
  uint32_t weight = 0;
  DemoTally tally;
  uint64_t workloads_of_capture = 0;
  uint64_t rounds = 0;  // how often all of them were done
  gvtcore_vgpu_statistics_t statistics = {};
  DemoLatency dispatch;   // submitted to its first command
  DemoLatency interrupt;  // submitted to its interrupt being handled
  double share = 0;       // of the render engine while everybody wants all of it
  std::vector<DemoEvent> events;
};

struct DemoResult {
  double seconds = 0;
  double share_seconds = 0;
  bool checked = false;
  std::vector<DemoVgpu> vgpus;
  uint32_t hostile_weight = 0;
  double hostile_share = 0;
  gvtcore_vgpu_statistics_t hostile_statistics = {};
  std::vector<AttackTally> attacks;
  std::vector<DemoEvent> hostile_events;  // `workload`: index of its attack
  uint64_t lost() const;                  // workloads of honest guests, in all
  uint64_t wrong() const;                 // pages likewise
};

// One capture a vGPU, in turn. kIo: a machine or its vGPU cannot be made.
Result<DemoResult> RunDemo(const std::vector<DemoCapture>& captures, const DemoSettings& settings);

}  // namespace gvt::tools
