// An access of the guest's CPU to the register part of BAR0, of any width and alignment, turned
// into accesses to whole registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/check.h"
#include "hw/register_table.h"
#include "vgpu/mmio_context.h"
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {

class RegisterAccess {
 public:
  // `context` outlives the object.
  explicit RegisterAccess(MmioContext& context)
      : context_(context), file_(context.file), map_(BehaviourMap::Of(context.platform)) {}

  // Bytes beyond hw::kMmioBytes read as zero and drop writes. Thread rule: any thread.
  void Read(uint32_t offset, std::span<std::byte> out);
  void Write(uint32_t offset, std::span<const std::byte> data);

  // The same for a whole register that does nothing but store, as nearly all accesses are: no lock,
  // and no call. False: it is another access; nothing was done.
  // HOT: bench/host_bench.cc BM_Host; no alloc, no lock, no virtual call, no syscall
  GVT_HOT bool ReadStored(uint64_t offset, std::span<std::byte> out) const {
    if (!IsDword(offset, out.size()) || !map_.ReadsStored(static_cast<uint32_t>(offset))) {
      return false;
    }
    const uint32_t value = file_.Load(static_cast<uint32_t>(offset));
    std::memcpy(out.data(), &value, sizeof value);
    return true;
  }
  // HOT: bench/host_bench.cc BM_Host; no alloc, no lock, no virtual call, no syscall
  GVT_HOT bool StorePlain(uint32_t offset, uint32_t value) {
    if (!map_.IsPlain(offset)) return false;
    file_.Store(offset, value);
    return true;
  }
  // Any register. `offset` of both: IsDword.
  void WriteDword(uint32_t offset, uint32_t value) { WriteRegister(offset, value, ~0u); }
  // A whole register.
  static bool IsDword(uint64_t offset, size_t bytes) {
    return bytes == sizeof(uint32_t) && offset % sizeof(uint32_t) == 0 && offset < hw::kMmioBytes;
  }

  // As command streams of the device's own engines see registers: the policy was asked before.
  uint32_t ReadByEngine(uint32_t offset) const {
    return offset < hw::kMmioBytes ? file_.Load(offset) : 0;
  }
  void WriteByEngine(uint32_t offset, uint32_t value) {
    if (offset >= hw::kMmioBytes) return;
    if (map_.EnginesStore(offset)) [[likely]] {
      file_.Store(offset, value);
    } else {
      StoreByEngine(offset, value);
      context_.written.Add(offset);
    }
  }
  // As gpu::RegisterPort::PlaceOf.
  uint32_t* PlaceForEngine(uint32_t offset) {
    const bool stored = offset < hw::kMmioBytes && map_.EnginesStore(offset);
    return stored ? file_.PlaceOf(offset) : nullptr;
  }
  // A context's own value comes back: it is not told as written.
  void RestoreByEngine(uint32_t offset, uint32_t value) {
    if (offset < hw::kMmioBytes) StoreByEngine(offset, value);
  }

 private:
  void StoreByEngine(uint32_t offset, uint32_t value);
  void ReadPieces(uint32_t offset, std::span<std::byte> out);
  void WritePieces(uint32_t offset, std::span<const std::byte> data);
  uint32_t ReadDword(uint32_t offset) {
    return map_.ReadsStored(offset) ? file_.Load(offset) : ReadActing(offset);
  }
  uint32_t ReadActing(uint32_t offset);
  // Writes the bytes of `value` that `select` covers.
  void WriteRegister(uint32_t offset, uint32_t value, uint32_t select);
  void StoreOrAct(const Behaviour& behaviour, uint32_t offset, uint32_t value, uint32_t select);
  bool MayWrite(const Behaviour& behaviour, uint32_t offset, uint32_t value);

  MmioContext& context_;
  RegisterFile& file_;
  const BehaviourMap& map_;
};

}  // namespace gvt::vgpu
