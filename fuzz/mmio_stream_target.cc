// Fuzz target: everything that a guest's CPU can do to the device.
//
// Input: a byte that picks the device, then steps of fourteen bytes (Step below): accesses of every
// width to every region, and now and then an engine's thread that runs a slice, a streamer that
// writes a register, or a reset. Properties: what holds of the device whatever its guest did.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "fuzz/fuzz_target.h"
#include "hw/register_policy.h"
#include "hw/register_table.h"
#include "sched/virtual_execlist.h"
#include "vgpu/device.h"

namespace gvt::fuzz {
namespace {

using vgpu::Region;

constexpr size_t kMaxSteps = 4096;
constexpr uint64_t kMemoryBytes = 1u << 20;

// One step of the input, as it lies there.
struct Step {
  uint8_t action;   // low nibble: below kFirstWrite a read, else as named there; high nibble: bytes
                    // of the access less one, or the engine
  uint8_t region;   // low two bits: BAR0, BAR2, BAR4, configuration space
  uint32_t offset;  // taken modulo the region's size
  uint64_t value;
};
constexpr size_t kStepBytes = 1 + 1 + 4 + 8;

constexpr uint8_t kFirstWrite = 4;
constexpr uint8_t kRunEngine = 13;
constexpr uint8_t kEngineWrite = 14;
constexpr uint8_t kReset = 15;

Step StepAt(const uint8_t* data) {
  Step step{};
  step.action = data[0];
  step.region = data[1];
  std::memcpy(&step.offset, data + 2, 4);
  std::memcpy(&step.value, data + 6, 8);
  return step;
}

class Host final : public vgpu::DeviceHost {
 public:
  void RaiseMsi(const vgpu::MsiMessage& /*message*/) override {}
  void WakeEngine(hw::Engine /*engine*/) override {}
};

class StillClock final : public gpu::EngineClock {
 public:
  uint64_t NowNs() override { return now_ns += 1000; }
  uint64_t now_ns = 0;
};

// Memory of an engine that has none.
class NoMemory final : public gpu::MemoryPort {
 public:
  bool Read(hw::AddressSpace, Gma, std::span<std::byte>) override { return false; }
  bool Write(hw::AddressSpace, Gma, std::span<const std::byte>) override { return false; }
  bool Load32(hw::AddressSpace, Gma, uint32_t*) override { return false; }
  bool Load64(hw::AddressSpace, Gma, uint64_t*) override { return false; }
  bool Store32(hw::AddressSpace, Gma, uint32_t) override { return false; }
  bool Store64(hw::AddressSpace, Gma, uint64_t) override { return false; }
  bool CompareExchange32(hw::AddressSpace, Gma, uint32_t*, uint32_t) override { return false; }
  bool CompareExchange64(hw::AddressSpace, Gma, uint64_t*, uint64_t) override { return false; }
  void BindPageTables(bool, const std::array<uint64_t, 4>&) override {}
  void InvalidateTlb() override {}
};

// Ends as the input says.
class ScriptedBackend final : public gpu::EngineBackend {
 public:
  gpu::BackendCapabilities capabilities() const override { return {}; }
  bool Load(uint64_t /*descriptor*/) override { return loads; }
  void ResampleTail() override {}
  gpu::RunEnd Run(const gpu::RunBudget& /*budget*/) override { return end; }
  void Save() override {}
  void Reset() override {}
  bool loads = true;
  gpu::RunEnd end = gpu::RunEnd::kDrained;
};

vgpu::DeviceConfig ConfigOf(uint8_t pick, gpu::EngineClock* clock) {
  vgpu::DeviceConfig config;
  config.clock = clock;
  if ((pick & 1) != 0) config.pci_device_id = 0x5916;
  if ((pick & 2) != 0) {
    config.low_gm_base = 64u << 20;
    config.low_gm_bytes = 64u << 20;
    config.high_gm_base = 512u << 20;
    config.high_gm_bytes = 384u << 20;
  }
  if ((pick & 4) != 0) config.fence_count = 32;
  return config;
}

class Machine {
 public:
  explicit Machine(uint8_t pick)
      : block_(kMemoryBytes / sizeof(Page)), device_(ConfigOf(pick, &clock_), memory_, host_) {
    (void)memory_.Add(Gpa(0), kMemoryBytes, block_.data(), false);
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      const auto engine = static_cast<hw::Engine>(e);
      execlists_[e] = std::make_unique<sched::VirtualExeclist>(
          sched::EnginePorts{engine, &backends_[e], &no_memory_, &device_.registers(engine),
                             &device_.interrupts(engine)});
      device_.BindEngine(execlists_[e].get());
    }
  }

  // As new, but for what is in guest memory.
  void Restart() {
    device_.Reset();
    DecodeMemory();
  }

