// What every table of GVT-g's members over a GuestMemory does alike: results as errno values, and
// copies in which a naturally aligned word of 8 bytes moves in one access (GuestMemory itself moves
// aligned dwords whole).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/address.h"
#include "base/result.h"
#include "hostif/guest_memory.h"

namespace gvt::hostif {

// 0, or a negative value of <errno.h>: the system's own where there is one.
inline int ErrnoOf(const Result<void>& result) {
  if (result) return 0;
  const Error error = result.error();
  const bool from_system = error.code == ErrorCode::kIo && error.detail != 0;
  return from_system ? -static_cast<int>(error.detail) : -EINVAL;
}

// read_gpa and write_gpa. `length` > 0. -EFAULT: some byte is not there.
inline int ReadGpa(const GuestMemory& memory, uint64_t gpa, void* data, size_t length) {
  if (length != sizeof(uint64_t) || gpa % sizeof(uint64_t) != 0) {
    return memory.Read(Gpa(gpa), {static_cast<std::byte*>(data), length}) ? 0 : -EFAULT;
  }
  uint64_t value = 0;
  if (!memory.Load64(Gpa(gpa), &value)) return -EFAULT;
  std::memcpy(data, &value, sizeof value);
  return 0;
}

inline int WriteGpa(GuestMemory& memory, uint64_t gpa, const void* data, size_t length) {
  if (length != sizeof(uint64_t) || gpa % sizeof(uint64_t) != 0) {
    return memory.Write(Gpa(gpa), {static_cast<const std::byte*>(data), length}) ? 0 : -EFAULT;
  }
  uint64_t value = 0;
  std::memcpy(&value, data, sizeof value);
  return memory.Store64(Gpa(gpa), value) ? 0 : -EFAULT;
}

}  // namespace gvt::hostif
