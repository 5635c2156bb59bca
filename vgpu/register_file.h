// THE register file of a vGPU: 2 MiB of dwords, one place for every way in.
//
// It stores; how a register behaves is for register_behaviour.h. Lock-free: every operation
// completes in a bounded number of steps unless other threads write the same dword.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/zeroed_array.h"
#include "hw/register_table.h"
#include "vgpu/value_runs.h"

namespace gvt::vgpu {

inline constexpr uint32_t kRegisterCount = hw::kMmioBytes / 4;

// What a masked register becomes: bits 31:16 of `written` select which of its low bits change; its
// high half reads as zero. Source: PRM SKL vol 2c, any register with a "Mask" field.
constexpr uint32_t ApplyMasked(uint32_t old, uint32_t written) {
  const uint32_t mask = written >> 16;
  return (old & 0xffff & ~mask) | (written & mask);
}

class RegisterFile {
 public:
  // All registers hold their initial values (initial_values.inc).
  RegisterFile();

  // `offset` of all operations: bytes, below hw::kMmioBytes; bits 1:0 are ignored. Thread rule: any
  // thread; a load sees all that the storing thread did before.
  uint32_t Load(uint32_t offset) const { return Cell(offset).load(std::memory_order_acquire); }
  void Store(uint32_t offset, uint32_t value) {
    Cell(offset).store(value, std::memory_order_release);
  }
  // For std::atomic_ref, with acquire and release.
  uint32_t* PlaceOf(uint32_t offset) { return &cells_[offset / 4]; }
  void StoreMasked(uint32_t offset, uint32_t written) {
    Update(offset, [written](uint32_t old) { return ApplyMasked(old, written); });
  }
  // Only the bits of `select` change.
  void StoreBits(uint32_t offset, uint32_t value, uint32_t select) {
    Update(offset, [=](uint32_t old) { return (old & ~select) | (value & select); });
  }
  void SetBits(uint32_t offset, uint32_t bits) {
    Cell(offset).fetch_or(bits, std::memory_order_acq_rel);
  }
  void ClearBits(uint32_t offset, uint32_t bits) {
    Cell(offset).fetch_and(~bits, std::memory_order_acq_rel);
  }

  // Initial values for [begin, end), bytes; any numbers are legal.
  void ResetRange(uint32_t begin, uint32_t end);

  // All registers, and all of them anew.
  ValueRuns Save() const;
  void Restore(const ValueRuns& runs);

 private:
  template <typename F>
  void Update(uint32_t offset, F change) {
    const std::atomic_ref<uint32_t> cell = Cell(offset);
    uint32_t old = cell.load(std::memory_order_relaxed);
    while (!cell.compare_exchange_weak(old, change(old), std::memory_order_acq_rel)) {
    }
  }

  std::atomic_ref<uint32_t> Cell(uint32_t offset) const {
    return std::atomic_ref<uint32_t>(cells_[offset / 4]);
  }
  void StoreInitialValues(uint32_t begin, uint32_t end);

  // atomic: each dword by itself; stored with release, loaded with acquire
  ZeroedArray<uint32_t> cells_ = MakeZeroedArray<uint32_t>(kRegisterCount);
};

}  // namespace gvt::vgpu
