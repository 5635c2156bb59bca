// The context that an engine holds: its image in guest memory, read at load and written at save.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "gpu/memory_port.h"
#include "gpu/soft/blitter.h"
#include "gpu/soft/judged_registers.h"
#include "gpu/soft/saved_registers.h"
#include "hw/context_image.h"

namespace gvt::gpu::soft {

// A batch that a context was in when it was saved: the next command of it.
struct BatchState {
  bool active = false;
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  Gma address;

  friend bool operator==(const BatchState&, const BatchState&) = default;
};

// Where a context goes on: ring offset, and the batches that it is in.
struct ContextPosition {
  uint32_t ring_head = 0;
  BatchState first;
  BatchState second;  // active only if `first` is; `first` is then where it returns to
  uint32_t predicate_mode = 0;
  BlitterState blitter;  // of the blitter's contexts

  friend bool operator==(const ContextPosition&, const ContextPosition&) = default;
};

class ContextFrame {
 public:
  ContextFrame(hw::Platform platform, hw::Engine engine, MemoryPort& memory)
      : generation_(hw::GenerationOf(platform)),
        engine_(engine),
        memory_(memory),
        saved_(SavedRegistersOf(platform, engine)) {}

  // Reads the register state. False: not mapped.
  bool Load(hw::ContextDescriptor descriptor);

  Gma lrca() const { return descriptor_.lrca(); }
  bool four_level() const {
    return descriptor_.addressing() == hw::ContextAddressing::kLegacy64Bit;
  }
  // False: a shared-virtual-memory mode.
  bool addressing_is_legacy() const {
    return four_level() || descriptor_.addressing() == hw::ContextAddressing::kLegacy32Bit;
  }
  bool restore_inhibited() const { return hw::IsRestoreInhibited(image_); }
  hw::ContextRing ring() const { return *hw::ReadContextRing(image_); }
  std::array<uint64_t, 4> pdp() const { return *hw::ReadContextPdps(image_); }
  uint32_t timestamp() const { return image_[hw::kContextTimestamp]; }
  std::optional<hw::ContextIndirect> indirect() const;
  std::optional<Gma> per_context_batch() const;
  uint32_t Raw(size_t dword) const { return image_[dword]; }

  // Where the context goes on; just the ring head if restore is inhibited.
  ContextPosition Position() const;
  // The ring tail as guest memory has it now; nullopt: not mapped.
  std::optional<uint32_t> FreshTail() const;

  // Load the registers that the image holds and the policy allows: those at fixed places, and
  // those of the list behind them.
  void RestoreLayout(JudgedRegisters& registers) const;
  void RestoreList(JudgedRegisters& registers) const;
  // Puts registers, position and run time into the image, and that into guest memory: only what
  // hardware saves, so that what the guest changed in the meantime (RING_TAIL) stays. The list is
  // kept as it is if `list_is_live` is false.
  void Save(const ContextPosition& position, uint32_t timestamp, bool list_is_live,
            JudgedRegisters& registers);

 private:
  void SaveBatch(const BatchState& batch, size_t upper, size_t lower, size_t state);
  void SaveLayout(JudgedRegisters& registers);
  size_t SaveList(JudgedRegisters& registers);
  void SaveBlitter(const BlitterState& blitter);
  void WriteBack(size_t first, size_t end);
  Gma state() const { return lrca() + kPageSize; }
  size_t list_begin() const;
  size_t list_end() const;

  const hw::Generation generation_;
  const hw::Engine engine_;
  MemoryPort& memory_;
  const SavedRegisters& saved_;
  hw::ContextDescriptor descriptor_{0};
  std::array<uint32_t, hw::kContextDwords> image_{};
};

}  // namespace gvt::gpu::soft
