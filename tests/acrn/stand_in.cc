#include "stand_in.h"

#include <sys/ioctl.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace gvt::hostif::acrn {
namespace {

// `a` begins at or before `address`, and holds it.
bool Holds(const acrn_vm_memmap& a, uint64_t address) {
  return address >= a.user_vm_pa && address - a.user_vm_pa < a.len;
}

std::atomic_ref<uint32_t> StateOf(acrn_io_request& request) {
  return std::atomic_ref<uint32_t>(request.processed);
}

}  // namespace

int StandIn::SetSegment(const acrn_vm_memmap& map) {
  if (map.len == 0 || ((map.len | map.user_vm_pa) & 0xfff) != 0) return -EINVAL;
  if ((map.attr & ACRN_MEM_ACCESS_RIGHT_MASK) == 0 || (map.attr & ACRN_MEM_TYPE_MASK) == 0) {
    return -EINVAL;
  }
  segments_[map.user_vm_pa] = map;
  return 0;
}

// Takes the range out of whatever segments hold it.
int StandIn::UnsetSegment(const acrn_vm_memmap& map) {
  if (map.len == 0 || ((map.len | map.user_vm_pa) & 0xfff) != 0) return -EINVAL;
  std::map<uint64_t, acrn_vm_memmap> rest;
  const uint64_t end = map.user_vm_pa + map.len;
  for (const auto& [gpa, segment] : segments_) {
    const uint64_t segment_end = gpa + segment.len;
    if (segment_end <= map.user_vm_pa || gpa >= end) {
      rest[gpa] = segment;
      continue;
    }
    if (gpa < map.user_vm_pa) {
      rest[gpa] = segment;
      rest[gpa].len = map.user_vm_pa - gpa;
    }
    if (segment_end > end) {
      acrn_vm_memmap& behind = rest[end];
      behind = segment;
      behind.user_vm_pa = end;
      behind.vma_base += end - gpa;
      behind.len = segment_end - end;
    }
  }
  segments_ = std::move(rest);
  return 0;
}

int StandIn::WaitForRequest() {
  std::unique_lock lock(lock_);
  if (!client_) return -EINVAL;
  bool any = false;
  changed_.wait(lock, [&] {
    for (acrn_io_request& request : requests_.req_slot) {
      if (StateOf(request).load() != ACRN_IOREQ_STATE_PENDING) continue;
      StateOf(request).store(ACRN_IOREQ_STATE_PROCESSING);
      any = true;
    }
    return any || over_;
  });
  return any ? 0 : -ENODEV;
}

int StandIn::Control(unsigned long request, uintptr_t argument) {
  if (request == ACRN_IOCTL_ATTACH_IOREQ_CLIENT) return WaitForRequest();
  const std::lock_guard lock(lock_);
  switch (request) {
    case ACRN_IOCTL_SET_MEMSEG:
      return SetSegment(*reinterpret_cast<const acrn_vm_memmap*>(argument));
    case ACRN_IOCTL_UNSET_MEMSEG:
      return UnsetSegment(*reinterpret_cast<const acrn_vm_memmap*>(argument));
    case ACRN_IOCTL_INJECT_MSI: {
      const auto& message = *reinterpret_cast<const acrn_msi_entry*>(argument);
      if (message.msi_addr >> 20 != 0xfee) return -EINVAL;
      vectors_.push_back(static_cast<uint32_t>(message.msi_data & 0xff));
      changed_.notify_all();
      return 0;
    }
    case ACRN_IOCTL_CREATE_IOREQ_CLIENT:
      if (client_) return -EEXIST;
      client_ = true;
      return 0;
    case ACRN_IOCTL_DESTROY_IOREQ_CLIENT: client_ = false; return 0;
    case ACRN_IOCTL_NOTIFY_REQUEST_FINISH: {
      const auto& notify = *reinterpret_cast<const acrn_ioreq_notify*>(argument);
      if (notify.vcpu >= ACRN_IO_REQUEST_MAX || notify.reserved != 0) return -EINVAL;
      if (StateOf(requests_.req_slot[notify.vcpu]).load() != ACRN_IOREQ_STATE_COMPLETE) {
        return -EINVAL;
      }
      ++finished_;
      changed_.notify_all();
      return 0;
    }
    default: return -ENOTTY;
  }
}

bool StandIn::Copy(uint64_t gpa, void* data, size_t size_bytes, bool write) {
  const std::lock_guard lock(lock_);
  auto segment = segments_.upper_bound(gpa);
  if (segment == segments_.begin()) return false;
  --segment;
  if (!Holds(segment->second, gpa) || size_bytes > segment->second.len - (gpa - segment->first)) {
    return false;
  }
  auto* at = reinterpret_cast<uint8_t*>(segment->second.vma_base) + (gpa - segment->first);
  if (size_bytes == 4 && gpa % 4 == 0) {  // a processor's access, shared with the engines
    std::atomic_ref<uint32_t> word(*reinterpret_cast<uint32_t*>(at));
    uint32_t value = word.load();
    if (write) std::memcpy(&value, data, sizeof value);
    if (write) word.store(value);
    std::memcpy(data, &value, write ? 0 : sizeof value);
  } else {
    std::memcpy(write ? at : data, write ? data : at, size_bytes);
  }
  return true;
}

bool StandIn::Access(uint32_t vcpu, const acrn_io_request& asked, uint64_t* value) {
  std::unique_lock lock(lock_);
  acrn_io_request& slot = requests_.req_slot[vcpu];
  slot = asked;
  slot.processed = ACRN_IOREQ_STATE_FREE;
  StateOf(slot).store(ACRN_IOREQ_STATE_PENDING);
  changed_.notify_all();
  const uint32_t before = finished_;  // one access at a time
  const bool done = changed_.wait_for(lock, std::chrono::seconds(10), [&] {
    return finished_ > before && StateOf(slot).load() == ACRN_IOREQ_STATE_COMPLETE;
  });
  *value = asked.type == ACRN_IOREQ_TYPE_MMIO ? slot.reqs.mmio_request.value
                                              : slot.reqs.pci_request.value;
  StateOf(slot).store(ACRN_IOREQ_STATE_FREE);
  return done;
}

bool StandIn::TakeInterrupt(std::chrono::milliseconds limit, uint32_t* vector) {
  std::unique_lock lock(lock_);
  if (!changed_.wait_for(lock, limit, [&] { return !vectors_.empty(); })) return false;
  *vector = vectors_.front();
  vectors_.pop_front();
  return true;
}

void StandIn::End() {
  const std::lock_guard lock(lock_);
  over_ = true;
  changed_.notify_all();
}

}  // namespace gvt::hostif::acrn
