// What went wrong in GVT-g and its kin in the field, tried on a whole device: each case names the
// rows of README.md that it is for. Engines are stepped in virtual time unless threads are the
// matter.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "base/bits.h"
#include "hw/register_policy.h"
#include "hw/register_table.h"
#include "sched/run_queue.h"
#include "tests/core/bench.h"
#include "tests/sim/sim_clock.h"

namespace gvt::regress {
namespace {

using core_test::Bench;
using core_test::Job;
using core_test::kBatch;
using core_test::kData;
using core_test::kEngines;
using hostif::embedded::FaultPlan;
using hostif::embedded::Host;
using hostif::embedded::Machine;
using hostif::embedded::MachineOptions;
using soft_test::BatchEnd;
using soft_test::BatchStart;
using soft_test::Dwords;
using soft_test::Lri;
using soft_test::Program;
using soft_test::Srm;
using soft_test::StoreDword;

constexpr uint32_t kGprs = 0x600;  // general-purpose registers in an engine's block
constexpr uint32_t kHwsPga = 0x80;
constexpr uint32_t kPoison = 0x5ec4e7ed;

MachineOptions Small() {
  MachineOptions options;
  options.memory_bytes = uint64_t{4} << 20;
  return options;
}

class FieldDefects : public testing::Test {
 protected:
  FieldDefects() : clock_(10'000) {
    gvtcore_config_t config = {};
    config.flags = GVTCORE_STEPPED;
    config.now_ns = &sim::SimClock::Look;
    config.clock = &clock_;
    host_ = std::move(Host::Create(plan_, config)).value();
  }
  bool Step(hw::Engine engine) {
    return gvtcore_step(host_->core(), static_cast<uint32_t>(engine)) == 1;
  }
  // Until nothing can run, or `limit` slices.
  void Run(hw::Engine engine, int limit = 1000) {
    while (limit-- > 0 && Step(engine)) {
    }
  }
  static gvtcore_vgpu_statistics_t StatisticsOf(const Bench& bench) {
    gvtcore_vgpu_statistics_t statistics = {};
    statistics.size = sizeof statistics;
    gvtcore_vgpu_statistics(bench.machine->vgpu(), &statistics);
    return statistics;
  }
  // A batch that stores, then a sequence number; false: it did not come.
  bool Works(Bench& bench, hw::Engine engine) {
    Job job = bench.MakeJob(engine);
    bench.Batch(job, Program({StoreDword(kData, 77), BatchEnd()}));
    bench.Request(job, 1);
    if (!bench.driver->Submit(job.context)) return false;
    Run(engine);
    return bench.machine->Load32(bench.SeqnoAt(job)) == 1 && bench.machine->Load32(job.data) == 77;
  }

