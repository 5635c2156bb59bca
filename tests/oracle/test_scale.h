// How much more than usual the generated tests do: GVT_TEST_SCALE, 1 where it is not set.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace gvt::oracle {

inline uint32_t TestScale() {
  const char* scale = std::getenv("GVT_TEST_SCALE");
  const unsigned long value = scale == nullptr ? 1 : std::strtoul(scale, nullptr, 10);
  return value == 0 || value > 1000 ? 1 : static_cast<uint32_t>(value);
}

}  // namespace gvt::oracle
