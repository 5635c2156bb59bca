// Registers as commands reach them: each access is judged first (architecture decision D6), clocks
// answer for themselves, the rest is in the vGPU's register file behind the port.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "gpu/engine_clock.h"
#include "gpu/own_registers.h"
#include "gpu/register_port.h"
#include "hw/platform.h"
#include "hw/register_policy.h"

namespace gvt::gpu::soft {

class JudgedRegisters {
 public:
  JudgedRegisters(hw::Platform platform, hw::Engine engine, RegisterPort& port, EngineClock& clock)
      : platform_(platform),
        engine_(engine),
        base_(hw::EngineMmioBase(engine)),
        port_(port),
        own_(port, engine),
        clock_(clock) {}

  hw::Platform platform() const { return platform_; }
  hw::Engine engine() const { return engine_; }

  // A write by a command. `value` is judged only where the path carries it. If the verdict is not
  // allowed(), nothing happened.
  hw::RegisterVerdict Write(hw::RegisterPath path, bool privileged, uint32_t offset,
                            uint32_t value);
  // A read by a command; nullopt: not for this stream.
  std::optional<uint32_t> Read(hw::RegisterPath path, bool privileged, uint32_t offset);
  // May a command of that path write it, whatever the value?
  bool MayWrite(hw::RegisterPath path, bool privileged, uint32_t offset);

  // Registers of the engine's own block, not judged: state of the streamer itself. `offset` counts
  // from the engine's base.
  uint32_t Own(uint32_t offset) const { return own_.Get(offset); }
  void SetOwn(uint32_t offset, uint32_t value) { own_.Set(offset, value); }
  uint64_t Own64(uint32_t offset) const;
  void SetOwn64(uint32_t offset, uint64_t value);
  // General-purpose register 0..15.
  uint64_t Gpr(uint32_t index) const { return Own64(kGpr0 + 8 * index); }
  void SetGpr(uint32_t index, uint64_t value) { SetOwn64(kGpr0 + 8 * index, value); }
  RegisterPort& port() { return port_; }

  // The guest may have changed FORCE_TO_NONPRIV.
  void ForgetSlots() { slots_known_ = false; }

  // Run time of the context: `base_ticks` at the time `since_ns`, from where it runs on.
  void SetContextTime(uint32_t base_ticks, uint64_t since_ns);
  uint32_t ContextTicks(uint64_t now_ns) const;

  uint64_t Timestamp() { return TimestampAt(clock_.NowNs()); }

 private:
  static constexpr uint32_t kGpr0 = 0x600;  // Source: linux v6.1 gt/intel_engine_regs.h CS_GPR

  hw::RegisterRequest RequestFor(hw::RegisterPath path, bool privileged, uint32_t offset);
  bool IsTimestamp(uint32_t offset) const;

  const hw::Platform platform_;
  const hw::Engine engine_;
  const uint32_t base_;
  RegisterPort& port_;
  OwnRegisters own_;
  EngineClock& clock_;
  hw::NonPrivilegeSlots slots_{};
  bool slots_known_ = false;
  uint32_t context_base_ticks_ = 0;
  uint64_t context_since_ns_ = 0;
};

}  // namespace gvt::gpu::soft
