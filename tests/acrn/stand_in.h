// ACRN's hypervisor and its service module as linux/acrn.h describes them, at the system-call
// border: one virtual machine with a processor that is whoever calls.
#pragma once

#include <linux/acrn.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>

#include "hostif/acrn/hsm.h"

namespace gvt::hostif::acrn {

class StandIn final : public Hsm {
 public:
  StandIn() {
    for (acrn_io_request& request : requests_.req_slot) {
      request.processed = ACRN_IOREQ_STATE_FREE;  // PENDING is 0
    }
  }

  // Hsm
  int Control(unsigned long request, uintptr_t argument) override;

  acrn_io_request_buffer& requests() { return requests_; }

  // The guest's processor on memory. False: no segment there.
  bool Copy(uint64_t gpa, void* data, size_t size_bytes, bool write);
  // The guest's processor on an address that is nobody's memory, or on configuration space: waits
  // for the answer. False: nobody serves.
  bool Access(uint32_t vcpu, const acrn_io_request& asked, uint64_t* value);
  // A vector; false: the time is over.
  bool TakeInterrupt(std::chrono::milliseconds limit, uint32_t* vector);
  // The machine ends: who waits for requests is told.
  void End();

  size_t segments() const { return segments_.size(); }
  uint32_t finished() const { return finished_; }

 private:
  int SetSegment(const acrn_vm_memmap& map);
  int UnsetSegment(const acrn_vm_memmap& map);
  int WaitForRequest();

  std::mutex lock_;  // guards what follows
  std::condition_variable changed_;
  std::map<uint64_t, acrn_vm_memmap> segments_;  // by guest address
  std::deque<uint32_t> vectors_;
  bool client_ = false;
  bool over_ = false;
  uint32_t finished_ = 0;
  acrn_io_request_buffer requests_{};
};

}  // namespace gvt::hostif::acrn
