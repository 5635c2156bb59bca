// What KVM gives a vGPU, over the file of a virtual machine that somebody else made and runs:
// memory, messages, and both kinds of event files.
//
// A message goes out by KVM_SIGNAL_MSI with the address and data that the guest wrote, so that
// nothing has to follow the routing. A line (irqfd) is for those who have an event file and no
// virtual machine, such as another process; a doorbell (ioeventfd) is for writes whose data is
// known or does not count: KVM answers them without an exit.
//
// Thread rule: any thread. Source: linux Documentation/virt/kvm/api.rst.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/result.h"
#include "hostif/kvm/memory_slots.h"

namespace gvt::hostif::kvm {

class VmServices {
 public:
  // As MemorySlots'.
  VmServices(int vm_file, uint32_t first_slot, uint32_t slot_count)
      : vm_file_(vm_file), slots_(vm_file, first_slot, slot_count) {}

  MemorySlots& slots() { return slots_; }

  // kIo (all of them): KVM refuses; detail: errno. Waits for no guest.
  Result<void> SignalMsi(uint64_t address, uint32_t data);
  // From now on each write to `event_file` is that message, on interrupt `line` (24 to 4095: those
  // below are the chips'). All other routes of the machine's are replaced.
  Result<void> SetLine(int event_file, uint32_t line, uint64_t address, uint32_t data);
  // From now on a guest's write of `bytes` (1, 2, 4, 8) at `at` is a count in `event_file`, and not
  // an exit; what it wrote is lost.
  Result<void> SetDoorbell(int event_file, Gpa at, uint32_t bytes);
  Result<void> RemoveDoorbell(int event_file, Gpa at, uint32_t bytes);

 private:
  Result<void> Doorbell(int event_file, Gpa at, uint32_t bytes, uint32_t flags);

  const int vm_file_;
  MemorySlots slots_;
};

}  // namespace gvt::hostif::kvm