  sim::SimClock clock_;
  FaultPlan plan_;
  std::unique_ptr<Host> host_;
};

// CVE-2019-11085; "Prevent integer overflow in intel_vgpu_emulate_cfg_write".
TEST_F(FieldDefects, NoAccessLeavesItsRegion) {
  Bench bench(*host_, Small());
  gvtcore_vgpu_t* vgpu = bench.machine->vgpu();
  std::mt19937_64 random(1);
  std::vector<std::byte> buffer(64);
  for (const uint32_t region :
       {GVTCORE_REGION_BAR0, GVTCORE_REGION_BAR2, GVTCORE_REGION_BAR4, GVTCORE_REGION_CONFIG}) {
    const auto size = static_cast<uint64_t>(gvtcore_vgpu_region_size(vgpu, region));
    for (int i = 0; i < 20000; ++i) {
      const uint64_t anchors[] = {0, size, uint64_t{1} << 31, uint64_t{1} << 32, ~uint64_t{0}};
      const uint64_t offset = anchors[random() % 5] + random() % 128 - 64;
      // Lengths that are not all there are only named: a device that used them would crash.
      const size_t length =
          random() % 4 != 0 ? random() % buffer.size() : ~size_t{0} - random() % 64;
      const bool is_inside = length != 0 && offset < size && length <= size - offset;
      const int64_t wanted = is_inside ? static_cast<int64_t>(length) : GVTCORE_EINVAL;
      ASSERT_EQ(gvtcore_vgpu_read(vgpu, region, offset, buffer.data(), length), wanted)
          << region << " " << offset << " " << length;
      if (is_inside && region != GVTCORE_REGION_BAR2) continue;
      ASSERT_EQ(gvtcore_vgpu_write(vgpu, region, offset, buffer.data(), length), wanted);
    }
  }
}

// CVE-2019-11085, CVE-2019-14615: neither the aperture nor an engine shows what another guest left.
TEST_F(FieldDefects, AGuestFindsNothingOfItsNeighbour) {
  Bench owner(*host_, Small());
  Bench thief(*host_, Small());
  Job job = owner.MakeJob(hw::Engine::kRcs);
  const uint32_t gprs = hw::EngineMmioBase(hw::Engine::kRcs) + kGprs;
  Dwords fill;
  for (uint32_t i = 0; i < 32; ++i) {
    const Dwords load = Lri({gprs + 4 * i, kPoison});
    const Dwords store = StoreDword(kData + 4 * i, kPoison);
    fill.insert(fill.end(), load.begin(), load.end());
    fill.insert(fill.end(), store.begin(), store.end());
  }
  owner.Batch(job, Program({fill, BatchStart(kBatch)}));  // goes on for ever, poison in hand
  owner.Request(job, 1);
  ASSERT_TRUE(owner.driver->Submit(job.context));
  for (int i = 0; i < 10; ++i) Step(hw::Engine::kRcs);
  ASSERT_EQ(owner.machine->Load32(job.data + 4 * 31), kPoison);

  Job other = thief.MakeJob(hw::Engine::kRcs);
  Dwords look;
  for (uint32_t i = 0; i < 32; ++i) {
    const Dwords store = Srm(gprs + 4 * i, kData + 4 * i);
    look.insert(look.end(), store.begin(), store.end());
  }
  thief.Batch(other, Program({look, BatchEnd()}));
  thief.Request(other, 1);
  ASSERT_TRUE(thief.driver->Submit(other.context));
  Run(hw::Engine::kRcs, 20);
  ASSERT_EQ(thief.machine->Load32(thief.SeqnoAt(other)), 1u);
  for (uint64_t at = 0; at < thief.machine->memory_bytes(); at += 4) {
    ASSERT_NE(thief.machine->Load32(Gpa(at)), kPoison) << at;
  }
  for (uint32_t at = 0; at < hw::kMmioBytes; at += 4) {
    ASSERT_NE(thief.machine->ReadRegister(at), kPoison) << at;
  }
  // Every frame that there is, through the first page of the aperture.
  for (uint64_t frame = 0; frame < uint64_t{1} << 14; ++frame) {
    thief.machine->WriteGgttEntry(1000, frame << kPageShift | 1);
    uint32_t dword = 0;
    thief.machine->ReadDevice(GVTCORE_REGION_BAR2, (1000 << kPageShift) + 4 * 31, &dword, 4);
    ASSERT_NE(dword, kPoison) << frame;
  }
}

// "Fix GFX_MODE handling", "Fix vGPU CSFE_CHICKEN1_REG mmio handler", "unify lri cmd handler and
// mmio handlers": each bit, set and cleared, by each path that can write it.
TEST_F(FieldDefects, HostOwnedBitsOfModeRegistersCannotBeSetByAnyPath) {
  using hw::RegisterPath;
  constexpr RegisterPath kWrites[] = {RegisterPath::kMmioWrite,   RegisterPath::kLri,
                                      RegisterPath::kLrm,         RegisterPath::kLrrDestination,
                                      RegisterPath::kPipeControl, RegisterPath::kContextImage};
  struct Owned {
    uint32_t offset;
    uint32_t bits;
  };
  for (const hw::Platform platform :
       {hw::Platform::kBdw, hw::Platform::kSkl, hw::Platform::kKbl, hw::Platform::kCfl}) {
    const Owned owned[] = {{0x29c, platform == hw::Platform::kCfl ? 0x3u : 0x1u}, {0xd4, 0x18u}};
    for (const Owned& what : owned) {
      for (uint32_t bit = 0; bit < 32; ++bit) {
        for (const RegisterPath path : kWrites) {
          hw::RegisterRequest request;
          request.platform = platform;
          request.path = path;
          request.privileged = true;
          request.value_known = true;
          request.offset = hw::EngineMmioBase(hw::Engine::kRcs) + what.offset;
          request.value = bit < 16 ? 0x10001u << bit : 1u << bit;  // set, or cleared
          const bool sets_owned = bit < 16 && (what.bits >> bit & 1) != 0;
          if (!sets_owned) continue;
          EXPECT_FALSE(hw::JudgeRegister(request).allowed())
              << hw::RegisterPathName(path) << " 0x" << std::hex << request.offset << " " << bit;
        }
      }
    }
  }
  // And the device keeps none of them, whichever engine's they are.
  Bench bench(*host_, Small());
  for (const hw::Engine engine : kEngines) {
    for (const uint32_t at : {0x29cu, 0xd4u}) {
      const uint32_t offset = hw::EngineMmioBase(engine) + at;
      for (uint32_t bit = 0; bit < 16; ++bit) bench.machine->WriteRegister(offset, 0x10001u << bit);
      EXPECT_EQ(bench.machine->ReadRegister(offset) & (at == 0x29c ? 0x1u : 0x18u), 0u)
          << hw::EngineName(engine) << " " << at;
    }
  }
}

// "Double check batch buffer size after copy": a processor changes a command while it is audited.
TEST(FieldDefectsThreads, ACommandThatChangesWhileItIsAuditedIsAsAudited) {
  FaultPlan plan;
  auto host = std::move(Host::Create(plan)).value();
  Bench bench(*host, Small());
  constexpr hw::Engine kEngine = hw::Engine::kBcs;
  const uint32_t base = hw::EngineMmioBase(kEngine);
  Job job = bench.MakeJob(kEngine);
  const uint32_t status_page = bench.machine->ReadRegister(base + kHwsPga);
  const uint64_t unmapped = 0xdead0000;
  bench.Batch(job,
              Program({Lri({base + kGprs, 0x1000}), StoreDword(kData, 1), BatchStart(kBatch)}));
  bench.Request(job, 1);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  const Gpa reg = job.batch + 4;
  const Gpa store = job.batch + 12;
  for (uint32_t i = 0; i < 200'000; ++i) {
    // A register of the kernel's, a GGTT store, a length that swallows the jump.
    bench.machine->Store32(reg, base + ((i & 1) != 0 ? kHwsPga : kGprs));
    bench.machine->Store32(store,
                           StoreDword(unmapped, 1, (i & 2) != 0 ? soft_test::kUseGgtt : 0)[0]);
    bench.machine->Store32(job.batch, Lri({0, 0})[0] + ((i & 4) != 0 ? 6 : 0));
    if (i % 1000 == 0) {
      ASSERT_EQ(bench.machine->ReadRegister(base + kHwsPga), status_page);
    }
  }
  EXPECT_EQ(bench.machine->ReadRegister(base + kHwsPga), status_page);
  bench.driver->ResetEngine(kEngine);
  Job last = bench.MakeJob(kEngine);
  bench.Batch(last, BatchEnd());
  bench.Request(last, 2);
  ASSERT_TRUE(bench.driver->Submit(last.context));
  EXPECT_TRUE(bench.driver->WaitForValue(bench.SeqnoAt(last), 2));
}

// "cur_pt_type is valid", "Check engine id", g2v storms: announcements are hints, and numbers in
// them index nothing.
TEST_F(FieldDefects, AnnouncementsOfJunkChangeNothing) {
  Bench bench(*host_, Small());
  // Source: linux v6.1 i915_pvinfo.h.
  constexpr uint32_t kNotify = 0x78818;
  constexpr uint32_t kRoots = 0x78838;  // pdp[4], low and high
  std::mt19937 random(2);
  for (uint32_t i = 0; i < 4000; ++i) {
    for (uint32_t word = 0; word < 8; ++word) {
      bench.machine->WriteRegister(kRoots + 4 * word, static_cast<uint32_t>(random()));
    }
    bench.machine->WriteRegister(kNotify, i < 256 ? i : static_cast<uint32_t>(random()));
  }
  EXPECT_TRUE(Works(bench, hw::Engine::kRcs));
  EXPECT_LT(StatisticsOf(bench).tables_shadowed, 16u);
}

// "HWSP zero write": what a driver does on its way through D3 is no attack.
TEST_F(FieldDefects, SuspendAndResumeAreNoFailsafe) {
  Bench bench(*host_, Small());
  ASSERT_TRUE(Works(bench, hw::Engine::kRcs));
  for (int round = 0; round < 3; ++round) {
    for (const hw::Engine engine : kEngines) {
      bench.driver->ResetEngine(engine);
      bench.machine->WriteRegister(hw::EngineMmioBase(engine) + kHwsPga, 0);
    }
    constexpr uint32_t kPowerControl = 0xd4;
    bench.machine->WriteConfig(kPowerControl, 3);
    bench.machine->WriteConfig(kPowerControl, 0);
    if (round == 1) {
      ASSERT_EQ(gvtcore_vgpu_reset(bench.machine->vgpu()), 0);
    }
    const auto pages = bench.machine->memory_bytes() >> kPageShift;
    bench.driver = std::make_unique<hostif::embedded::GuestDriver>(
        *bench.machine, hw::Platform::kSkl, pages / 4 * static_cast<unsigned>(round + 1), 1);
    ASSERT_TRUE(bench.driver->Boot()) << round;
    bench.seqno = *bench.driver->AllocateGgtt(1);
    for (const hw::Engine engine : kEngines) EXPECT_TRUE(Works(bench, engine)) << round;
  }
}

// CVE-2020-12888: memory decoding goes off between any two accesses, work under way.
TEST_F(FieldDefects, DecodingMayGoOffAtAnyTime) {
  Bench bench(*host_, Small());
  Job job = bench.MakeJob(hw::Engine::kBcs);
  bench.Spinner(job);
  bench.Request(job, 1);
  ASSERT_TRUE(bench.driver->Submit(job.context));
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    const bool on = random() % 2 == 0;
    bench.machine->WriteConfig(0x04, on ? 6 : static_cast<uint32_t>(random() % 8) & ~2u);
    Step(hw::Engine::kBcs);
    const uint32_t offset = static_cast<uint32_t>(random() % 0x1000000) & ~3u;
    if (!on) {
      ASSERT_EQ(bench.machine->ReadRegister(offset), ~0u);
      uint32_t dword = 0;
      bench.machine->ReadDevice(GVTCORE_REGION_BAR2, offset, &dword, 4);
      ASSERT_EQ(dword, ~0u);
      bench.machine->WriteRegister(hw::EngineMmioBase(hw::Engine::kBcs) + kHwsPga, 0x666000);
    }
  }
  bench.machine->WriteConfig(0x04, 6);
  EXPECT_NE(bench.machine->ReadRegister(hw::EngineMmioBase(hw::Engine::kBcs) + kHwsPga), 0x666000u);
  bench.EndSpinner(job);
  for (int i = 0; i < 1000 && bench.machine->Load32(bench.SeqnoAt(job)) != 1; ++i) {
    Step(hw::Engine::kBcs);
  }
  EXPECT_EQ(bench.machine->Load32(bench.SeqnoAt(job)), 1u);
}

// CVE-2022-0330, vfio-user servers (DMA_UNMAP while in use): a page of each kind goes behind each
// step of a batch. What went is not touched any more, and nothing else is lost.
TEST_F(FieldDefects, APageMayGoBehindEachStepOfABatch) {
  constexpr hw::Engine kEngine = hw::Engine::kBcs;
  constexpr int kLongest = 24;
  clock_.SetTick(sched::kSliceNs);  // a slice is as short as it can be
  for (int kind = 0; kind < 5; ++kind) {
    Bench bench(*host_, Small());
    for (int steps = 0; steps < kLongest; ++steps) {
      Job job = bench.MakeJob(kEngine);
      bench.Batch(job, Program({StoreDword(kData, 1), BatchStart(kBatch + 4096)}));
      bench.Batch(job, Program({StoreDword(kData + 4096, 2), BatchStart(kBatch)}), 4096);
      bench.Request(job, 1);
      ASSERT_TRUE(bench.driver->Submit(job.context));
      for (int i = 0; i < steps; ++i) Step(kEngine);
      const Gpa pages[] = {job.batch + 4096, job.data, job.context.ring.gpa,
                           job.context.image.gpa + kPageSize, job.tables.root};
      const Gpa page = pages[kind];
      std::vector<uint32_t> before(kPageSize / 4);
      for (uint64_t i = 0; i < before.size(); ++i) before[i] = bench.machine->Load32(page + 4 * i);
      ASSERT_TRUE(bench.machine->RemoveMemory(page, kPageSize));
      for (int i = 0; i < 8; ++i) Step(kEngine);
      ASSERT_TRUE(bench.machine->RestoreMemory(page, kPageSize));
      for (uint64_t i = 0; i < before.size(); ++i) {
        ASSERT_EQ(bench.machine->Load32(page + 4 * i), before[i]) << kind << " " << steps;
      }
      bench.driver->ResetEngine(kEngine);
      if (steps % 8 == 7) {
        EXPECT_TRUE(Works(bench, kEngine)) << kind << " " << steps;
      }
    }
  }
}

// Memory of a host that copies it itself, and lets the N-th copy fail.
class CopyingHost {
 public:
  static constexpr size_t kBytes = size_t{2} << 20;

