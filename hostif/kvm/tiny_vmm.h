// The smallest VMM that has a guest: one vCPU of the real /dev/kvm in 32-bit protected mode,
// memory, an interrupt controller. The guest does single things that it is told to: copy, take
// interrupts.
//
// Thread rule: the guest's functions one at a time (a lock sees to it); the rest from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "base/address.h"
#include "base/result.h"
#include "hostif/kvm/memory_slots.h"

struct kvm_run;  // of linux/kvm.h

namespace gvt::hostif::kvm {

// A file descriptor that is closed.
class File {
 public:
  explicit File(int number = -1) : number_(number) {}
  ~File();
  File(File&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  File& operator=(File&&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

class TinyVmm {
 public:
  // A write to a tracked page, which has been stored.
  using Watcher = std::function<void(uint64_t gpa, void* data, uint32_t bytes)>;

  // Memory from guest address 0 on. kIo: there is no KVM, or it refused something (detail: errno).
  static Result<std::unique_ptr<TinyVmm>> Create(uint64_t memory_bytes, Watcher watcher);
  ~TinyVmm();
  TinyVmm(const TinyVmm&) = delete;
  TinyVmm& operator=(const TinyVmm&) = delete;

  MemorySlots& slots() { return slots_; }
  // Delivers a message. kIo: KVM refuses. Thread rule: any thread; does not wait for the guest.
  Result<void> SignalMsi(uint64_t address, uint32_t data);

  // The guest's processor copies [from, from + size) of its memory out, or in; below 4 GiB. False:
  // some byte is not there.
  bool GuestRead(uint64_t from, void* data, size_t size_bytes);
  bool GuestWrite(uint64_t to, const void* data, size_t size_bytes);
  // The guest's processor takes an interrupt: its vector; false: the time is over.
  bool GuestInterrupt(uint32_t timeout_ms, uint32_t* vector);

 private:
  struct Firmware;

  TinyVmm(File kvm, File vm, uint64_t memory_bytes, Watcher watcher);

  Result<void> Make();
  Result<void> MakeVcpu();
  // Runs the guest from `entry` of the firmware until it says that it is done. False: it touched
  // memory that is not there, or KVM failed.
  bool Run(uint32_t entry, uint32_t from, uint32_t to, uint32_t count);
  void AnswerAccess(bool* all_there);
  bool Copy(uint32_t from, uint32_t to, size_t size_bytes);

  const File kvm_;
  const File vm_;
  const uint64_t memory_bytes_;
  const Watcher watcher_;
  MemorySlots slots_;
  void* memory_ = nullptr;
  Firmware* firmware_ = nullptr;
  std::unique_ptr<File> vcpu_;
  ::kvm_run* run_ = nullptr;
  size_t run_bytes_ = 0;
  std::mutex guest_;    // one thing at a time
  uint32_t taken_ = 0;  // interrupts that were reported
};

}  // namespace gvt::hostif::kvm
