// Whether QEMU may lock the memory that it is asked to lock. The device needs none locked; who
// wants guest memory never to be swapped out locks it in QEMU.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace gvt::tools {

// How much a process may lock.
struct LockLimit {
  static constexpr uint64_t kUnlimited = ~uint64_t{0};
  uint64_t bytes = kUnlimited;
};

// Of this process: RLIMIT_MEMLOCK, unless CAP_IPC_LOCK is held.
LockLimit OwnLockLimit();

// `words`: QEMU's command line. Empty: it asks for nothing to be locked, or may; else what it asks
// for, what the limit is and how to raise it.
std::string LockComplaint(std::span<const std::string> words, LockLimit limit);

}  // namespace gvt::tools