  void Do(const Step& step) {
    const uint8_t action = step.action & 0xf;
    const unsigned high = step.action >> 4;
    switch (action) {
      case kRunEngine: RunEngine(high % hw::kEngineCount, step); break;
      case kEngineWrite: WriteAsStream(step); break;
      case kReset: device_.Reset(); break;
      default: Access(step, action >= kFirstWrite, high + 1);
    }
  }

  void CheckInvariants() {
    DecodeMemory();
    Require((Config(0) & 0xffff) == 0x8086, "the vendor is not writable");
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      const uint32_t mode = Reg(hw::EngineMmioBase(static_cast<hw::Engine>(e)) + 0x29c);
      Require(mode >> 16 == 0, "the mask half of a masked register reads zero");
    }
    if (device_.failsafe()) return;
    Require(Reg(0x78000) == 0x76544776 && Reg(0x78004) == 0x47765447,
            "a guest cannot change what tells it that it is one");
    Require((Reg(0x229c) & 1) == 0, "the privilege check cannot be turned off");
    Require(Reg(0x941c) == 0, "a reset is over when its write returns");
    const uint32_t gt0 = Reg(0x44308) & Reg(0x4430c);
    const uint32_t summary = ((gt0 & 0xffff) != 0 ? 1u : 0u) | (gt0 >> 16 != 0 ? 2u : 0u);
    Require((Reg(0x44200) & 3) == summary, "the summary is what IIR and IER say");
  }

 private:
  struct alignas(4096) Page {
    uint8_t bytes[4096];
  };

  void Access(const Step& step, bool write, uint32_t bytes) {
    constexpr std::array<Region, 4> kRegions = {Region::kBar0, Region::kBar2, Region::kBar4,
                                                Region::kConfig};
    const Region region = kRegions[step.region & 3];
    const uint64_t size = device_.RegionSize(region);
    const uint64_t offset = step.offset % size;
    std::array<std::byte, 16> data{};
    std::memcpy(data.data(), &step.value, 8);
    const std::span<std::byte> span =
        std::span(data).first(std::min<uint64_t>(bytes, size - offset));
    if (write) {
      device_.Write(region, offset, span);
    } else {
      device_.Read(region, offset, span);
    }
  }

  void RunEngine(unsigned engine, const Step& step) {
    backends_[engine].end = static_cast<gpu::RunEnd>(step.value % 4);
    backends_[engine].loads = (step.value & 4) == 0;
    (void)execlists_[engine]->RunSlice(1000);
  }

  // What a ring may write by MI_LOAD_REGISTER_IMM; nothing else reaches the port.
  void WriteAsStream(const Step& step) {
    hw::RegisterRequest request;
    request.path = hw::RegisterPath::kLri;
    request.privileged = true;
    request.offset = step.offset;
    request.value_known = true;
    request.value = static_cast<uint32_t>(step.value);
    if (!hw::JudgeRegister(request).allowed()) return;
    device_.registers(hw::Engine::kRcs).Write(request.offset, request.value);
  }

  void DecodeMemory() {
    const uint16_t command = 7;
    device_.Write(Region::kConfig, 4, std::as_bytes(std::span(&command, 1)));
  }
  uint32_t Reg(uint32_t offset) { return Read32(Region::kBar0, offset); }
  uint32_t Config(uint32_t offset) { return Read32(Region::kConfig, offset); }
  uint32_t Read32(Region region, uint32_t offset) {
    uint32_t value = 0;
    device_.Read(region, offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

  std::vector<Page> block_;
  Host host_;
  StillClock clock_;
  NoMemory no_memory_;
  hostif::GuestMemory memory_;
  vgpu::Device device_;
  std::array<ScriptedBackend, hw::kEngineCount> backends_;
  std::array<std::unique_ptr<sched::VirtualExeclist>, hw::kEngineCount> execlists_;
};

// Making a device costs more than most inputs do, so there is one of each kind.
Machine& MachineFor(uint8_t pick) {
  static std::array<std::unique_ptr<Machine>, 8> machines;
  std::unique_ptr<Machine>& machine = machines[pick % machines.size()];
  if (machine == nullptr) machine = std::make_unique<Machine>(pick);
  machine->Restart();
  return *machine;
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt::fuzz;
  if (size == 0) return 0;
  Machine& machine = MachineFor(data[0]);
  const size_t steps = std::min((size - 1) / kStepBytes, kMaxSteps);
  for (size_t i = 0; i < steps; ++i) {
    machine.Do(StepAt(data + 1 + i * kStepBytes));
    if (i % 16 == 15) machine.CheckInvariants();
  }
  machine.CheckInvariants();
  return 0;
}
