// Mappings are kept as they were made, for an unmap must name them whole: that is the second
// version's promise to a VMM, and what tells it that its own idea of the map is wrong.
//
// Invariant: mappings do not overlap, are whole pages, and end below 2^64.
// Source: linux/vfio.h (VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA).
#include "hostif/vfio_preload/dma_map.h"

#include <cerrno>
#include <iterator>

namespace gvt::hostif::vfio_preload {
namespace {

bool IsPageRange(uint64_t begin, uint64_t size_bytes) {
  return size_bytes != 0 && begin % kDmaPageBytes == 0 && size_bytes % kDmaPageBytes == 0 &&
         begin + (size_bytes - 1) >= begin;
}

}  // namespace

// `address` and the one before it belong to the same mapping.
bool DmaMap::IsInside(uint64_t address) const {
  auto behind = mappings_.lower_bound(address);
  if (behind == mappings_.begin()) return false;
  const DmaMapping& before = std::prev(behind)->second;
  return address - before.iova < before.size_bytes;
}

int DmaMap::Map(const DmaMapping& mapping) {
  const uint64_t size = mapping.size_bytes;
  if (!IsPageRange(mapping.iova, size) || !IsPageRange(mapping.vaddr, size)) return -EINVAL;
  const uint64_t end = mapping.iova + size;
  if (end == 0 || mapping.vaddr + size == 0) return -EINVAL;
  const auto next = mappings_.lower_bound(mapping.iova);
  if (next != mappings_.end() && next->first < end) return -EEXIST;
  if (IsInside(mapping.iova)) return -EEXIST;
  if (mappings_.size() >= kMaxDmaMappings) return -ENOSPC;
  mappings_.emplace(mapping.iova, mapping);
  return 0;
}

int DmaMap::Unmap(uint64_t iova, uint64_t size_bytes, uint64_t* removed) {
  *removed = 0;
  if (!IsPageRange(iova, size_bytes)) return -EINVAL;
  const uint64_t end = iova + size_bytes;  // 0: the end of the address space
  if (IsInside(iova) || (end != 0 && IsInside(end))) return -EINVAL;
  const auto first = mappings_.lower_bound(iova);
  const auto last = end == 0 ? mappings_.end() : mappings_.lower_bound(end);
  for (auto it = first; it != last; ++it) *removed += it->second.size_bytes;
  mappings_.erase(first, last);
  return 0;
}

uint64_t DmaMap::Clear() {
  uint64_t removed = 0;
  for (const auto& [iova, mapping] : mappings_) removed += mapping.size_bytes;
  mappings_.clear();
  return removed;
}

}  // namespace gvt::hostif::vfio_preload
