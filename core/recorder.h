// Records everything that crosses the border of one vGPU into a boundary trace
// (capture/boundary_trace.h), so that a replay does the same again, bit for bit.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/boundary_trace_writer.h"
#include "capture/byte_sink.h"
#include "capture/read_digest.h"
#include "capture/zstd_sink.h"
#include "core/known_pages.h"
#include "core/vgpu.h"
#include "gpu/engine_clock.h"
#include "hostif/access_observer.h"
#include "sched/slice_gate.h"

namespace gvt::core {

// Longest slice of an engine while it is recorded: for so long may a guest's access wait.
inline constexpr uint64_t kRecordedSliceNs = 200'000;

class Recorder final : public hostif::AccessObserver,
                       public sched::SliceGate,
                       public gpu::EngineClock {
 public:
  // nullptr: `path` cannot be created. `link` is where interrupts go to in the end.
  static std::unique_ptr<Recorder> Create(const std::string& path, const VgpuSettings& settings,
                                          const HostLink& link);
  // Ends the trace. The vGPU is gone.
  ~Recorder() override;

  // What the recorded vGPU is made with, beside `settings.device.clock = recorder`.
  HostLink link();
  BoundaryHooks hooks() { return {this, this}; }
  // Once, before anything is done with it. The recorder outlives it.
  void Bind(Vgpu* vgpu) { vgpu_ = vgpu; }

  // What a host does, one at a time and in one order with the slices. Thread rule: any thread.
  // Cost: waits for a slice at most.
  size_t Read(vgpu::Region region, uint64_t offset, std::span<std::byte> out);
  size_t Write(vgpu::Region region, uint64_t offset, std::span<const std::byte> data);
  void Reset();
  Result<void> AddMemory(Gpa start, uint64_t size_bytes, void* address, bool read_only);
  Result<void> RemoveMemory(Gpa start, uint64_t size_bytes);
  // A trace knows content and not places: it has nothing of this.
  Result<void> MoveMemory(Gpa start, uint64_t size_bytes, void* address);

  // sched::SliceGate
  uint64_t BeginSlice(hw::Engine engine, uint64_t slice_ns) override;
  void EndSlice(hw::Engine engine, bool more) override;
  // gpu::EngineClock
  uint64_t NowNs() override;
  // hostif::AccessObserver
  bool MayAccess(Gpa at, uint64_t size_bytes) override;
  void WasRead(Gpa from, std::span<const std::byte> data) override;
  void WasWritten(Gpa to, std::span<const std::byte> data) override;
  void HasFailed(Gpa at) override;

 private:
  class Turn;

  Recorder(const std::string& path, const VgpuSettings& settings, const HostLink& link);

  struct TrapArea {
    uint32_t region;
    uint64_t gpa;
    uint64_t length;
    int on;
  };

  static void RaiseMsi(void* self, uint32_t vector);
  static void InjectMsi(void* self, uint64_t address, uint32_t data);
  static int ReadMemory(void* self, uint64_t gpa, void* data, size_t length);
  static int WriteMemory(void* self, uint64_t gpa, const void* data, size_t length);
  static void SetTrapArea(void* self, uint32_t region, uint64_t gpa, uint64_t length, int on);
  static void Log(void* self, gvtcore_log_level_t level, const char* text);
  void TellAreas(const std::vector<TrapArea>& areas) const;
  void LeaveTurn();
  void WasReadInPage(Gpa from, std::span<const std::byte> data);

  const HostLink link_;
  const uint64_t start_ns_;
  Vgpu* vgpu_ = nullptr;
  capture::FileSink file_;
  capture::ZstdSink packed_;

  // Whoever has turn_ may act on the vGPU; all below is guarded by it. An engine first takes
  // engine_queue_, everybody takes next_ until he has turn_: so a guest's access waits for one
  // slice, however many engines spin.
  std::mutex engine_queue_;
  std::mutex next_;
  std::mutex turn_;

  capture::BoundaryTraceWriter writer_;
  KnownPages known_;
  capture::ReadDigest digest_;
  uint64_t clock_ns_ = 0;  // what it said last
  uint64_t reads_ = 0;     // since the last event about a read
  bool looks_ = false;     // reads for itself; not the device's doing
  // To be told to the host when the turn is over.
  uint32_t messages_ = 0;
  uint64_t message_address_ = 0;
  uint32_t message_data_ = 0;
  std::vector<TrapArea> areas_;
};

}  // namespace gvt::core
