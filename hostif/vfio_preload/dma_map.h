// Which I/O virtual addresses a VMM has mapped to where in its process, by the rules of VFIO's
// type-1 IOMMU, version 2.
//
// Functions answer as the kernel's ioctls do: 0, or a negative errno.
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace gvt::hostif::vfio_preload {

inline constexpr uint64_t kDmaPageBytes = 4096;
// As many as the core has slots; QEMU needs about a dozen.
inline constexpr size_t kMaxDmaMappings = 512;

struct DmaMapping {
  uint64_t iova = 0;
  uint64_t size_bytes = 0;
  uint64_t vaddr = 0;  // in the VMM's process
  bool writable = false;
};

class DmaMap {
 public:
  // -EINVAL: empty, not whole pages, or past the end of an address space. -EEXIST: overlaps.
  // -ENOSPC: kMaxDmaMappings.
  int Map(const DmaMapping& mapping);
  // Removes the mappings that lie in the range; holes are fine. *removed: how many bytes they had.
  // -EINVAL: as above, or the range would cut a mapping in two; then nothing is removed.
  int Unmap(uint64_t iova, uint64_t size_bytes, uint64_t* removed);
  // Removes everything; gives the number of bytes.
  uint64_t Clear();

  // By their iova.
  const std::map<uint64_t, DmaMapping>& mappings() const { return mappings_; }

 private:
  bool IsInside(uint64_t address) const;

  std::map<uint64_t, DmaMapping> mappings_;
};

}  // namespace gvt::hostif::vfio_preload
