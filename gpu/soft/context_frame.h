// The context that an engine holds: its image in guest memory, read at load and written at save.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/page_piece.h"
#include "gpu/memory_port.h"
#include "gpu/soft/blitter.h"
#include "gpu/soft/context_registers.h"
#include "gpu/soft/judged_registers.h"
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
  ContextFrame(hw::Platform platform, hw::Engine engine, MemoryPort& memory);

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
  bool restore_inhibited() const { return hw::IsRestoreInhibited(image()); }
  hw::ContextRing ring() const { return *hw::ReadContextRing(image()); }
  std::array<uint64_t, 4> pdp() const { return *hw::ReadContextPdps(image()); }
  uint32_t timestamp() const { return image()[hw::kContextTimestamp]; }
  std::optional<hw::ContextIndirect> indirect() const;
  std::optional<Gma> per_context_batch() const;
  uint32_t Raw(size_t dword) const { return image()[dword]; }

  // Where the context goes on; just the ring head if restore is inhibited.
  ContextPosition Position() const;
  // The ring tail as guest memory has it now; nullopt: not mapped.
  std::optional<uint32_t> FreshTail() const;

  // As ContextRegisters has them.
  void RestoreLayout(JudgedRegisters& registers) {
    registers_.RestoreLayout(image(), former(), registers);
  }
  void RestoreList(JudgedRegisters& registers) {
    registers_.RestoreList(image(), former(), registers);
  }
  // Puts registers, position and run time into the image, and that into guest memory: only what
  // hardware saves, so that what the guest changed in the meantime (RING_TAIL) stays. The list is
  // kept as it is if `list_is_live` is false.
  void Save(const ContextPosition& position, uint32_t timestamp, bool list_is_live,
            JudgedRegisters& registers);

 private:
  void SaveBatch(const BatchState& batch, size_t upper, size_t lower, size_t state);
  // Dwords of the image, from guest memory. False: not mapped.
  bool Read(size_t first, size_t end);
  bool SaveBlitter(const BlitterState& blitter);
  // Dwords of the image.
  PagePiece Piece(size_t first, size_t end) const;
  Gma state() const { return lrca() + kPageSize; }
  const ContextImage& image() const { return images_[at_]; }
  ContextImage& image() { return images_[at_]; }
  const ContextImage& former() const { return images_[at_ ^ 1]; }

  const hw::Generation generation_;
  const hw::Engine engine_;
  MemoryPort& memory_;
  ContextRegisters registers_;
  hw::ContextDescriptor descriptor_{0};
  std::array<ContextImage, 2> images_{};  // by turns: the context's, and of the one before
  size_t at_ = 0;
};

}  // namespace gvt::gpu::soft
