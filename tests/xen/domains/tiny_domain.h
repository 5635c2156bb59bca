// The smallest domain that has a guest: one processor in 32-bit protected mode, memory, a local
// interrupt controller. The guest does single things that it is told to.
//
// The guest asks for its next command by a load from an address that is the test's (the doorbell):
// the load is answered when there is one, so a guest that waits costs nothing, and the next load
// says that the command is done.
//
// Made with libxenctrl, whose interface is that of one Xen: tests only.
//
// Thread rule: Answer() on the thread that serves the domain's requests; the rest one at a time.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "hostif/xen/xen_domain.h"

struct xc_interface_core;
struct xenforeignmemory_handle;

namespace gvt::tests {

class TinyDomain {
 public:
  static constexpr uint64_t kDoorbell = 0x90000000;
  static constexpr uint64_t kDoorbellLast = kDoorbell + 0xfff;
  static constexpr size_t kBufferBytes = 16384;

  // `memory_bytes` from guest address 0 on. Paused. 0, or -errno in `error`.
  static std::unique_ptr<TinyDomain> Create(uint64_t memory_bytes, int* error);
  ~TinyDomain();
  TinyDomain(const TinyDomain&) = delete;
  TinyDomain& operator=(const TinyDomain&) = delete;

  uint16_t id() const { return static_cast<uint16_t>(id_); }
  // Its doorbell is somebody's now.
  bool Start();
  // Behind it Answer() returns at once.
  void Stop();

  // An access to the doorbell; false: it is none. Waits for a command.
  bool Answer(hostif::xen::GuestAccess& access);

  // The guest's processor copies between its memory and ours by strings, or words of 8 bytes in one
  // access. False: too long, or it does not answer.
  bool GuestRead(uint64_t from, void* data, size_t size_bytes);
  bool GuestWrite(uint64_t to, const void* data, size_t size_bytes);
  // One load or store of 1, 2, 4 or 8 bytes.
  bool GuestLoad(uint64_t from, void* data, size_t size_bytes);
  bool GuestStore(uint64_t to, const void* data, size_t size_bytes);
  // Ports.
  bool GuestIn(uint16_t port, uint32_t* value);
  bool GuestOut(uint16_t port, uint32_t value);
  bool GuestInterrupt(std::chrono::milliseconds timeout, uint32_t* vector);

  // Memory goes, as a balloon driver lets it go.
  bool RemoveMemory(uint64_t gpa, uint64_t length);
  // Logging of writes, from all clean on.
  bool StartDirtyLog();
  bool IsDirty(uint64_t gfn, bool* dirty);
  bool StopDirtyLog();

  uint64_t commands() const { return commands_; }

 private:
  struct Firmware;

  TinyDomain() = default;
  int Make(uint64_t memory_bytes);
  int SetProcessor();
  void Assemble();
  // Runs the guest from `entry` of its code until it asks again.
  bool Run(uint32_t entry, uint32_t from, uint32_t to, uint32_t count);

  xc_interface_core* control_ = nullptr;
  xenforeignmemory_handle* memory_ = nullptr;
  uint32_t id_ = 0;
  uint64_t pages_ = 0;
  Firmware* firmware_ = nullptr;
  uint64_t commands_ = 0;
  uint32_t taken_ = 0;  // interrupts that were reported

  std::mutex lock_;  // guards what follows
  std::condition_variable changed_;
  bool waiting_ = false;  // the guest asks
  bool ordered_ = false;  // and shall go on
  bool stopped_ = false;
};

}  // namespace gvt::tests
