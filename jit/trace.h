// A recorded sequence of commands as the comparisons that tell it again.
//
// A command is told by its header and by every dword that its audit looked at. If all of them are
// what they were, the verdict is what it was: the command is stepped over and leaves nothing in the
// report. Where a verdict depends on an address, the address is compared with the segment's own
// place instead of with itself, since addresses change from frame to frame.
//
// Positions count from the root of the trace's tree (jit/trace_store.h).
#pragma once

#include <cstdint>
#include <vector>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/segment.h"

namespace gvt::jit {

enum class CheckKind : uint8_t {
  kEqual,   // dword == value
  kMasked,  // (dword & mask) == value
  kFar,     // the 8 bytes that dwords `dword`, `dword` + 1 name are not in the rest of the segment,
            // which begins at dword `value`: scanner::ReachesRest() is false
};

struct Check {
  CheckKind kind = CheckKind::kEqual;
  uint32_t dword = 0;
  uint32_t value = 0;
  uint32_t mask = 0;
  friend bool operator==(const Check&, const Check&) = default;
};

// One command.
struct Step {
  uint32_t dword = 0;        // where it starts
  uint32_t behind = 0;       // the dword behind what the checks need
  uint32_t first_check = 0;  // in Trace::checks
  uint32_t check_count = 0;
  friend bool operator==(const Step&, const Step&) = default;
};

enum class TraceEnd : uint8_t {
  kOpen,      // the recording ended, or what follows has no sound length
  kLandmark,  // control goes on at the root of `last_header`
  kBatchEnd,  // MI_BATCH_BUFFER_END
  kAudit,     // the last step only recognises a command that has to be audited each time
};

struct Trace {
  hw::Engine engine = hw::Engine::kRcs;
  std::vector<Check> checks;
  std::vector<Step> steps;
  TraceEnd end = TraceEnd::kOpen;
  uint32_t end_dword = 0;     // first dword behind the commands stepped over
  uint32_t end_commands = 0;  // commands stepped over, counted from the root
  uint32_t last_header = 0;   // of the last step's command
};

// Where a trace starts.
struct TraceStart {
  uint32_t record_dword = 0;  // in the recording
  uint32_t dword = 0;         // counted from the root
  uint32_t commands = 0;      // counted from the root
};

// A trace ends at the first landmark behind so many commands from its root, and anywhere behind so
// many.
inline constexpr uint32_t kLandmarkCommands = 16;
inline constexpr uint32_t kMaxTraceCommands = 128;
// Dwords from a root that a trace may reach; keeps all distances in 32-bit displacements.
inline constexpr uint32_t kMaxTraceDwords = 1u << 20;

// The trace of what `recording` holds from `start` on; it has no steps if that is nothing that can
// be told again. `recording` is a part of a segment as scanner::Segment describes one, and the same
// `platform` and `policy` judged it. Cost: about 20 ns a command.
Trace BuildTrace(hw::Platform platform, const scanner::Policy& policy,
                 const scanner::Segment& recording, const TraceStart& start);

}  // namespace gvt::jit
