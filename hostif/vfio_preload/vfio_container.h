// VFIO's container: an IOMMU context of type 1, and the device that uses it.
//
// Functions answer as the kernel does: 0 or a count, or a negative errno.
// Thread rule: any thread; one lock, held while the device gives memory back.
#pragma once

#include <mutex>

#include "hostif/vfio_preload/dma_map.h"
#include "hostif/vfio_preload/vfio_device.h"

namespace gvt::hostif::vfio_preload {

class VfioContainer {
 public:
  int Ioctl(unsigned long request, void* argument);

  // A group joins or leaves. Without one there is no IOMMU, and no mapping.
  void AttachGroup();
  void DetachGroup();
  bool has_iommu() const;

  // Gives the device all that is mapped, now and later. `device` outlives its use here.
  int AttachDevice(VfioDevice* device);
  void DetachDevice();

 private:
  int SetIommu(unsigned long type);
  int GetIommuInfo(void* argument) const;
  int MapDma(const void* argument);
  int UnmapDma(void* argument);

  mutable std::mutex lock_;  // guards all below
  bool has_group_ = false;
  bool has_iommu_ = false;
  DmaMap map_;
  VfioDevice* device_ = nullptr;
};

}  // namespace gvt::hostif::vfio_preload
