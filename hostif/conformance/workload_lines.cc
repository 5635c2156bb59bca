// The table with a real core behind it: a guest's driver in miniature on the module's machine.
#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "hostif/conformance/line.h"
#include "hostif/conformance/module_guest.h"
#include "hostif/embedded/guest_driver.h"

namespace gvt::hostif::conformance {
namespace {

using embedded::GgttPage;
using embedded::GuestContext;
using embedded::GuestDriver;

constexpr uint32_t kStoreDwordGgtt = 0x10400002;  // MI_STORE_DATA_IMM, GGTT, 4 dwords
constexpr uint32_t kUserInterrupt = 0x01000000;   // MI_USER_INTERRUPT
constexpr uint32_t kUserInterruptBit = 1;

// A booted guest with one context on `engine`.
class Worker {
 public:
  static std::unique_ptr<Worker> Create(ModuleCore& core, hw::Engine engine, std::string* why) {
    std::unique_ptr<Worker> worker(new Worker);
    worker->guest_ = ModuleGuest::Create(core);
    if (worker->guest_ == nullptr) {
      *why = "no vGPU, or no virtual machine";
      return nullptr;
    }
    worker->driver_ = std::make_unique<GuestDriver>(*worker->guest_);
    const bool made = worker->driver_->Boot() && worker->MakeContext(engine);
    if (!made) *why = "the guest's driver does not come up";
    return made ? std::move(worker) : nullptr;
  }

  // Stores `value`, interrupts. Empty: both were seen.
  std::string Run(uint32_t value, uint32_t patience_ms) {
    // The driver would see the interrupt's bit without a message, too.
    const std::chrono::milliseconds patience(patience_ms);
    const uint64_t before = guest_->interrupts();
    if (std::string why = Submit(value); !why.empty()) return why;
    if (!guest_->WaitForInterrupt(before, patience)) return "the message did not come";
    if (!driver_->WaitForInterrupt(context_.engine, kUserInterruptBit, patience)) {
      return "the interrupt did not come";
    }
    return guest_->Load32(seqno_.gpa) == value ? "" : "the interrupt came before the store";
  }
  std::string Submit(uint32_t value) {
    const std::array<uint32_t, 6> commands = {
        kStoreDwordGgtt, static_cast<uint32_t>(seqno_.gma.value), 0, value, kUserInterrupt, 0};
    driver_->Append(context_, commands);
    return driver_->Submit(context_) ? "" : "the engine takes no more";
  }
  bool WaitForIdle() { return driver_->WaitForIdle(context_.engine); }
  void ResetEngine() { driver_->ResetEngine(context_.engine); }
  void* vm() const { return guest_->vm(); }
  Gpa seqno() const { return seqno_.gpa; }

 private:
  Worker() = default;
  bool MakeContext(hw::Engine engine) {
    const auto page = driver_->AllocateGgtt(1);
    const auto tables = driver_->CreatePageTables();
    if (!page || !tables) return false;
    seqno_ = *page;
    const auto context = driver_->CreateContext(engine, *tables);
    if (context) context_ = *context;
    return context.has_value();
  }