  static gvtcore_host_ops_t Ops() {
    gvtcore_host_ops_t ops = {};
    ops.size = sizeof ops;
    ops.raise_msi = [](void*, uint32_t) {};
    ops.read_memory = [](void* self, uint64_t gpa, void* data, size_t length) {
      return static_cast<CopyingHost*>(self)->Copy(gpa, data, nullptr, length);
    };
    ops.write_memory = [](void* self, uint64_t gpa, const void* data, size_t length) {
      return static_cast<CopyingHost*>(self)->Copy(gpa, nullptr, data, length);
    };
    return ops;
  }

  std::vector<std::byte> memory = std::vector<std::byte>(kBytes);
  FaultPlan plan;

 private:
  int Copy(uint64_t gpa, void* out, const void* in, size_t length) {
    if (plan.Fails() || gpa >= kBytes || length > kBytes - gpa) return -1;
    if (out != nullptr) std::memcpy(out, memory.data() + gpa, length);
    if (in != nullptr) std::memcpy(memory.data() + gpa, in, length);
    return 0;
  }
};

// A guest on it.
class CopiedPorts final : public hostif::embedded::GuestPorts {
 public:
  CopiedPorts(CopyingHost& host, gvtcore_vgpu_t* vgpu) : host_(host), vgpu_(vgpu) {}
  uint64_t memory_bytes() const override { return CopyingHost::kBytes; }
  void ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const override {
    gvtcore_vgpu_read(vgpu_, region, offset, data, bytes);
  }
  void WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) override {
    gvtcore_vgpu_write(vgpu_, region, offset, data, bytes);
  }
  uint32_t Load32(Gpa from) const override {
    uint32_t value = 0;
    std::memcpy(&value, host_.memory.data() + from.value, sizeof value);
    return value;
  }
  bool Store32(Gpa to, uint32_t value) override {
    std::memcpy(host_.memory.data() + to.value, &value, sizeof value);
    return true;
  }
  bool Store64(Gpa to, uint64_t value) override {
    std::memcpy(host_.memory.data() + to.value, &value, sizeof value);
    return true;
  }
  uint64_t interrupts() const override { return 0; }
  bool WaitForInterrupt(uint64_t, std::chrono::milliseconds) override { return true; }

