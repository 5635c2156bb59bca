// A core and a machine that serve all inputs of a fuzzer: to make them costs more than most inputs.
#pragma once

#include <memory>
#include <utility>

#include "fuzz/fuzz_target.h"
#include "hostif/embedded/machine.h"

namespace gvt::fuzz {

class EmbeddedWorld {
 public:
  // Engines run in threads of their own.
  EmbeddedWorld() : EmbeddedWorld(gvtcore_config_t{}) {}
  // Engines run when they are stepped, at a time that stands still.
  static EmbeddedWorld Stepped() {
    gvtcore_config_t config = {};
    config.flags = GVTCORE_STEPPED;
    config.now_ns = [](void*) { return uint64_t{0}; };
    return EmbeddedWorld(config);
  }

  gvtcore_t* core() { return host_->core(); }
  hostif::embedded::Machine& machine() { return *machine_; }
  // Another machine on the same engines.
  std::unique_ptr<hostif::embedded::Machine> MakeMachine() {
    hostif::embedded::MachineOptions options;
    options.memory_bytes = kMemoryBytes;
    return std::move(hostif::embedded::Machine::Create(*host_, options)).value();
  }
  // Resets the vGPU and zeroes what a former guest left behind.
  void Clear() {
    Require(gvtcore_vgpu_reset(machine_->vgpu()) == 0, "a vGPU can be reset");
    for (uint64_t at = 0; at < kUsedBytes; at += 8) machine_->Store64(Gpa(at), 0);
  }

 private:
  explicit EmbeddedWorld(const gvtcore_config_t& config)
      : host_(std::move(hostif::embedded::Host::Create(plan_, config)).value()),
        machine_(MakeMachine()) {}

  static constexpr uint64_t kMemoryBytes = uint64_t{4} << 20;
  static constexpr uint64_t kUsedBytes = kMemoryBytes / 2;

  hostif::embedded::FaultPlan plan_;
  std::unique_ptr<hostif::embedded::Host> host_;
  std::unique_ptr<hostif::embedded::Machine> machine_;
};

}  // namespace gvt::fuzz
