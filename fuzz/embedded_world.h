// A core and a machine that serve all inputs of a fuzzer: to make them costs more than most inputs.
#pragma once

#include <memory>
#include <utility>

#include "fuzz/fuzz_target.h"
#include "hostif/embedded/machine.h"

namespace gvt::fuzz {

class EmbeddedWorld {
 public:
  EmbeddedWorld() : host_(std::move(hostif::embedded::Host::Create(plan_)).value()) {
    hostif::embedded::MachineOptions options;
    options.memory_bytes = kMemoryBytes;
    machine_ = std::move(hostif::embedded::Machine::Create(*host_, options)).value();
  }

  hostif::embedded::Machine& machine() { return *machine_; }
  // Resets the vGPU and zeroes what a former guest left behind.
  void Clear() {
    Require(gvtcore_vgpu_reset(machine_->vgpu()) == 0, "a vGPU can be reset");
    for (uint64_t at = 0; at < kUsedBytes; at += 8) machine_->Store64(Gpa(at), 0);
  }

 private:
  static constexpr uint64_t kMemoryBytes = uint64_t{4} << 20;
  static constexpr uint64_t kUsedBytes = kMemoryBytes / 2;

  hostif::embedded::FaultPlan plan_;
  std::unique_ptr<hostif::embedded::Host> host_;
  std::unique_ptr<hostif::embedded::Machine> machine_;
};

}  // namespace gvt::fuzz
