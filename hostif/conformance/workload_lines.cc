// The table with a real core behind it: a guest's driver in miniature on the module's machine.
#include <chrono>
#include <thread>

#include "hostif/conformance/line.h"
#include "hostif/conformance/worker.h"

namespace gvt::hostif::conformance {
namespace {

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
  if (module.memory_remove(worker->guest().vm(), worker->seqno().value, kPageSize) != 0) {
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
    {"host-init.vgpus", "host_init", "vGPUs of its core have a function that answers", true,
     nullptr, &MakesVgpus},
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
