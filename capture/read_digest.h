// A checksum over what was read, and where: tells two sequences of reads apart without storing
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gvt::capture {

class ReadDigest {
 public:
  void Clear() { value_ = 0; }
  void Add(uint64_t address, std::span<const std::byte> data);
  // CRC-32 of addresses (eight bytes each, little-endian) and data, in order.
  uint32_t value() const { return value_; }

 private:
  uint32_t value_ = 0;
};

}  // namespace gvt::capture
