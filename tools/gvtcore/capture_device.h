// A vGPU whose guest memory is what a capture holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "capture/aub_memory.h"
#include "capture/submission.h"
#include "core/vgpu.h"
#include "gpu/engine_clock.h"
#include "hostif/access_observer.h"
#include "sched/dispatcher.h"

namespace gvt::tools {

// How a submission ended.
enum class DeviceEnd : uint8_t { kDrained, kWaiting, kFault, kTooLong };

// The device of the core without threads, in time that stands still: a submission is run where it
// is made. Guest pages are the capture's physical pages, copied when the device comes to them, so
// that each submission finds memory as the capture states it.
class CaptureDevice final : private hostif::AccessObserver, private gpu::EngineClock {
 public:
  explicit CaptureDevice(hw::Platform platform);
  ~CaptureDevice();
  CaptureDevice(const CaptureDevice&) = delete;
  CaptureDevice& operator=(const CaptureDevice&) = delete;

  bool HasEngine(hw::Engine engine) const { return vgpu_.execlist(engine) != nullptr; }
  uint64_t now_ns() const { return kNowNs; }

  // Takes over GGTT and memory as the capture has them now; what submissions stored is forgotten.
  // `memory` outlives the next submissions. False: the system has no address space for it.
  bool Take(const capture::AubMemory& memory);
  // Restores the context without running anything of it: no buffers at restore, no ring.
  DeviceEnd Restore(const capture::Submission& submission);
  // Runs the ring from head to tail. `max_checks`: looks at the clock, one in about 256 commands.
  DeviceEnd Run(const capture::Submission& submission, uint64_t max_checks);
  // Drops what a submission that did not drain left.
  void Reset(hw::Engine engine);

  uint32_t Register(uint32_t offset) { return registers_.Read(offset); }
  void WriteRegister(uint32_t offset, uint32_t value);
  // The engine's interrupts since the last call, as bits of its half of IIR.
  uint32_t TakeInterrupts(hw::Engine engine);
  // A page of guest memory as it is now, by physical address.
  std::span<const std::byte> Page(uint64_t physical);

 private:
  static constexpr uint64_t kNowNs = 1'000'000'000;
  static constexpr unsigned kSlotShift = 36;  // 64 GiB, reserved and not used

  // hostif::AccessObserver
  bool MayAccess(Gpa at, uint64_t size_bytes) override;
  void WasRead(Gpa /*from*/, std::span<const std::byte> /*data*/) override {}
  void WasWritten(Gpa /*to*/, std::span<const std::byte> /*data*/) override {}
  void HasFailed(Gpa /*at*/) override {}
  // gpu::EngineClock
  uint64_t NowNs() override;

  std::byte* Fetch(uint64_t physical);
  void StoreImage(const capture::Submission& submission, size_t dword, uint32_t value);
  DeviceEnd Submit(const capture::Submission& submission);
  void SyncGgtt();

  const capture::AubMemory* capture_ = nullptr;
  uint64_t checks_left_ = 0;
  std::unordered_set<uint64_t> fetched_;  // page numbers
  std::map<uint64_t, std::byte*> slots_;  // by physical >> kSlotShift
  std::vector<uint64_t> ggtt_;            // as the device has it
  sched::Dispatcher dispatcher_;          // never started
  core::Vgpu vgpu_;
  gpu::RegisterPort& registers_;
};

}  // namespace gvt::tools
