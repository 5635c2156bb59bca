// Takes values from a fuzzer's input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace gvt::fuzz {

// Bytes of the input, zero behind its end.
class InputReader {
 public:
  InputReader(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  template <typename T>
  T Take() {
    T value{};
    const size_t bytes = std::min(left_, sizeof value);
    if (bytes == 0) return value;
    std::memcpy(&value, data_, bytes);
    data_ += bytes;
    left_ -= bytes;
    return value;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

}  // namespace gvt::fuzz
