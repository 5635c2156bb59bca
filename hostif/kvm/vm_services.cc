#include "hostif/kvm/vm_services.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace gvt::hostif::kvm {
namespace {

// What kvm_irq_routing is in C. In C++ the array without a length at its end makes it larger, and
// with it the number of the request, which KVM then does not know.
struct RoutingHead {
  uint32_t entries;
  uint32_t flags;
};
constexpr unsigned long kSetRouting = _IOC(_IOC_WRITE, KVMIO, 0x6a, sizeof(RoutingHead));

Result<void> Call(int file, unsigned long request, void* argument) {
  if (ioctl(file, request, argument) < 0) {
    return Error{ErrorCode::kIo, 0, static_cast<uint32_t>(errno)};
  }
  return {};
}

}  // namespace

Result<void> VmServices::SignalMsi(uint64_t address, uint32_t data) {
  kvm_msi message = {};
  message.address_lo = static_cast<uint32_t>(address);
  message.address_hi = static_cast<uint32_t>(address >> 32);
  message.data = data;
  return Call(vm_file_, KVM_SIGNAL_MSI, &message);
}

Result<void> VmServices::SetLine(int event_file, uint32_t line, uint64_t address, uint32_t data) {
  const RoutingHead head = {1, 0};
  kvm_irq_routing_entry entry = {};
  entry.gsi = line;
  entry.type = KVM_IRQ_ROUTING_MSI;
  entry.u.msi.address_lo = static_cast<uint32_t>(address);
  entry.u.msi.address_hi = static_cast<uint32_t>(address >> 32);
  entry.u.msi.data = data;
  // One behind the other, which is no type of C++'s.
  alignas(uint64_t) std::array<std::byte, sizeof head + sizeof entry> table = {};
  std::memcpy(table.data(), &head, sizeof head);
  std::memcpy(table.data() + sizeof head, &entry, sizeof entry);
  if (Result<void> set = Call(vm_file_, kSetRouting, table.data()); !set) return set;
  kvm_irqfd irqfd = {};
  irqfd.fd = static_cast<uint32_t>(event_file);
  irqfd.gsi = line;
  return Call(vm_file_, KVM_IRQFD, &irqfd);
}

Result<void> VmServices::Doorbell(int event_file, Gpa at, uint32_t bytes, uint32_t flags) {
  kvm_ioeventfd doorbell = {};
  doorbell.addr = at.value;
  doorbell.len = bytes;
  doorbell.fd = event_file;
  doorbell.flags = flags;
  return Call(vm_file_, KVM_IOEVENTFD, &doorbell);
}

Result<void> VmServices::SetDoorbell(int event_file, Gpa at, uint32_t bytes) {
  return Doorbell(event_file, at, bytes, 0);
}

Result<void> VmServices::RemoveDoorbell(int event_file, Gpa at, uint32_t bytes) {
  return Doorbell(event_file, at, bytes, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

}  // namespace gvt::hostif::kvm
