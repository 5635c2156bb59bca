// Bytes for a place in a page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gvt {

// Of several that are written to one page at once. Invariant: offset_bytes + data.size() <= 4096.
struct PagePiece {
  uint32_t offset_bytes = 0;
  std::span<const std::byte> data;
};

}  // namespace gvt
