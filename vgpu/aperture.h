// BAR2: the CPU's window onto the mappable part of the vGPU's graphics memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hostif/guest_memory.h"
#include "sched/ggtt_port.h"
#include "vgpu/fence.h"
#include "vgpu/register_file.h"

namespace gvt::vgpu {

class Aperture {
 public:
  // All outlive the object. `fence_count`: at most kMaxFences.
  Aperture(hostif::GuestMemory& memory, const sched::GgttPort& ggtt, const RegisterFile& file,
           uint32_t fence_count)
      : memory_(memory), ggtt_(ggtt), file_(file), fence_count_(fence_count) {}

  // What is not mapped reads as zero and drops writes. Thread rule: any thread. An aligned access
  // of 4 or 8 bytes is atomic for the guest's other CPUs and for engines.
  void Read(uint64_t offset, std::span<std::byte> out) const;
  void Write(uint64_t offset, std::span<const std::byte> data);

 private:
  struct Piece {
    Gma address;  // where the bytes lie, tiles taken into account
    uint64_t bytes;
  };
  Piece PieceAt(Gma address, uint64_t bytes) const;

  hostif::GuestMemory& memory_;
  const sched::GgttPort& ggtt_;
  const RegisterFile& file_;
  const uint32_t fence_count_;
};

}  // namespace gvt::vgpu
