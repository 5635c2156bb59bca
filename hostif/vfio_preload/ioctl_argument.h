// Arguments of VFIO's ioctls: structures that begin with their size in bytes, of which a caller
// may know less, or more, than we do.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace gvt::hostif::vfio_preload {

// Copies the first `bytes` of the caller's structure. -EFAULT: there is none. -EINVAL: it says that
// it is shorter.
template <typename T>
int CopyIn(const void* from, T* to, uint32_t bytes = sizeof(T)) {
  static_assert(sizeof(T) >= sizeof(uint32_t));
  if (from == nullptr) return -EFAULT;
  uint32_t argsz = 0;
  std::memcpy(&argsz, from, sizeof argsz);
  if (argsz < bytes) return -EINVAL;
  std::memcpy(to, from, bytes);
  return 0;
}

template <typename T>
int CopyOut(void* to, const T& from, uint32_t bytes = sizeof(T)) {
  std::memcpy(to, &from, bytes);
  return 0;
}

}  // namespace gvt::hostif::vfio_preload
