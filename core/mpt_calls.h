// The members of an MPT table as the core sees them: each with its generic default, and with a
// result instead of sentinels.
//
// Thread rule: any thread. Cost: a test and the table's own.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gvtcore/mpt.h"

namespace gvt::core {

class MptCalls {
 public:
  // `table` outlives the object.
  explicit MptCalls(const gvtcore_mpt_t& table) : table_(table) {}

  // The member without which nothing works is there, and no half of a pair.
  static bool IsComplete(const gvtcore_mpt_t& table) {
    return table.inject_msi != nullptr && MovesMemory(table) == (table.write_gpa != nullptr);
  }
  // The table has read_gpa and write_gpa; else memory is what the hypervisor's side lends.
  static bool MovesMemory(const gvtcore_mpt_t& table) { return table.read_gpa != nullptr; }
  bool moves_memory() const { return MovesMemory(table_); }

  int HostInit(struct device* dev, void* gvt, const gvtcore_mpt_ops_t& ops) const {
    return table_.host_init != nullptr ? table_.host_init(dev, gvt, &ops) : 0;
  }
  void HostExit(struct device* dev, void* gvt) const {
    if (table_.host_exit != nullptr) table_.host_exit(dev, gvt);
  }
  int Attach(void* vgpu, unsigned long* handle) const {
    return table_.attach_vgpu != nullptr ? table_.attach_vgpu(vgpu, handle) : 0;
  }
  void Detach(void* vgpu) const {
    if (table_.detach_vgpu != nullptr) table_.detach_vgpu(vgpu);
  }
  int InjectMsi(unsigned long handle, uint32_t address, uint16_t data) const {
    return table_.inject_msi(handle, address, data);
  }
  // Of an address of this process.
  std::optional<uint64_t> MachineFrameOf(void* address) const {
    return table_.from_virt_to_mfn != nullptr ? Frame(table_.from_virt_to_mfn(address))
                                              : std::nullopt;
  }
  std::optional<uint64_t> MachineFrame(unsigned long handle, uint64_t gfn) const {
    return table_.gfn_to_mfn != nullptr ? Frame(table_.gfn_to_mfn(handle, gfn)) : std::nullopt;
  }
  int EnablePageTrack(unsigned long handle, uint64_t gfn) const {
    return table_.enable_page_track != nullptr ? table_.enable_page_track(handle, gfn)
                                               : -EOPNOTSUPP;
  }
  int DisablePageTrack(unsigned long handle, uint64_t gfn) const {
    return table_.disable_page_track != nullptr ? table_.disable_page_track(handle, gfn) : 0;
  }
  // ReadGpa and WriteGpa: only if moves_memory().
  int ReadGpa(unsigned long handle, uint64_t gpa, void* data, size_t length) const {
    return table_.read_gpa(handle, gpa, data, length);
  }
  // The table's shape asks for a buffer that can be written, which it does not do.
  int WriteGpa(unsigned long handle, uint64_t gpa, const void* data, size_t length) const {
    return table_.write_gpa(handle, gpa, const_cast<void*>(data), length);
  }
  int MapForDma(unsigned long handle, uint64_t gfn, uint64_t size_bytes, uint64_t* address) const {
    return table_.dma_map_guest_page != nullptr
               ? table_.dma_map_guest_page(handle, gfn, size_bytes, address)
               : -EOPNOTSUPP;
  }
  void UnmapForDma(unsigned long handle, uint64_t address) const {
    if (table_.dma_unmap_guest_page != nullptr) table_.dma_unmap_guest_page(handle, address);
  }
  int PinForDma(unsigned long handle, uint64_t address) const {
    return table_.dma_pin_guest_page != nullptr ? table_.dma_pin_guest_page(handle, address)
                                                : -EOPNOTSUPP;
  }
  int MapMachineFrames(unsigned long handle, uint64_t gfn, uint64_t mfn, uint32_t count,
                       bool map) const {
    return table_.map_gfn_to_mfn != nullptr ? table_.map_gfn_to_mfn(handle, gfn, mfn, count, map)
                                            : 0;
  }
  // `last` is the last address of the area.
  int SetTrapArea(unsigned long handle, uint64_t first, uint64_t last, bool on) const {
    return table_.set_trap_area != nullptr ? table_.set_trap_area(handle, first, last, on) : 0;
  }
  bool IsValidFrame(unsigned long handle, uint64_t gfn) const {
    if (table_.is_valid_gfn != nullptr) return table_.is_valid_gfn(handle, gfn);
    uint8_t probe = 0;
    return ReadGpa(handle, gfn << 12, &probe, sizeof probe) == 0;
  }

 private:
  static std::optional<uint64_t> Frame(unsigned long frame) {
    if (frame == GVTCORE_INVALID_MFN) return std::nullopt;
    return frame;
  }

  const gvtcore_mpt_t& table_;
};

}  // namespace gvt::core
