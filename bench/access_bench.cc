// BM_RegisterAccess: every kind of access by turns, each through gvtcore_vgpu_read or _write.
//
// The yardstick is an access to BAR4, which has no registers: the same entry, the same checks, and
// a region that answers at once. A ratio is taken within a round and only then averaged, so that a
// slow moment of the machine hits both sides.
//
// The dynamic registers are those that stock i915 reads and writes most in a submission: execution
// list status, master interrupt, forcewake, interrupt identity, the engine's timestamp. Ringing a
// doorbell is left out: it hands work to another thread.
#include "bench/access_bench.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/rounds.h"
#include "gvtcore/gvtcore.h"

namespace gvt::bench {
namespace {

constexpr int kAccessesPerSlice = 10000;

enum class Direction { kRead, kWrite };

struct Access {
  const char* name;
  Direction direction;
  uint32_t region;
  uint32_t offset;
  uint32_t value;  // written
};

// The first of each direction is its yardstick.
constexpr Access kAccesses[] = {
    {"empty.read", Direction::kRead, GVTCORE_REGION_BAR4, 0, 0},
    {"empty.write", Direction::kWrite, GVTCORE_REGION_BAR4, 0, 0},
    {"storage.read", Direction::kRead, GVTCORE_REGION_BAR0, 0x2030, 0},  // RCS ring tail
    {"storage.write", Direction::kWrite, GVTCORE_REGION_BAR0, 0x1a030, 0},
    {"masked.write", Direction::kWrite, GVTCORE_REGION_BAR0, 0x20c0, 0x10001},  // INSTPM
    {"execlist_status.read", Direction::kRead, GVTCORE_REGION_BAR0, 0x2234, 0},
    {"master_irq.read", Direction::kRead, GVTCORE_REGION_BAR0, 0x44200, 0},
    {"master_irq.write", Direction::kWrite, GVTCORE_REGION_BAR0, 0x44200, 0x80000000},
    {"gt_iir.write", Direction::kWrite, GVTCORE_REGION_BAR0, 0x44308, 0xffffffff},
    {"forcewake.write", Direction::kWrite, GVTCORE_REGION_BAR0, 0xa278, 0x10001},
    {"timestamp.read", Direction::kRead, GVTCORE_REGION_BAR0, 0x2358, 0},
};
constexpr size_t kAccessCount = std::size(kAccesses);

void IgnoreMessage(void* /*host*/, uint32_t /*vector*/) {}

// One vGPU whose guest has switched memory and I/O decoding on.
class IdleVgpu {
 public:
  IdleVgpu() {
    gvtcore_host_ops_t ops = {};
    ops.size = sizeof ops;
    ops.raise_msi = IgnoreMessage;
    gvtcore_vgpu_config_t config = {};
    config.size = sizeof config;
    if (gvtcore_create(&core_) != 0) return;
    if (gvtcore_vgpu_create(core_, &config, &ops, nullptr, &vgpu_) != 0) return;
    const uint16_t decode = 0x7;  // I/O, memory, bus master
    gvtcore_vgpu_write(vgpu_, GVTCORE_REGION_CONFIG, 4, &decode, sizeof decode);
  }
  ~IdleVgpu() {
    gvtcore_vgpu_destroy(vgpu_);
    gvtcore_destroy(core_);
  }
  IdleVgpu(const IdleVgpu&) = delete;
  IdleVgpu& operator=(const IdleVgpu&) = delete;

  bool exists() const { return vgpu_ != nullptr; }

  // Mean over a slice.
  double NsOf(const Access& access) {
    uint32_t value = access.value;
    const double start = ThreadNs();
    if (access.direction == Direction::kRead) {
      for (int i = 0; i < kAccessesPerSlice; ++i) {
        gvtcore_vgpu_read(vgpu_, access.region, access.offset, &value, sizeof value);
        benchmark::DoNotOptimize(value);
      }
    } else {
      for (int i = 0; i < kAccessesPerSlice; ++i) {
        gvtcore_vgpu_write(vgpu_, access.region, access.offset, &value, sizeof value);
      }
    }
    return (ThreadNs() - start) / kAccessesPerSlice;
  }

 private:
  gvtcore_t* core_ = nullptr;
  gvtcore_vgpu_t* vgpu_ = nullptr;
};

void Report(benchmark::State& state, const std::array<std::vector<double>, kAccessCount>& ns) {
  for (size_t i = 0; i < kAccessCount; ++i) {
    const std::vector<double>& base = ns[kAccesses[i].direction == Direction::kRead ? 0 : 1];
    std::vector<double> ratios;
    ratios.reserve(ns[i].size());
    for (size_t round = 0; round < ns[i].size(); ++round) {
      ratios.push_back(ns[i][round] / base[round]);
    }
    const std::string name = kAccesses[i].name;
    const Spread ratio = SpreadOf(std::move(ratios));
    state.counters[name + ":ns"] = SpreadOf(ns[i]).median;
    state.counters[name + ":ratio"] = ratio.median;
    state.counters[name + ":low"] = ratio.low;
    state.counters[name + ":high"] = ratio.high;
  }
}

void RunAccesses(benchmark::State& state) {
  IdleVgpu vgpu;
  if (!vgpu.exists()) {
    state.SkipWithError("no vGPU could be made");
    return;
  }
  std::array<std::vector<double>, kAccessCount> ns;
  for (const Access& access : kAccesses) vgpu.NsOf(access);  // warm
  for (auto _ : state) {
    for (size_t i = 0; i < kAccessCount; ++i) ns[i].push_back(vgpu.NsOf(kAccesses[i]));
  }
  Report(state, ns);
}

}  // namespace

void RegisterAccessBench(int rounds) {
  benchmark::RegisterBenchmark("BM_RegisterAccess", RunAccesses)
      ->Iterations(rounds)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace gvt::bench
