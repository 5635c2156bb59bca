// What happened to a vGPU, as a number that programs can count and sort by.
//
// Names and order are of the C contract (gvtcore_event_name): kinds are only ever added at the end.
#pragma once

#include <cstdint>

namespace gvt {

enum class EventKind : uint32_t {
  kActivated = 0,
  kDeactivated,
  kReset,            // of the whole function, by the host
  kSaved,            // detail: bytes
  kRestored,         // detail: bytes
  kMemoryAdded,      // detail: guest address
  kMemoryRemoved,    // detail: guest address
  kMemoryMoved,      // detail: guest address
  kRegionMapped,     // detail: guest address
  kRegionUnmapped,   // detail: guest address
  kRegisterRefused,  // detail: offset in BAR0
  kCommandRefused,   // detail: graphics address
  kCommandError,     // detail: graphics address
  kPageMissing,      // detail: graphics address
  kContextMissing,   // detail: descriptor
  kStalled,          // detail: nanoseconds of the last slice
  kEngineReset,      // by the guest
  kFailsafe,         // registers only store from now on
};
inline constexpr uint32_t kEventKinds = 18;
inline constexpr uint32_t kNoEngine = ~uint32_t{0};

struct Event {
  EventKind kind = EventKind::kActivated;
  uint32_t engine = kNoEngine;  // hw::Engine, where the event is of one
  uint64_t detail = 0;
};

}  // namespace gvt
