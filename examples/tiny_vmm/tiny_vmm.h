// The smallest VMM that has a guest: one vCPU of the real /dev/kvm in 32-bit protected mode,
// memory, an interrupt controller. The guest does single things that it is told to (copy, take
// interrupts), or runs a program.
//
// Thread rule: the guest's functions one at a time (a lock sees to it); the rest from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/address.h"
#include "base/result.h"
#include "hostif/kvm/vm_services.h"

struct kvm_run;  // of linux/kvm.h

namespace gvt::tiny_vmm {

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

// What is where the guest has neither memory nor an interrupt controller. Called on the thread that
// runs the guest.
class Outside {
 public:
  virtual ~Outside() = default;
  // An access of 1 to 8 bytes. False: nothing is there.
  virtual bool Access(uint64_t gpa, void* data, uint32_t bytes, bool write) = 0;
  // 1, 2 or 4 bytes. A read of a port that does not exist leaves the ones that are in `data`.
  virtual void AccessPort(uint16_t port, void* data, uint32_t bytes, bool write) = 0;
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

  hostif::kvm::VmServices& services() { return services_; }
  hostif::kvm::MemorySlots& slots() { return services_.slots(); }
  // Where `size_bytes` of guest memory from `gpa` on are in this process; nullptr: not all there.
  void* Memory(uint64_t gpa, uint64_t size_bytes) const;
  // KVM's, for what is beyond the services.
  int vm_file() const { return vm_.get(); }
  // Exits to user space since the beginning.
  uint64_t exits() const { return exits_; }

  // The guest's processor copies [from, from + size) of its memory out, or in; below 4 GiB. False:
  // some byte is not there.
  bool GuestRead(uint64_t from, void* data, size_t size_bytes);
  bool GuestWrite(uint64_t to, const void* data, size_t size_bytes);
  // The guest's processor takes an interrupt: its vector; false: the time is over.
  bool GuestInterrupt(uint32_t timeout_ms, uint32_t* vector);
  // The guest runs 32-bit code at `entry` until it writes a dword to kDonePort, which is the
  // result; interrupts are off. nullopt: KVM failed, or the code touched what is not there.
  static constexpr uint8_t kDonePort = 0x80;
  std::optional<uint32_t> RunProgram(uint32_t entry, Outside* outside);

 private:
  struct Firmware;

  TinyVmm(File kvm, File vm, uint64_t memory_bytes, Watcher watcher);

  Result<void> Make();
  Result<void> MakeVcpu();
  // Runs the guest from `entry` on until it says that it is done. False: it touched
  // memory that is not there, or KVM failed.
  bool Run(uint32_t entry, uint32_t from, uint32_t to, uint32_t count);  // `entry`: an address
  void AnswerAccess(bool* all_there);
  bool AnswerPort();
  bool Copy(uint32_t from, uint32_t to, size_t size_bytes);

  const File kvm_;
  const File vm_;
  const uint64_t memory_bytes_;
  const Watcher watcher_;
  hostif::kvm::VmServices services_;
  void* memory_ = nullptr;
  Firmware* firmware_ = nullptr;
  std::unique_ptr<File> vcpu_;
  ::kvm_run* run_ = nullptr;
  size_t run_bytes_ = 0;
  std::mutex guest_;            // one thing at a time
  uint32_t taken_ = 0;          // interrupts that were reported
  Outside* outside_ = nullptr;  // of the program that runs
  uint32_t result_ = 0;         // what was written to kDonePort last
  uint64_t exits_ = 0;
};

}  // namespace gvt::tiny_vmm
