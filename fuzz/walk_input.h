// The input of the walk fuzzer: one workload with the memory it runs in, as bytes.
//
// A fixed header of kWalkHeaderBytes, then pages: two dwords of place (bit 63 GGTT, bits 35:0 page
// number), a dword of how many dwords follow, those dwords; the rest of a page is zero. A page that
// comes more than once has that many versions: with `changing` set, each fetch sees the next one,
// as if the guest's CPU had written in between.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/segment_source.h"
#include "scanner/workload.h"

namespace gvt::fuzz {

inline constexpr size_t kWalkHeaderBytes = 48;
inline constexpr size_t kMaxWalkPages = 64;

struct WalkPage {
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  uint64_t number = 0;
  std::vector<uint32_t> dwords;  // at most a page
};

struct WalkInput {
  hw::Platform platform = hw::Platform::kSkl;
  scanner::Workload workload;
  bool audit_only = false;
  bool narrow_windows = false;
  bool changing = false;
  std::vector<WalkPage> pages;
};

// nullopt: shorter than a header.
std::optional<WalkInput> ParseWalkInput(std::span<const uint8_t> bytes);
std::vector<uint8_t> SerializeWalkInput(const WalkInput& input);

scanner::Policy PolicyOf(const WalkInput& input);

// The memory of an input, which outlives it. Gives at most `budget_dwords` in all and then has no
// page any more, so that no walk takes long.
class WalkMemory final : public scanner::SegmentSource {
 public:
  WalkMemory(const WalkInput& input, uint64_t budget_dwords)
      : input_(input), budget_(budget_dwords) {}
  uint32_t Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) override;

 private:
  const WalkPage* NextVersion(hw::AddressSpace space, uint64_t number);

  const WalkInput& input_;
  uint64_t budget_;
  std::array<uint8_t, kMaxWalkPages> fetched_{};  // index: first version of a page
};

}  // namespace gvt::fuzz
