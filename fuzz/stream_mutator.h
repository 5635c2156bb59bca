// Mutations of command streams that know where commands begin, how long they may be and which of
// their dwords are addresses or registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "hw/platform.h"

namespace gvt::fuzz {

class StreamMutator {
 public:
  StreamMutator(hw::Platform platform, hw::Engine engine, unsigned seed)
      : generation_(hw::GenerationOf(platform)), engine_(engine), random_(seed) {}

  // Changes one thing: a command comes, goes, gets another length, header bits, address or
  // register. The result has at most max_dwords.
  void Mutate(std::vector<uint32_t>* dwords, size_t max_dwords);

 private:
  uint32_t Below(uint32_t bound) {
    return bound == 0 ? 0 : static_cast<uint32_t>(random_()) % bound;
  }
  bool OneIn(uint32_t n) { return Below(n) == 0; }

  std::vector<size_t> CommandStarts(const std::vector<uint32_t>& dwords) const;
  std::vector<uint32_t> RandomCommand();
  uint32_t InterestingDword();
  uint32_t RegisterOffset();
  uint32_t AddressLow();
  void ChangeLength(uint32_t* header);
  void ChangeOperand(std::vector<uint32_t>* dwords, size_t start);
  void ChangeHeader(uint32_t* header);

  hw::Generation generation_;
  hw::Engine engine_;
  std::minstd_rand random_;
};

}  // namespace gvt::fuzz
