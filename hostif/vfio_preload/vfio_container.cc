// The map is the container's, not the device's: a VMM maps its memory before it opens the device,
// and may open it again later.
//
// Invariant: while a device is attached, its memory is exactly what is mapped.
// Source: linux/vfio.h.
#include "hostif/vfio_preload/vfio_container.h"

#include <linux/vfio.h>

#include <cerrno>
#include <cstdint>

#include "hostif/vfio_preload/ioctl_argument.h"

namespace gvt::hostif::vfio_preload {
namespace {

// Whole pages, of 4 KiB and more.
constexpr uint64_t kPageSizes = ~(kDmaPageBytes - 1);

bool IsKnownType(unsigned long type) {
  return type == VFIO_TYPE1_IOMMU || type == VFIO_TYPE1v2_IOMMU;
}

}  // namespace

int VfioContainer::Ioctl(unsigned long request, void* argument) {
  const auto number = reinterpret_cast<uintptr_t>(argument);
  switch (request) {
    case VFIO_GET_API_VERSION: return VFIO_API_VERSION;
    case VFIO_CHECK_EXTENSION: return IsKnownType(number) || number == VFIO_UNMAP_ALL ? 1 : 0;
    case VFIO_SET_IOMMU: return SetIommu(number);
    default: break;
  }
  const std::lock_guard guard(lock_);
  if (!has_iommu_) return -EINVAL;
  switch (request) {
    case VFIO_IOMMU_GET_INFO: return GetIommuInfo(argument);
    case VFIO_IOMMU_MAP_DMA: return MapDma(argument);
    case VFIO_IOMMU_UNMAP_DMA: return UnmapDma(argument);
    default: return -ENOTTY;
  }
}

void VfioContainer::AttachGroup() {
  const std::lock_guard guard(lock_);
  has_group_ = true;
}

void VfioContainer::DetachGroup() {
  const std::lock_guard guard(lock_);
  has_group_ = false;
  has_iommu_ = false;
  map_.Clear();
}

bool VfioContainer::has_iommu() const {
  const std::lock_guard guard(lock_);
  return has_iommu_;
}

int VfioContainer::AttachDevice(VfioDevice* device) {
  const std::lock_guard guard(lock_);
  for (const auto& [iova, mapping] : map_.mappings()) {
    if (const int error = device->AddMemory(mapping); error != 0) {
      device->Close();
      return error;
    }
  }
  device_ = device;
  return 0;
}

void VfioContainer::DetachDevice() {
  const std::lock_guard guard(lock_);
  device_ = nullptr;
}

int VfioContainer::SetIommu(unsigned long type) {
  const std::lock_guard guard(lock_);
  if (!has_group_ || has_iommu_) return -EINVAL;
  if (!IsKnownType(type)) return -ENODEV;
  has_iommu_ = true;
  return 0;
}

int VfioContainer::GetIommuInfo(void* argument) const {
  constexpr uint32_t kBytes = offsetof(vfio_iommu_type1_info, iova_pgsizes) + sizeof(uint64_t);
  vfio_iommu_type1_info info = {};
  if (const int error = CopyIn(argument, &info, kBytes); error != 0) return error;
  info.flags = VFIO_IOMMU_INFO_PGSIZES;
  info.iova_pgsizes = kPageSizes;
  return CopyOut(argument, info, kBytes);
}

int VfioContainer::MapDma(const void* argument) {
  vfio_iommu_type1_dma_map map = {};
  if (const int error = CopyIn(argument, &map); error != 0) return error;
  constexpr uint32_t kAccess = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
  if ((map.flags & ~kAccess) != 0 || (map.flags & kAccess) == 0) return -EINVAL;
  const DmaMapping mapping{map.iova, map.size, map.vaddr,
                           (map.flags & VFIO_DMA_MAP_FLAG_WRITE) != 0};
  if (const int error = map_.Map(mapping); error != 0) return error;
  const int error = device_ != nullptr ? device_->AddMemory(mapping) : 0;
  if (error != 0) {
    uint64_t removed = 0;
    map_.Unmap(mapping.iova, mapping.size_bytes, &removed);
  }
  return error;
}

int VfioContainer::UnmapDma(void* argument) {
  constexpr uint32_t kBytes = offsetof(vfio_iommu_type1_dma_unmap, size) + sizeof(uint64_t);
  vfio_iommu_type1_dma_unmap unmap = {};
  if (const int error = CopyIn(argument, &unmap, kBytes); error != 0) return error;
  if ((unmap.flags & ~uint32_t{VFIO_DMA_UNMAP_FLAG_ALL}) != 0) return -EINVAL;
  uint64_t removed = 0;
  if (unmap.flags != 0) {
    if (unmap.iova != 0 || unmap.size != 0) return -EINVAL;
    unmap.size = kPageSizes;  // every page but the last, which no mapping has
    removed = map_.Clear();
  } else if (const int error = map_.Unmap(unmap.iova, unmap.size, &removed); error != 0) {
    return error;
  }
  if (device_ != nullptr && removed != 0) {
    // The core wants a range to end below 2^64; no mapping has the last page.
    const uint64_t over = unmap.iova + unmap.size == 0 ? kDmaPageBytes : 0;
    device_->RemoveMemory(unmap.iova, unmap.size - over);
  }
  unmap.size = removed;
  return CopyOut(argument, unmap, kBytes);
}

}  // namespace gvt::hostif::vfio_preload
