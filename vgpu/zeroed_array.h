// Big arrays of zeros that cost memory only where they are written.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "base/check.h"

namespace gvt::vgpu {

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};
template <typename T>
using ZeroedArray = std::unique_ptr<T[], FreeMemory>;

// T: an unsigned integer, shared between threads through std::atomic_ref.
template <typename T>
ZeroedArray<T> MakeZeroedArray(size_t count) {
  void* memory = std::calloc(count, sizeof(T));
  GVT_CHECK(memory != nullptr, "the host is out of memory; the size is ours, not the guest's");
  return ZeroedArray<T>(static_cast<T*>(memory));
}

}  // namespace gvt::vgpu