 private:
  CopyingHost& host_;
  gvtcore_vgpu_t* const vgpu_;
};

// CVE-2022-3707, "unpin on error", acceptance rule R4: each copy that a workload makes may fail.
// The guest loses that workload at most, and a reset of its engine is enough.
TEST_F(FieldDefects, EveryCopyOfTheHostMayFailOnce) {
  constexpr hw::Engine kEngine = hw::Engine::kRcs;
  CopyingHost host;
  const gvtcore_host_ops_t ops = CopyingHost::Ops();
  gvtcore_vgpu_config_t config = {};
  config.size = sizeof config;
  gvtcore_vgpu_t* vgpu = nullptr;
  ASSERT_EQ(gvtcore_vgpu_create(host_->core(), &config, &ops, &host, &vgpu), 0);
  CopiedPorts ports(host, vgpu);
  uint64_t calls = 0;
  const auto run_one = [&](uint64_t failing) {
    std::fill(host.memory.begin(), host.memory.end(), std::byte{0});
    hostif::embedded::GuestDriver driver(ports);
    if (!driver.Boot()) return false;
    const auto tables = *driver.CreatePageTables();
    auto context = *driver.CreateContext(kEngine, tables);
    const Gpa batch = *driver.AllocateAt(tables, Gma(kBatch), 1);
    const Gpa data = *driver.AllocateAt(tables, Gma(kData), 1);
    ports.Store(batch, Program({StoreDword(kData, 3), soft_test::CopyMem(kData + 4, kData),
                                Srm(0x2600, kData + 8), BatchEnd()}));
    driver.Append(context, Program({BatchStart(kBatch), StoreDword(kData + 12, 9)}));
    host.plan.FailAt(failing);
    driver.Submit(context);
    Run(kEngine);
    calls = host.plan.calls();
    host.plan.FailAt(0);
    const bool done = ports.Load32(data + 4) == 3 && ports.Load32(data + 12) == 9;
    driver.ResetEngine(kEngine);
    return done;
  };
  ASSERT_TRUE(run_one(0));
  ASSERT_TRUE(run_one(0));  // from here on it does the same each time
  const uint64_t all = calls;
  EXPECT_GT(all, 20u);
  for (uint64_t n = 1; n <= all; ++n) {
    run_one(n);
    ASSERT_TRUE(run_one(0)) << "behind a failure of copy " << n;
  }
  gvtcore_vgpu_destroy(vgpu);
}

