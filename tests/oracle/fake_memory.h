// GPU memory for tests of the walk: dwords at addresses, and memory that changes while it is read.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "base/address.h"
#include "hw/platform.h"
#include "scanner/segment_source.h"

namespace gvt::oracle {

// A page is mapped iff one of its dwords was written; its other dwords read as 0 (MI_NOOP).
class FakeMemory final : public scanner::SegmentSource {
 public:
  // `address` is 4-byte aligned.
  void Write(hw::AddressSpace space, uint64_t address, std::span<const uint32_t> dwords);

  // Makes a dword read as values[0] the first time, values[1] the second time, ...; the last one
  // stays.
  void SetChanging(hw::AddressSpace space, uint64_t address, std::vector<uint32_t> values);

  uint32_t Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) override;

  // How often a dword was fetched.
  uint64_t Reads(hw::AddressSpace space, uint64_t address) const;

 private:
  struct Space {
    std::map<uint64_t, uint32_t> dwords;
    std::map<uint64_t, std::vector<uint32_t>> changing;
    std::map<uint64_t, uint64_t> reads;
    std::set<uint64_t> pages;
  };

  uint32_t Read(Space* space, uint64_t address);

  std::array<Space, 2> spaces_;  // index = AddressSpace
};

}  // namespace gvt::oracle