  std::unique_ptr<ModuleGuest> guest_;
  std::unique_ptr<GuestDriver> driver_;
  GgttPage seqno_;
  GuestContext context_;
};

Verdict Works(const gvtcore_module_t& module, const Options& options) {
  if (std::string why = MissingForGuest(module); !why.empty()) return NotTried(why);
  const std::unique_ptr<ModuleCore> core = ModuleCore::Create(module);
  if (core == nullptr) return Failed("host_init failed");
  for (const hw::Engine engine : {hw::Engine::kRcs, hw::Engine::kBcs}) {
    std::string why;
    const std::unique_ptr<Worker> worker = Worker::Create(*core, engine, &why);
    if (worker == nullptr) return Failed(why);
    for (uint32_t i = 1; i <= 4; ++i) {
      why = worker->Run(i, options.patience_ms);
      if (!why.empty()) return Failed(why);
    }
  }
  return Passed();
}

Verdict WorksTwice(const gvtcore_module_t& module, const Options& options) {
  if (std::string why = MissingForGuest(module); !why.empty()) return NotTried(why);
  const std::unique_ptr<ModuleCore> core = ModuleCore::Create(module);
  if (core == nullptr) return Failed("host_init failed");
  std::string why;
  const std::unique_ptr<Worker> one = Worker::Create(*core, hw::Engine::kRcs, &why);
  const std::unique_ptr<Worker> other = Worker::Create(*core, hw::Engine::kRcs, &why);
  if (one == nullptr || other == nullptr) return Failed(why);
  for (uint32_t i = 1; i <= 4; ++i) {
    why = one->Submit(i);
    if (why.empty()) why = other->Run(100 + i, options.patience_ms);
    if (!why.empty() || !one->WaitForIdle()) return Failed(why);
  }
  return Passed();
}

Verdict SurvivesRemoval(const gvtcore_module_t& module, const Options& options) {
  if (std::string why = MissingForGuest(module); !why.empty()) return NotTried(why);
  if (module.memory_remove == nullptr) return NotTried("no memory_remove");
  const std::unique_ptr<ModuleCore> core = ModuleCore::Create(module);
  if (core == nullptr) return Failed("host_init failed");
  std::string why;
  const std::unique_ptr<Worker> worker = Worker::Create(*core, hw::Engine::kRcs, &why);
  if (worker == nullptr) return Failed(why);
  if (why = worker->Run(1, options.patience_ms); !why.empty()) return Failed(why);
  if (module.memory_remove(worker->vm(), worker->seqno().value, kPageSize) != 0) {
    return Failed("not removed");
  }
  worker->Submit(2);
  // A store without a page hangs an engine, as in hardware; the guest resets it.
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  worker->ResetEngine();
  return worker->WaitForIdle() ? Passed() : Failed("the engine hangs");
}

// A vGPU of the core's answers its guest. Empty: it does.
std::string Answers(ModuleCore& core) {
  constexpr uint32_t kIntel = 0x8086;
  constexpr uint32_t kMagic = 0x78000;  // of PVINFO: linux v5.13 i915_pvinfo.h
  const std::unique_ptr<ModuleGuest> guest = ModuleGuest::Create(core);
  if (guest == nullptr) return "no vGPU, or no virtual machine";
  if ((guest->ReadConfig(0) & 0xffff) != kIntel) return "no function is there";
  guest->WriteConfig(4, 2);  // memory is decoded
  return guest->ReadRegister(kMagic) != ~0u ? "" : "registers do not answer";
}

Verdict MakesVgpus(const gvtcore_module_t& module, const Options& /*options*/) {
  const std::unique_ptr<ModuleCore> core = ModuleCore::Create(module);
  if (core == nullptr) return Failed("host_init failed");
  for (int i = 0; i < 2; ++i) {
    if (std::string why = Answers(*core); !why.empty()) return Failed(why);
  }
  return Passed();
}

Verdict CanRegisterAgain(const gvtcore_module_t& module, const Options& options) {
  const bool works = MissingForGuest(module).empty();
  for (uint32_t i = 1; i <= 3; ++i) {
    const std::unique_ptr<ModuleCore> core = ModuleCore::Create(module);
    if (core == nullptr) return Failed("host_init failed");
    std::string why;
    if (works) {
      const std::unique_ptr<Worker> worker = Worker::Create(*core, hw::Engine::kBcs, &why);
      if (worker != nullptr) why = worker->Run(i, options.patience_ms);
    } else {
      why = Answers(*core);
    }
    if (!why.empty()) return Failed(why);
  }
  return Passed();
}

constexpr Line kLines[] = {
    {"host-init.vgpus", "host_init", "vGPUs of its core have a function that answers", true, nullptr,
     &MakesVgpus},
    {"workload.runs", "host_init", "a guest's driver comes up, stores, is interrupted", true,
     nullptr, &Works},
    {"workload.two", "host_init", "two machines share a core", true, nullptr, &WorksTwice},
    {"workload.removal", "write_gpa", "memory may go while the engine works on it", true, nullptr,
     &SurvivesRemoval},
    {"host-exit.again", "host_exit", "the table can be registered again behind it", true, nullptr,
     &CanRegisterAgain},
};

}  // namespace

std::span<const Line> WorkloadLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