size_t EntriesOf(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

// CVE-2023-53625, "Get reference to KVM iff attach succeeds", "unpin on error": what a call took
// before it failed is given back. Allocations are counted by the leak checker of ASan.
TEST(FieldDefectsThreads, FailuresLeaveNoFilesAndNoThreads) {
  FaultPlan plan;
  const auto live = [&plan] {
    auto host = Host::Create(plan);
    if (!host) return;
    auto first = Machine::Create(**host, Small());
    auto second = Machine::Create(**host, Small());
    for (const auto* machine : {&first, &second}) {
      if (!*machine || !(**machine)->RemoveMemory(Gpa(0), kPageSize)) return;
      if (!(**machine)->RestoreMemory(Gpa(0), kPageSize)) return;
    }
  };
  plan.FailAt(0);
  live();
  const uint64_t calls = plan.calls();
  const size_t files = EntriesOf("/proc/self/fd");
  for (uint64_t n = 1; n <= calls; ++n) {
    plan.FailAt(n);
    live();
    ASSERT_EQ(EntriesOf("/proc/self/fd"), files) << n;
  }
  EXPECT_EQ(EntriesOf("/proc/self/task"), 1u);
}

// "use atomic operations to change vGPU status", "Protect gfn hash table with vgpu_lock", "fix dead
// locking in early workload shadow": everything at once, from several threads.
TEST(FieldDefectsThreads, CallsOfEveryKindMayComeTogether) {
  FaultPlan plan;
  auto host = std::move(Host::Create(plan)).value();
  Bench bench(*host, Small());
  Job job = bench.MakeJob(hw::Engine::kRcs);
  bench.Batch(job, Program({StoreDword(kData, 1), BatchStart(kBatch)}));
  gvtcore_vgpu_t* vgpu = bench.machine->vgpu();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  const auto repeat = [&](auto action) {
    threads.emplace_back([&stop, action] {
      for (unsigned i = 0; !stop.load(); ++i) action(i);
    });
  };
  repeat([vgpu](unsigned i) {
    (i % 2 == 0) ? gvtcore_vgpu_deactivate(vgpu) : gvtcore_vgpu_activate(vgpu);
  });
  repeat([&bench](unsigned) {
    const Gpa page(uint64_t{3} << 20);
    EXPECT_TRUE(bench.machine->RemoveMemory(page, kPageSize));
    EXPECT_TRUE(bench.machine->RestoreMemory(page, kPageSize));
  });
  repeat([vgpu](unsigned) {
    gvtcore_vgpu_statistics_t statistics = {};
    statistics.size = sizeof statistics;
    EXPECT_EQ(gvtcore_vgpu_statistics(vgpu, &statistics), 0);
    std::this_thread::yield();
  });
  for (uint32_t round = 0; round < 60; ++round) {
    bench.Request(job, round);
    for (const uint32_t value :
         {0u, 0u, High32(job.context.descriptor), Low32(job.context.descriptor)}) {
      bench.machine->WriteRegister(hw::EngineMmioBase(hw::Engine::kRcs) + 0x230, value);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    bench.driver->ResetEngine(hw::Engine::kRcs);
    if (round % 20 == 19) gvtcore_vgpu_reset(vgpu);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(gvtcore_vgpu_activate(vgpu), 0);
  hostif::embedded::GuestDriver again(*bench.machine);
  ASSERT_TRUE(again.Boot());
  const auto tables = *again.CreatePageTables();
  auto context = *again.CreateContext(hw::Engine::kRcs, tables);
  const auto seqno = *again.AllocateGgtt(1);
  again.Append(context, StoreDword(seqno.gma.value, 6, soft_test::kUseGgtt));
  ASSERT_TRUE(again.Submit(context));
  EXPECT_TRUE(again.WaitForValue(seqno.gpa, 6));
}

}  // namespace
}  // namespace gvt::regress
