// The hashes of the segments that a walk has been through.
//
// A set that keeps its memory from walk to walk, so that remembering a segment allocates nothing
// once the longest walk of a stream was seen. Open addressing, at most half full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gvt::scanner {

class SeenSet {
 public:
  // Adds `hash`; false if it was there already.
  bool Insert(uint64_t hash) {
    if (used_.size() * 2 >= slots_.size()) Grow();
    const uint64_t value = hash | 1;  // 0 means free
    const size_t slot = SlotOf(value);
    if (slots_[slot] == value) return false;
    slots_[slot] = value;
    used_.push_back(slot);
    return true;
  }

  // Cost: that of the values that are in it.
  void Clear() {
    for (const size_t slot : used_) slots_[slot] = 0;
    used_.clear();
  }

 private:
  // Where `value` is, or the free slot where it goes.
  size_t SlotOf(uint64_t value) const {
    size_t slot = (value >> 1) & (slots_.size() - 1);
    while (slots_[slot] != 0 && slots_[slot] != value) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }

  void Grow() {
    const std::vector<uint64_t> old = std::move(slots_);
    slots_.assign(old.empty() ? 64 : old.size() * 2, 0);
    used_.clear();
    for (const uint64_t value : old) {
      if (value == 0) continue;
      const size_t slot = SlotOf(value);
      slots_[slot] = value;
      used_.push_back(slot);
    }
  }

  std::vector<uint64_t> slots_;  // 0 or a value; their number is 0 or a power of two
  std::vector<size_t> used_;     // slots that hold a value
};

}  // namespace gvt::scanner
