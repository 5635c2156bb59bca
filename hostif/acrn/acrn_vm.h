// A user virtual machine of ACRN, as a vGPU needs it.
//
// Source: linux/acrn.h (the life of a request: PENDING by the hypervisor, PROCESSING by the service
// module, COMPLETE by us; all of it ours while PROCESSING).
#pragma once

#include <linux/acrn.h>

#include <cstdint>
#include <functional>
#include <span>

#include "base/address.h"
#include "base/result.h"
#include "hostif/acrn/hsm.h"
#include "hostif/guest_memory.h"

namespace gvt::hostif::acrn {

// An access of the guest's that is the device's. `value`: 1, 2, 4 or 8 bytes.
struct GuestAccess {
  bool config = false;  // PCI configuration space of our function; else guest address
  bool write = false;
  uint64_t address = 0;
  uint32_t bytes = 0;
  uint64_t value = 0;
};

class AcrnVm {
 public:
  // False: nobody is there; reads then answer all ones.
  using Handler = std::function<bool(GuestAccess& access)>;

  // `hsm` and the request buffer (of ACRN_IOCTL_CREATE_VM) outlive the object. `slot_bdf`: bus,
  // device, function of the vGPU, 8, 5 and 3 bits.
  AcrnVm(Hsm& hsm, uint16_t vm_id, acrn_io_request_buffer& requests, uint16_t slot_bdf)
      : hsm_(hsm), vm_id_(vm_id), requests_(requests), slot_bdf_(slot_bdf) {}

  // Memory of this process becomes the guest's, or is the guest's no longer. As GuestMemory's;
  // kIo: the service module refuses (detail: errno).
  Result<void> AddMemory(Gpa start, uint64_t size_bytes, void* address);
  Result<void> RemoveMemory(Gpa start, uint64_t size_bytes);
  // Machine frames as the guest's uncached memory, or no longer.
  Result<void> MapFrames(Gfn at, uint64_t frame, uint32_t count, bool map);
  // kIo.
  Result<void> InjectMsi(uint64_t address, uint32_t data);

  // Answers requests until the machine ends: the service module says so. kIo. Thread rule: one
  // thread, which `handler` is called on.
  Result<void> Serve(const Handler& handler);

  GuestMemory& memory() { return memory_; }

 private:
  Result<void> Control(unsigned long request, uintptr_t argument);
  Result<void> SetSegment(unsigned long request, acrn_vm_memmap map);
  void Answer(acrn_io_request& request, const Handler& handler) const;
  bool IsOurs(const acrn_pci_request& request) const;

  Hsm& hsm_;
  const uint16_t vm_id_;
  acrn_io_request_buffer& requests_;
  const uint16_t slot_bdf_;
  GuestMemory memory_;
};

}  // namespace gvt::hostif::acrn
