#include "tests/acrn/device_model.h"

#include <sys/mman.h>

namespace gvt::hostif::acrn {

DeviceModel::DeviceModel(void* vgpu, uint64_t memory_bytes)
    : vgpu_(vgpu),
      bytes_(memory_bytes),
      memory_(
          mmap(nullptr, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
      ok_(memory_ != MAP_FAILED && vm.AddMemory(Gpa(0), memory_bytes, memory_)) {}

DeviceModel::~DeviceModel() {
  if (memory_ != MAP_FAILED) munmap(memory_, bytes_);
}

}  // namespace gvt::hostif::acrn
