// Guests, one of them perhaps an intruder, on engines that are stepped: everything that happens
// follows from the seed.
#pragma once

#include <cstdint>
#include <string>

namespace gvt::sim {

struct SimResult {
  std::string failure;    // empty: everything held
  uint64_t digest = 0;    // of all that the guests saw
  uint64_t requests = 0;  // of the guests that behave
};

SimResult RunSeed(uint64_t seed);

}  // namespace gvt::sim
