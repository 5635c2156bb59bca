// Does again what a boundary trace says, on a new vGPU, and holds it to what the recorded one did.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/boundary_trace_reader.h"
#include "capture/file_error.h"

namespace gvt::core {

struct ReplayOptions {
  uint64_t live_bytes_limit = uint64_t{8} << 30;  // guest pages that are held
};

// Where the two devices part.
struct ReplayDifference {
  uint64_t sequence = 0;  // number of the event in the trace, from 1
  std::string text;       // what was recorded, what happened instead
};

// Reads that may differ, for a reason that the trace names.
struct ReplayTolerance {
  uint8_t region = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string reason;
  uint64_t count = 0;  // reads that did
};

struct ReplayResult {
  capture::TraceHeader header;
  uint64_t events = 0;
  uint64_t reads = 0;  // of the guest's CPU
  uint64_t writes = 0;
  uint64_t slices = 0;
  uint64_t pages = 0;  // of guest memory that came from the trace, whole or in part
  uint64_t stores = 0;
  uint64_t clocks = 0;
  uint64_t interrupts = 0;
  uint64_t resets = 0;
  uint64_t refused_writes = 0;  // register values that were not the guest's to write
  bool failsafe = false;        // the guest ended without its GPU
  bool finished = false;        // the trace has a proper end
  std::vector<ReplayTolerance> tolerances;
  std::optional<ReplayDifference> difference;  // the first; nothing is compared behind it
  std::optional<capture::FileError> error;     // the trace cannot be followed to its end

  bool same() const { return !difference && !error; }
};

// Takes the reader. Single-threaded; nothing of it depends on time. Cost: in proportion to the
// events. Any file is a legal argument.
ReplayResult Replay(std::unique_ptr<capture::BoundaryTraceReader> reader,
                    const ReplayOptions& options = {});

}  // namespace gvt::core
