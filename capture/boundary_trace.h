// The boundary trace: everything that crossed the border between one vGPU and its host, in one
// order. docs/boundary-trace.md describes the file.
//
// What the host does is an event of its own (top level); what the device did meanwhile is nested
// behind it: what it read of guest memory that a replay does not know yet, what it stored, what its
// clock said, interrupts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gvt::capture {

inline constexpr std::array<char, 8> kTraceMagic = {'G', 'V', 'T', 'T', 'R', 'A', 'C', 'E'};
inline constexpr uint32_t kTraceVersion = 1;
inline constexpr size_t kMaxTraceData = 4096;  // bytes that one event carries

// What the vGPU was made with. Sizes are MiB; every member is settled, none says "default".
struct TraceHeader {
  // Recorded of some other device: reads are compared, but nothing is nested and no engine ran.
  bool foreign = false;
  bool scan = true;
  uint32_t pci_device_id = 0;
  uint32_t aperture_mib = 0;
  uint32_t low_gm_base_mib = 0;
  uint32_t low_gm_mib = 0;
  uint32_t high_gm_base_mib = 0;
  uint32_t high_gm_mib = 0;
  uint32_t fence_count = 0;
};

// Values are those of the file.
enum class TraceEventKind : uint8_t {
  // Top level.
  kEnd = 0,           // the recording ended properly
  kRead = 1,          // region, address, data: what the device answered
  kWrite = 2,         // region, address, data
  kSlice = 3,         // engine, value: length in nanoseconds; nested events up to kSliceEnd
  kSliceEnd = 4,      // value: 1 if there was more to run; digest of what was read
  kReset = 5,         // function-level reset
  kMemoryAdd = 6,     // address, length in bytes; value: 1 if read-only
  kMemoryRemove = 7,  // address, length
  kTolerance = 8,     // region, address, length: reads there may differ, data says why
  // Nested.
  kClock = 16,  // value: nanoseconds since the last kClock
  // For one read each: value is how many reads were done since the last of these three.
  kPage = 17,    // address, data: what the page held when the device read in it
  kPatch = 18,   // address, data: likewise, what has changed since the last event about it
  kFailed = 20,  // address: an access met no page
  // Others.
  kStore = 19,      // address, data: the device stored this
  kInterrupt = 21,  // message raised
};

constexpr bool IsNested(TraceEventKind kind) {
  return kind >= TraceEventKind::kClock;
}

// "read", "slice-end", ...
std::string_view TraceEventName(TraceEventKind kind);

// Members that the kind does not name are zero.
struct TraceEvent {
  TraceEventKind kind = TraceEventKind::kEnd;
  uint8_t region = 0;  // 0, 2, 4: BAR; 7: configuration space
  uint8_t engine = 0;  // hw::Engine
  uint64_t address = 0;
  uint64_t length = 0;
  uint64_t value = 0;
  uint32_t digest = 0;
  std::vector<std::byte> data;  // at most kMaxTraceData
};

}  // namespace gvt::capture
