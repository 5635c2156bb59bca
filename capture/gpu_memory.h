// GPU memory as one submission's context sees it.
//
// Readers implement one function, Page(); everything else is built on it. "Mapped but never
// written" pages read as zero, because captures leave out pages that the CPU never touched.
//
// Thread rule: one thread per CaptureFile.
#pragma once

#include <cstddef>
#include <span>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::capture {

class GpuMemory {
 public:
  GpuMemory() = default;
  GpuMemory(const GpuMemory&) = delete;
  GpuMemory& operator=(const GpuMemory&) = delete;
  virtual ~GpuMemory() = default;

  // The 4096 bytes of the page that holds `address` (bits 63:48 are ignored: canonical form is
  // accepted), or nullptr if `space` does not map it. Valid until the next call of
  // CaptureFile::NextSubmission. Cost: a page walk, or a hit in a small cache.
  virtual const std::byte* Page(hw::AddressSpace space, Gma address) const = 0;

  // Copies from `address` on, across pages; returns the bytes copied, less than out.size() iff a
  // page is not mapped or the 48-bit address space ends. Never fails otherwise.
  size_t Read(hw::AddressSpace space, Gma address, std::span<std::byte> out) const;
};

}  // namespace gvt::capture
