// Executes single commands: everything that a command does except moving control.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gpu/interrupt_port.h"
#include "gpu/soft/blitter.h"
#include "gpu/soft/data_memory.h"
#include "gpu/soft/judged_registers.h"
#include "hw/command_row.h"

namespace gvt::gpu::soft {

// A command with all its dwords, of a length that its row allows.
struct Command {
  std::span<const uint32_t> dwords;
  hw::Effect effect = hw::Effect::kNone;
  bool privileged = false;  // that of the segment it stands in

  uint32_t header() const { return dwords[0]; }
  uint32_t length() const { return static_cast<uint32_t>(dwords.size()); }
};

enum class Outcome : uint8_t {
  kNext,        // go on behind the command
  kBatchStart,  // it is a batch start that is taken
  kBatchEnd,    // control leaves the batch
  kWait,        // nothing happened; execute it again later
  kPart,        // some of it happened; execute it again now or later, before anything else
};

class Executor {
 public:
  Executor(JudgedRegisters& registers, DataMemory& memory, InterruptPort& interrupts)
      : registers_(registers), memory_(memory), interrupts_(interrupts) {}

  // The context that runs now: GGTT address of its page 0, its roots, and whether there are four
  // levels of tables.
  void SetContext(Gma lrca, bool four_level, const std::array<uint64_t, 4>& pdp);
  // A command of which only a part was done will not be continued.
  void Abandon() { blitter_.Abandon(); }
  // The blitter's state belongs to the context.
  void SetBlitter(const BlitterState& state) { blitter_.SetState(state); }
  const BlitterState& blitter() const { return blitter_.state(); }
  // What MI_REPORT_HEAD reports.
  void SetRingHead(uint32_t head) { ring_head_ = head; }

  // Faults of data accesses are in the DataMemory.
  Outcome Execute(const Command& command);

  // MI_SET_PREDICATE that is in force, header[3:0].
  uint32_t predicate_mode() const { return predicate_mode_; }
  void SetPredicateMode(uint32_t mode) { predicate_mode_ = mode; }
  // True iff the mode makes commands behind it no-ops now.
  bool skips() const { return predicate_mode_ != 0 && ModeSkips(); }
  const std::array<uint64_t, 4>& pdp() const { return pdp_; }

 private:
  // executor.cc
  Outcome Blit(const Command& command);
  bool ModeSkips() const;
  Outcome BatchStart(const Command& command);
  Outcome ConditionalEnd(const Command& command);
  Outcome SemaphoreWait(const Command& command);
  void Predicate(const Command& command);

  // store_commands.cc
  void StoreDataImm(const Command& command);
  void StoreDataIndex(const Command& command);
  void CopyMemMem(const Command& command);
  void ReportHead();
  void ReportPerfCount(const Command& command);
  void FlushDw(const Command& command);
  void FlushDwWrite(const Command& command);
  void PipeControl(const Command& command);
  void PostSync(const Command& command, uint32_t flags, DataAddress to, uint64_t immediate);
  void Notify(uint32_t flags);
  bool IndexedAddress(const Command& command, uint64_t offset, DataAddress* to) const;

  // register_commands.cc
  void LoadRegisterImm(const Command& command);
  void LoadRegisterMem(const Command& command);
  void StoreRegisterMem(const Command& command);
  void LoadRegisterReg(const Command& command);
  void WriteRegister(hw::RegisterPath path, const Command& command, uint32_t offset,
                     uint32_t value);
  void LoadRoot(uint32_t offset, uint32_t value);

  // The data address in dwords `dword` and dword + 1, in the GGTT iff header bit `ggtt_bit`. False:
  // a non-privileged batch that names the GGTT; the command is a no-op.
  bool AddressOf(const Command& command, uint32_t dword, unsigned ggtt_bit, DataAddress* to) const;

  JudgedRegisters& registers_;
  DataMemory& memory_;
  InterruptPort& interrupts_;
  Gma lrca_;
  bool four_level_ = false;
  std::array<uint64_t, 4> pdp_{};
  uint32_t ring_head_ = 0;
  uint32_t predicate_mode_ = 0;
  Blitter blitter_;
};

// Registers of an engine's block that commands use, from its base. Source: linux v6.1
// gt/intel_engine_regs.h, i915_reg.h; PRM SKL vol 2c.
inline constexpr uint32_t kBcsSoftwareControl = 0x200;
inline constexpr uint32_t kPsDepthCount = 0x350;
inline constexpr uint32_t kPredicateResult2 = 0x3bc;
inline constexpr uint32_t kPredicateSrc0 = 0x400;
inline constexpr uint32_t kPredicateSrc1 = 0x408;
inline constexpr uint32_t kPredicateData = 0x410;
inline constexpr uint32_t kPredicateResult = 0x418;
inline constexpr uint32_t kPredicateResult1 = 0x41c;

}  // namespace gvt::gpu::soft
