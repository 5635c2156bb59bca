// Big arrays of zeros that cost memory only where they are written.
//
// Each is a mapping of its own. An allocator would give out again what a former vGPU has used, and
// write zeros over all of it.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>

#include "base/check.h"

namespace gvt {

struct UnmapMemory {
  size_t size_bytes = 0;
  void operator()(void* memory) const { munmap(memory, size_bytes); }
};
template <typename T>
using ZeroedArray = std::unique_ptr<T[], UnmapMemory>;

// T: an unsigned integer, shared between threads through std::atomic_ref; or bytes. Begins at a
// page. Null: there is no memory, or `count` is 0.
template <typename T>
ZeroedArray<T> TryZeroedArray(size_t count) {
  const size_t size_bytes = count * sizeof(T);
  void* memory = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return ZeroedArray<T>(nullptr, UnmapMemory{});
  return ZeroedArray<T>(static_cast<T*>(memory), UnmapMemory{size_bytes});
}

// The same of a size that is ours.
template <typename T>
ZeroedArray<T> MakeZeroedArray(size_t count) {
  ZeroedArray<T> array = TryZeroedArray<T>(count);
  GVT_CHECK(array != nullptr, "the host is out of memory; the size is ours, not the guest's");
  return array;
}

}  // namespace gvt
