// Where private copies of segments come from.
#pragma once

#include <cstdint>
#include <span>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::scanner {

class SegmentSource {
 public:
  virtual ~SegmentSource() = default;

  // Copies dwords from `address` (4-byte aligned) on into `out`; returns how many, less than
  // out.size() iff a page is not mapped. Every call reads memory afresh, once.
  virtual uint32_t Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) = 0;
};

}  // namespace gvt::scanner
