// A command streamer in software: one engine of one vGPU.
//
// It executes what the memory interface of the engine executes: MI commands, PIPE_CONTROL,
// MI_FLUSH_DW; and the commands of the blitter. Those of the units behind it (3D, media) are
// stepped over by length.
//
// Registers and their file. Everything that commands read and write goes through the register port;
// the streamer keeps no register of its own. What it maintains itself it *pushes* by
// RegisterPort::Write, with the meaning "reads as this from now on": no mask, no
// write-one-to-clear, no reserved bits. Offsets from the engine's base:
//
// | register                           | pushed                                                  |
// |------------------------------------|---------------------------------------------------------|
// | RING_TAIL 30, START 38, CTL 3c     | at Load; TAIL also at ResampleTail; 0 at Reset          |
// | PDP0..3 270..28c                   | at Load                                                 |
// | RING_HEAD 34, ACTHD 74, UDW 5c     | whenever Run returns, and at Load; 0 at Reset           |
// | BBADDR 140, UDW 168, BBSTATE 110   | likewise; bit 0 of BBADDR: in a batch                   |
// | IPEHR 68                           | whenever Run returns: header at hand, or the faulty one |
// | CTX_TIMESTAMP 3a8                  | whenever Run returns, and at Load                       |
// | INSTDONE 6c                        | whenever Run returns: ~0 if drained, else bit 0 clear   |
// | EIR b0, ESR b8                     | bit 0 set by a command error; 0 at Reset                |
// | FAULT 4094, FAULT_TLB 4b10, 4b14   | at an access to an address without a page (not offsets) |
//
// Pulled, never pushed: RING_TIMESTAMP 358/35c of any engine (a device model shows
// TimestampAt(clock)), FORCE_TO_NONPRIV 4d0..4fc and the predicate registers (read when needed),
// general-purpose registers 600..67c. The register file must store what hw/stream_registers.h
// lists, also where registers.inc has no row.
//
// Thread rule: one thread at a time; RunBudget::yield may be set by any.
#pragma once

#include <cstdint>
#include <memory>

#include "base/log.h"
#include "gpu/engine_backend.h"
#include "gpu/engine_clock.h"
#include "gpu/interrupt_port.h"
#include "gpu/memory_port.h"
#include "gpu/register_port.h"
#include "gpu/segment_port.h"
#include "hw/platform.h"

namespace gvt::gpu {

// All outlive the streamer.
struct SoftStreamerPorts {
  MemoryPort& memory;
  RegisterPort& registers;
  InterruptPort& interrupts;
  SegmentPort& segments;
  EngineClock& clock;
  LogSink* log = nullptr;  // optional
};

struct SoftStreamerOptions {
  // How many commands run between two looks at clock and yield flag. > 0.
  uint32_t commands_per_check = 256;
};

class SoftStreamer final : public EngineBackend {
 public:
  SoftStreamer(hw::Platform platform, hw::Engine engine, const SoftStreamerPorts& ports,
               const SoftStreamerOptions& options = {});
  ~SoftStreamer() override;
  SoftStreamer(const SoftStreamer&) = delete;
  SoftStreamer& operator=(const SoftStreamer&) = delete;

  BackendCapabilities capabilities() const override;
  bool Load(uint64_t descriptor) override;
  void ResampleTail() override;
  RunEnd Run(const RunBudget& budget) override;
  void Save() override;
  void Reset() override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gvt::gpu
