// What a guest has in its hands: a device, memory, an interrupt line. The embedded machine is one
// way to give them; a virtual machine of some hypervisor is another.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"

namespace gvt::hostif::embedded {

class GuestPorts {
 public:
  virtual ~GuestPorts() = default;

  virtual uint64_t memory_bytes() const = 0;  // from guest address 0 on

  // A processor's access to a region of the device. A read that the device refuses leaves `data`.
  virtual void ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const = 0;
  virtual void WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) = 0;

  // A processor's access to memory, naturally aligned. False, or all ones: no such address.
  virtual uint32_t Load32(Gpa from) const = 0;
  virtual bool Store32(Gpa to, uint32_t value) = 0;
  virtual bool Store64(Gpa to, uint64_t value) = 0;
  // One behind the other; a machine may have a shorter way to do that.
  // Inline as all virtual members here: who derives from the class may be compiled with RTTI.
  virtual bool Store(Gpa to, std::span<const uint32_t> dwords) {
    for (const uint32_t dword : dwords) {
      if (!Store32(to, dword)) return false;
      to = to + sizeof dword;
    }
    return true;
  }

  // How many have come.
  virtual uint64_t interrupts() const = 0;
  // Waits until more than `seen` have come. False: the time is over.
  virtual bool WaitForInterrupt(uint64_t seen, std::chrono::milliseconds limit) = 0;

  // Of BAR0, of the GGTT, of the configuration space; all ones if the device refuses.
  uint32_t ReadRegister(uint32_t offset) const;
  void WriteRegister(uint32_t offset, uint32_t value);
  void WriteGgttEntry(uint64_t page, uint64_t entry);
  uint32_t ReadConfig(uint32_t offset) const;
  void WriteConfig(uint32_t offset, uint32_t value);
};

}  // namespace gvt::hostif::embedded
