// The driver is the one that all tests use; here its accesses are done again by a processor. What
// it reads of the device has to be what the device told it on the twin, which no engine disturbs.
#include "examples/tiny_vmm/demo.h"

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "examples/tiny_vmm/driver_log.h"
#include "examples/tiny_vmm/tiny_vmm.h"
#include "gvtcore/gvtcore.h"
#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"

namespace gvt::tiny_vmm {
namespace {

using hostif::embedded::FaultPlan;
using hostif::embedded::GuestDriver;

constexpr uint64_t kMemoryBytes = uint64_t{16} << 20;
constexpr uint32_t kCodeAt = 12u << 20;
constexpr uint32_t kBar0 = 0x40000000;
constexpr uint32_t kSeqno = 0x1234;
constexpr uint32_t kPatienceMs = 10'000;
constexpr uint32_t kConfigAddress = 0xcf8;
constexpr uint32_t kConfigData = 0xcfc;

// A vGPU as a function of the tiny machine's PCI bus.
class PciFunction final : public Outside {
 public:
  explicit PciFunction(TinyVmm& vmm) : vmm_(vmm) {}
  ~PciFunction() override {
    gvtcore_vgpu_destroy(vgpu_);
    gvtcore_destroy(core_);
  }
  PciFunction(const PciFunction&) = delete;
  PciFunction& operator=(const PciFunction&) = delete;

  bool Make() {
    gvtcore_vgpu_config_t config = {};
    config.size = sizeof config;
    gvtcore_host_ops_t ops = {};
    ops.size = sizeof ops;
    ops.inject_msi = [](void* self, uint64_t address, uint32_t data) {
      (void)static_cast<PciFunction*>(self)->vmm_.services().SignalMsi(address, data);
    };
    ops.set_trap_area = [](void* self, uint32_t region, uint64_t gpa, uint64_t length, int on) {
      if (region != GVTCORE_REGION_BAR0) return;
      static_cast<PciFunction*>(self)->bar0_ = {gpa, on != 0 ? length : 0};
    };
    return gvtcore_create(&core_) == 0 &&
           gvtcore_vgpu_create(core_, &config, &ops, this, &vgpu_) == 0 &&
           gvtcore_vgpu_memory_add(vgpu_, 0, kMemoryBytes, vmm_.Memory(0, kMemoryBytes), 0) == 0;
  }

  bool Access(uint64_t gpa, void* data, uint32_t bytes, bool write) override {
    if (gpa < bar0_.start || gpa - bar0_.start >= bar0_.length) return false;
    Forward(GVTCORE_REGION_BAR0, gpa - bar0_.start, data, bytes, write);
    return true;
  }
  void AccessPort(uint16_t port, void* data, uint32_t bytes, bool write) override {
    constexpr uint32_t kOurs = 0x80001000;  // bus 0, device 2, function 0
    if (port == kConfigAddress && write && bytes == 4) std::memcpy(&address_, data, bytes);
    if (port < kConfigData || port >= kConfigData + 4 || (address_ & ~0xfcu) != kOurs) return;
    Forward(GVTCORE_REGION_CONFIG, (address_ & 0xfc) + (port - kConfigData), data, bytes, write);
  }

 private:
  struct Place {
    uint64_t start = 0;
    uint64_t length = 0;
  };
  void Forward(uint32_t region, uint64_t offset, void* data, uint32_t bytes, bool write) {
    if (write) {
      gvtcore_vgpu_write(vgpu_, region, offset, data, bytes);
    } else {
      gvtcore_vgpu_read(vgpu_, region, offset, data, bytes);
    }
  }

  TinyVmm& vmm_;
  gvtcore_t* core_ = nullptr;
  gvtcore_vgpu_t* vgpu_ = nullptr;
  Place bar0_;  // the thread of the guest writes and reads it
  uint32_t address_ = 0;
};

struct Work {
  std::vector<Step> steps;
  uint64_t seqno = 0;  // guest address of what the engine writes
};

// What a driver does to have `kSeqno` written and an interrupt raised.
Work PlanWork(std::string* error) {
  constexpr std::array<uint32_t, 6> kCommands = {0x10400002, 0, 0, kSeqno, 0x01000000, 0};
  FaultPlan plan;
  gvtcore_config_t config = {};
  config.flags = GVTCORE_STEPPED;
  Work work;
  auto host = hostif::embedded::Host::Create(plan, config);
  hostif::embedded::MachineOptions options;
  options.memory_bytes = kMemoryBytes;
  if (!host) return *error = "no core for the twin", work;
  auto twin = hostif::embedded::Machine::Create(**host, options);
  if (!twin) return *error = "no twin", work;
  DriverLog log(**twin);
  GuestDriver driver(log);
  log.WriteConfig(0x10, kBar0);
  const bool up = driver.Boot().has_value();
  const auto page = driver.AllocateGgtt(1);
  const auto tables = driver.CreatePageTables();
  if (!up || !page || !tables) return *error = "the twin does not come up", work;
  auto context = driver.CreateContext(hw::Engine::kRcs, *tables);
  if (!context) return *error = "no context", work;
  auto commands = kCommands;
  commands[1] = static_cast<uint32_t>((*page).gma.value);
  driver.Append(*context, commands);
  driver.Submit(*context);
  work.steps = log.steps();
  work.seqno = (*page).gpa.value;
  return work;
}

// nullopt or not 0: see TinyVmm::RunProgram.
std::optional<uint32_t> RunSteps(TinyVmm& vmm, PciFunction& function, std::span<const Step> steps) {
  const std::vector<uint8_t> code = Assemble(steps, kBar0, TinyVmm::kDonePort);
  void* at = vmm.Memory(kCodeAt, code.size());
  if (at == nullptr) return std::nullopt;
  std::memcpy(at, code.data(), code.size());
  return vmm.RunProgram(kCodeAt, &function);
}

}  // namespace

DemoResult RunDemo() {
  DemoResult result;
  const Work work = PlanWork(&result.error);
  if (!result.error.empty()) return result;
  result.steps = work.steps.size();
  auto vmm = TinyVmm::Create(kMemoryBytes, [](uint64_t, void*, uint32_t) {});
  if (!vmm) {
    result.error = std::string("/dev/kvm: ") + std::strerror(static_cast<int>(vmm.error().detail));
    return result;
  }
  PciFunction function(**vmm);
  if (!function.Make()) return result.error = "no vGPU", result;
  const auto failed = RunSteps(**vmm, function, work.steps);
  result.exits = (*vmm)->exits();
  if (!failed) return result.error = "the guest's program cannot run", result;
  if (*failed != 0) {
    const Step& step = work.steps[*failed - 1];
    result.error = "step " + std::to_string(*failed) + ": offset " + std::to_string(step.at) +
                   " does not read as " + std::to_string(step.value);
    return result;
  }
  if (!(*vmm)->GuestInterrupt(kPatienceMs, &result.vector)) {
    return result.error = "no interrupt came", result;
  }
  // That may have been for the context that began; more would come when a driver had answered it.
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (result.seqno != kSeqno && std::chrono::steady_clock::now() < end) {
    (*vmm)->GuestRead(work.seqno, &result.seqno, sizeof result.seqno);
  }
  if (result.seqno != kSeqno) result.error = "the engine stored nothing";
  return result;
}

}  // namespace gvt::tiny_vmm
