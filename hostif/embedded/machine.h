// A virtual machine without a processor, in this process: memory in a memfd, a vGPU, an interrupt
// line. It uses the core through the C contract alone.
//
// Thread rule: any thread, but for creation and destruction.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "gvtcore/gvtcore.h"
#include "hostif/embedded/fault_plan.h"
#include "hostif/embedded/guest_ports.h"

namespace gvt::hostif::embedded {

// The core of the process, as long as it is needed.
class Host {
 public:
  // `plan` outlives the host and its machines. kIo: refused; detail is the code.
  // `config.size` is filled in.
  static Result<std::unique_ptr<Host>> Create(FaultPlan& plan, gvtcore_config_t config = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  gvtcore_t* core() const { return core_; }
  FaultPlan& plan() const { return plan_; }

 private:
  Host(FaultPlan& plan, gvtcore_t* core) : plan_(plan), core_(core) {}

  FaultPlan& plan_;
  gvtcore_t* core_;
};

struct MachineOptions {
  uint64_t memory_bytes = uint64_t{32} << 20;  // at guest address 0
  gvtcore_vgpu_config_t vgpu = {};             // `size` is filled in
};

class Machine final : public GuestPorts {
 public:
  // `host` outlives the machine. kIo: the system or the core refused.
  static Result<std::unique_ptr<Machine>> Create(Host& host, const MachineOptions& options);
  ~Machine() override;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  gvtcore_vgpu_t* vgpu() const { return vgpu_; }
  FaultPlan& plan() const { return host_.plan(); }

  // GuestPorts
  uint64_t memory_bytes() const override { return memory_bytes_; }
  void ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const override;
  void WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) override;
  uint32_t Load32(Gpa from) const override;
  bool Store32(Gpa to, uint32_t value) override;
  bool Store64(Gpa to, uint64_t value) override;
  uint64_t interrupts() const override;
  bool WaitForInterrupt(uint64_t seen, std::chrono::milliseconds limit) override;

  // Takes pages from the device and makes them inaccessible here, as a hot-unplug does.
  Result<void> RemoveMemory(Gpa start, uint64_t size_bytes);
  // Gives removed pages back, with what they held.
  Result<void> RestoreMemory(Gpa start, uint64_t size_bytes);

  // What the core logged, the first kMaxLogLines of it.
  static constexpr size_t kMaxLogLines = 100;
  std::vector<std::string> log() const;

 private:
  Machine(Host& host, uint64_t memory_bytes) : host_(host), memory_bytes_(memory_bytes) {}

  static void RaiseMsi(void* self, uint32_t vector);
  static void Log(void* self, gvtcore_log_level_t level, const char* text);
  Result<void> MakeMemory();
  Result<void> MakeVgpu(const MachineOptions& options);
  std::byte* At(Gpa address, uint64_t size_bytes) const;

  Host& host_;
  const uint64_t memory_bytes_;
  int file_ = -1;
  std::byte* memory_ = nullptr;
  gvtcore_vgpu_t* vgpu_ = nullptr;

  mutable std::mutex lock_;  // guards interrupts_, log_
  std::condition_variable raised_;
  uint64_t interrupts_ = 0;
  std::vector<std::string> log_;
};

}  // namespace gvt::hostif::embedded
