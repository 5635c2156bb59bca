// Invariants: 1. a request is read and answered only while it is PROCESSING, and COMPLETE is stored
// with release behind the answer; 2. what the guest says in a request is bounded before it is used.
#include "hostif/acrn/acrn_vm.h"

#include <sys/ioctl.h>  // the header of ACRN uses its macros

#include <atomic>
#include <cerrno>

namespace gvt::hostif::acrn {
namespace {

uint64_t AllOnes(uint64_t bytes) {
  return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1;
}

bool IsWidth(uint64_t bytes) {
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

}  // namespace

Result<void> AcrnVm::Control(unsigned long request, uintptr_t argument) {
  const int answer = hsm_.Control(request, argument);
  if (answer < 0) return Error{ErrorCode::kIo, 0, static_cast<uint32_t>(-answer)};
  return {};
}

Result<void> AcrnVm::SetSegment(unsigned long request, acrn_vm_memmap map) {
  return Control(request, reinterpret_cast<uintptr_t>(&map));
}

Result<void> AcrnVm::AddMemory(Gpa start, uint64_t size_bytes, void* address) {
  if (Result<void> added = memory_.Add(start, size_bytes, address, false); !added) return added;
  acrn_vm_memmap map = {};
  map.type = ACRN_MEMMAP_RAM;
  map.attr = ACRN_MEM_ACCESS_RWX | ACRN_MEM_TYPE_WB;
  map.user_vm_pa = start.value;
  map.vma_base = reinterpret_cast<uintptr_t>(address);
  map.len = size_bytes;
  Result<void> set = SetSegment(ACRN_IOCTL_SET_MEMSEG, map);
  if (!set) static_cast<void>(memory_.Remove(start, size_bytes));
  return set;
}

Result<void> AcrnVm::RemoveMemory(Gpa start, uint64_t size_bytes) {
  // The guest's own view first: when we return, nobody has the pages any more.
  acrn_vm_memmap map = {};
  map.type = ACRN_MEMMAP_RAM;
  map.user_vm_pa = start.value;
  map.len = size_bytes;
  if (Result<void> unset = SetSegment(ACRN_IOCTL_UNSET_MEMSEG, map); !unset) return unset;
  return memory_.Remove(start, size_bytes);
}

Result<void> AcrnVm::MapFrames(Gfn at, uint64_t frame, uint32_t count, bool map) {
  acrn_vm_memmap segment = {};
  segment.type = ACRN_MEMMAP_MMIO;
  segment.attr = ACRN_MEM_ACCESS_RWX | ACRN_MEM_TYPE_UC;
  segment.user_vm_pa = at.value << kPageShift;
  segment.service_vm_pa = frame << kPageShift;
  segment.len = uint64_t{count} << kPageShift;
  return SetSegment(map ? ACRN_IOCTL_SET_MEMSEG : ACRN_IOCTL_UNSET_MEMSEG, segment);
}

Result<void> AcrnVm::InjectMsi(uint64_t address, uint32_t data) {
  acrn_msi_entry message = {};
  message.msi_addr = address;
  message.msi_data = data;
  return Control(ACRN_IOCTL_INJECT_MSI, reinterpret_cast<uintptr_t>(&message));
}

bool AcrnVm::IsOurs(const acrn_pci_request& request) const {
  return request.bus == slot_bdf_ >> 8u && request.dev == (slot_bdf_ >> 3 & 0x1fu) &&
         request.func == (slot_bdf_ & 7u);
}

void AcrnVm::Answer(acrn_io_request& request, const Handler& handler) const {
  GuestAccess access;
  bool known = false;
  if (request.type == ACRN_IOREQ_TYPE_MMIO) {
    const acrn_mmio_request mmio = request.reqs.mmio_request;
    access = {false, mmio.direction == ACRN_IOREQ_DIR_WRITE, mmio.address,
              static_cast<uint32_t>(mmio.size), mmio.value};
    known = IsWidth(mmio.size);
    if (known) known = handler(access);
    if (!access.write) request.reqs.mmio_request.value = known ? access.value : AllOnes(mmio.size);
  } else if (request.type == ACRN_IOREQ_TYPE_PCICFG) {
    const acrn_pci_request pci = request.reqs.pci_request;
    access = {true, pci.direction == ACRN_IOREQ_DIR_WRITE, pci.reg, static_cast<uint32_t>(pci.size),
              pci.value};
    known = IsOurs(pci) && IsWidth(pci.size) && pci.size <= 4;
    if (known) known = handler(access);
    if (!access.write) {
      const uint64_t value = known ? access.value : AllOnes(pci.size);
      request.reqs.pci_request.value = static_cast<uint32_t>(value);
    }
  } else if (request.reqs.pio_request.direction == ACRN_IOREQ_DIR_READ) {
    request.reqs.pio_request.value = ~0u;  // the vGPU has nothing behind its ports
  }
}

Result<void> AcrnVm::Serve(const Handler& handler) {
  if (Result<void> made = Control(ACRN_IOCTL_CREATE_IOREQ_CLIENT, 0); !made) return made;
  for (;;) {
    // Returns when there is something for us; -ENODEV or -ESRCH: the machine ends.
    const int answer = hsm_.Control(ACRN_IOCTL_ATTACH_IOREQ_CLIENT, 0);
    if (answer == -EINTR) continue;
    if (answer < 0) break;
    for (uint32_t vcpu = 0; vcpu < ACRN_IO_REQUEST_MAX; ++vcpu) {
      acrn_io_request& request = requests_.req_slot[vcpu];
      std::atomic_ref<uint32_t> state(request.processed);
      if (state.load(std::memory_order_acquire) != ACRN_IOREQ_STATE_PROCESSING) continue;
      if (request.kernel_handled != 0) continue;
      Answer(request, handler);
      state.store(ACRN_IOREQ_STATE_COMPLETE, std::memory_order_release);
      acrn_ioreq_notify notify = {};
      notify.vmid = vm_id_;
      notify.vcpu = vcpu;
      const uintptr_t argument = reinterpret_cast<uintptr_t>(&notify);
      if (Result<void> told = Control(ACRN_IOCTL_NOTIFY_REQUEST_FINISH, argument); !told) {
        return told;
      }
    }
  }
  return Control(ACRN_IOCTL_DESTROY_IOREQ_CLIENT, 0);
}

}  // namespace gvt::hostif::acrn
