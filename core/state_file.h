// The state of a vGPU as bytes, to be restored by another process, perhaps of another version.
//
// | at | bytes | what                                                           |
// |----|-------|----------------------------------------------------------------|
// | 0  | 8     | "GVTSTATE"                                                     |
// | 8  | 4     | version of the format                                          |
// | 12 | 4     | number of sections                                             |
// | 16 | 8     | length of everything                                           |
// | 24 | 8     | XXH3 (64 bits) of all bytes behind this header                 |
// | 32 |       | sections: number (4), zero (4), length of content (8), content |
//
// All numbers are little-endian. Every section is there once, in ascending order. Numbers from
// kFirstOptionalSection on may be unknown, and are then skipped: a later version adds what earlier
// ones can do without. Anything else that is new is a new version of the format.
//
// Guest memory is not part of it: that is the host's to move.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "capture/file_error.h"
#include "core/vgpu_config.h"
#include "hw/platform.h"
#include "sched/execlist_ports.h"
#include "vgpu/snapshot.h"

namespace gvt::core {

inline constexpr uint32_t kStateVersion = 1;
inline constexpr size_t kStateHeaderBytes = 32;
inline constexpr uint32_t kFirstOptionalSection = 0x8000'0000;
// More than the largest vGPU needs: each of its registers and entries a run of its own.
inline constexpr size_t kMaxStateBytes = size_t{32} << 20;

// All of a vGPU but its memory.
struct VgpuSnapshot {
  vgpu::DeviceSnapshot device;
  std::array<std::optional<sched::ExeclistSnapshot>, hw::kEngineCount> engines;
};

// `settings` say what the vGPU was made with; a reader compares.
std::vector<std::byte> EncodeState(const VgpuSettings& settings, const VgpuSnapshot& snapshot);

// Any bytes are a legal argument; what is returned can be restored to a vGPU of these settings and
// engines. kTruncated, kCorrupt; kUnsupported: another version, or a vGPU that was made otherwise;
// kNoSpace: longer than kMaxStateBytes. Cost: in proportion to the length.
capture::FileResult<VgpuSnapshot> DecodeState(const VgpuSettings& settings,
                                              std::span<const std::byte> bytes);

// Puts the length and the checksum into a state's header. For EncodeState, and for tests that
// change what is behind. Does nothing if there is no room for a header.
void SealState(std::span<std::byte> state);

}  // namespace gvt::core
