// A guest's memory with 4-level page tables, made for a corpus: what walking and copying is
// measured on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "hw/page_walk.h"

namespace gvt::bench {

// Physical pages in one array, so that going from a physical address to its bytes costs next to
// nothing: what is left is the walk. Pages are handed out in a shuffled order, as a guest's are.
class GuestMemory {
 public:
  // Room for `pages` pages of data and the tables above them.
  explicit GuestMemory(size_t pages);

  // Maps fresh pages below `dwords`, which keep their offset `page_offset` (multiple of 4, below
  // 4096) in the first one, and copies them there. Returns where they are.
  Gma Place(std::span<const uint32_t> dwords, uint64_t page_offset);

  // All of physical memory, byte 0 first, for a yardstick that walks by itself.
  std::span<uint8_t> bytes() {
    return {reinterpret_cast<uint8_t*>(pages_.data()), pages_.size() * kPageSize};
  }
  // Physical address of the table at the top.
  uint64_t root() const { return root_; }
  // Physical address of a byte that was placed.
  uint64_t Physical(Gma address) const {
    return hw::WalkPpgtt4Level(root_, address, Reader{*this}).physical;
  }

  // The bytes at `address` up to the end of its page, by a walk from the root; empty if the walk
  // fails.
  std::span<const uint32_t> Rest(Gma address) const {
    const hw::WalkResult found = hw::WalkPpgtt4Level(root_, address, Reader{*this});
    if (!found.ok()) return {};
    const std::array<uint64_t, kWords>& page = pages_[found.physical >> kPageShift];
    const size_t skip = (found.physical & kPageOffsetMask) / sizeof(uint32_t);
    return std::span(reinterpret_cast<const uint32_t*>(page.data()), 2 * kWords).subspan(skip);
  }

 private:
  static constexpr size_t kWords = kPageSize / sizeof(uint64_t);

  struct Reader {
    const GuestMemory& memory;
    std::optional<uint64_t> operator()(uint64_t physical) const {
      if (physical >> kPageShift >= memory.pages_.size()) return std::nullopt;
      return memory.pages_[physical >> kPageShift][(physical & kPageOffsetMask) / 8];
    }
  };

  uint64_t TakePage();
  uint64_t Map(Gma address);

  std::vector<std::array<uint64_t, kWords>> pages_;
  std::vector<uint32_t> free_pages_;
  uint64_t root_ = 0;
  Gma next_ = Gma(uint64_t{0x7f} << 32);  // where drivers put their buffers: high in 48 bits
};

}  // namespace gvt::bench
