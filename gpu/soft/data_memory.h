// Data that commands load and store, and what a store does to the copy of code that is running.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/range.h"
#include "gpu/memory_port.h"
#include "hw/platform.h"

namespace gvt::gpu::soft {

// Where a command reads or writes.
struct DataAddress {
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  uint64_t value = 0;

  DataAddress Plus(uint64_t bytes) const { return {space, value + bytes}; }
};

// The first access that met no page; nothing is executed behind it.
struct DataFault {
  bool pending = false;
  bool write = false;
  DataAddress address;
};

class DataMemory {
 public:
  explicit DataMemory(MemoryPort& port) : port_(port) {}

  // Single accesses align the address down to their size. An address without a page reads as 0 and
  // leaves a fault; a page that may not be written swallows the store, as hardware does.
  uint32_t Load32(DataAddress from);
  uint64_t Load64(DataAddress from);
  void Store32(DataAddress to, uint32_t value);
  // Two stores if `to` is only dword aligned.
  void Store64(DataAddress to, uint64_t value);
  // Any alignment; may cross pages.
  void LoadBytes(DataAddress from, std::span<std::byte> out);
  void StoreBytes(DataAddress to, std::span<const std::byte> data);
  // Iff memory holds *expected it becomes `desired`; *expected becomes what it held. True: done, or
  // there is nothing to retry.
  bool CompareExchange32(DataAddress at, uint32_t* expected, uint32_t desired);
  bool CompareExchange64(DataAddress at, uint64_t* expected, uint64_t desired);

  // The code that runs, from the next command to the end of its copy. A store into it sets
  // code_changed().
  void Watch(hw::AddressSpace space, Range code) {
    watched_space_ = space;
    watched_ = code;
    code_changed_ = false;
  }
  bool code_changed() const { return code_changed_; }

  const DataFault& fault() const { return fault_; }
  void ForgetFault() { fault_ = {}; }
  MemoryPort& port() { return port_; }

 private:
  void Stored(DataAddress to, uint64_t size_bytes);
  void Refused(DataAddress at, bool write);

  MemoryPort& port_;
  hw::AddressSpace watched_space_ = hw::AddressSpace::kGgtt;
  Range watched_;
  bool code_changed_ = false;
  DataFault fault_;
};

}  // namespace gvt::gpu::soft
