// The input of the scan fuzzer: one segment with its policy, as bytes.
//
// A fixed header of kScanHeaderBytes and then little-endian dwords, so that a mutation of a dword
// stays a mutation of a dword. Every byte string of at least a header means something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/segment.h"

namespace gvt::fuzz {

inline constexpr size_t kScanHeaderBytes = 16;

struct ScanInput {
  hw::Platform platform = hw::Platform::kSkl;                        // byte 0
  hw::Engine engine = hw::Engine::kRcs;                              // byte 1
  scanner::BufferKind kind = scanner::BufferKind::kFirstLevelBatch;  // byte 2
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;                 // byte 3, bit 0
  bool privileged = false;                                           // bit 1
  bool audit_only = false;                                           // bit 2
  bool narrow_windows = false;  // bit 3: windows whose edges 20-bit addresses reach
  bool own_slots = false;       // bit 4: FORCE_TO_NONPRIV slots from the first dwords
  uint8_t raised_rule = 0;      // byte 4: the rule with another action than its mildest ...
  uint8_t raised_action = 0;    // byte 5: ... if that is allowed
  uint16_t split = 0;           // bytes 6, 7: dwords that the scan sees at a time
  Gma start;                    // bytes 8..15: 48 bits, dword-aligned
  std::vector<uint32_t> dwords;
};

// nullopt: shorter than a header. A buffer that only exists in the GGTT is given that space and its
// privilege whatever the bits say.
std::optional<ScanInput> ParseScanInput(std::span<const uint8_t> bytes);
std::vector<uint8_t> SerializeScanInput(const ScanInput& input);

scanner::Policy PolicyOf(const ScanInput& input);
// A complete segment over input.dwords, which outlives it.
scanner::Segment SegmentOf(const ScanInput& input);

}  // namespace gvt::fuzz
