// An access of the guest's CPU to the register part of BAR0, of any width and alignment, turned
// into accesses to whole registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "hw/register_table.h"
#include "vgpu/mmio_context.h"
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {

class RegisterAccess {
 public:
  // `context` outlives the object.
  explicit RegisterAccess(MmioContext& context)
      : context_(context), map_(BehaviourMap::Of(context.platform)) {}

  // Bytes beyond hw::kMmioBytes read as zero and drop writes. Thread rule: any thread. Cost of a
  // plain register: no lock, no call through a pointer.
  void Read(uint32_t offset, std::span<std::byte> out) {
    if (!IsPlainDword(offset, out.size())) return ReadPieces(offset, out);
    const uint32_t value = context_.file.Load(offset);
    std::memcpy(out.data(), &value, sizeof value);
  }
  void Write(uint32_t offset, std::span<const std::byte> data) {
    if (!IsPlainDword(offset, data.size())) return WritePieces(offset, data);
    uint32_t value = 0;
    std::memcpy(&value, data.data(), sizeof value);
    context_.file.Store(offset, value);
  }

  // As command streams of the device's own engines see registers: the policy was asked before.
  uint32_t ReadByEngine(uint32_t offset) const {
    return offset < hw::kMmioBytes ? context_.file.Load(offset) : 0;
  }
  void WriteByEngine(uint32_t offset, uint32_t value) {
    if (offset >= hw::kMmioBytes) return;
    if (map_.IsPlain(offset)) [[likely]] {
      context_.file.Store(offset, value);
    } else {
      WriteActingByEngine(offset, value);
    }
  }

 private:
  void WriteActingByEngine(uint32_t offset, uint32_t value);
  bool IsPlainDword(uint32_t offset, size_t bytes) const {
    return bytes == sizeof(uint32_t) && offset % sizeof(uint32_t) == 0 && offset < hw::kMmioBytes &&
           map_.IsPlain(offset);
  }
  void ReadPieces(uint32_t offset, std::span<std::byte> out);
  void WritePieces(uint32_t offset, std::span<const std::byte> data);
  uint32_t ReadRegister(uint32_t offset);
  // Writes the bytes of `value` that `select` covers.
  void WriteRegister(uint32_t offset, uint32_t value, uint32_t select);
  bool MayWrite(const Behaviour& behaviour, uint32_t offset, uint32_t value);

  MmioContext& context_;
  const BehaviourMap& map_;
};

}  // namespace gvt::vgpu
