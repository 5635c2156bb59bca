// Random programs for an engine: a ring, batches in both spaces that call and chain forward, data
// that they fight over. Mostly sound commands, a few that are not.
#pragma once

#include <cstdint>
#include <random>

#include "tests/gpu_soft/bench_guest.h"

namespace gvt::model {

class ProgramGenerator {
 public:
  ProgramGenerator(uint64_t seed, soft_test::BenchGuest& guest) : random_(seed), guest_(guest) {}

  static constexpr uint32_t kBatches = 6;  // the last two in the GGTT
  static hw::AddressSpace SpaceOf(uint32_t batch) {
    return batch + 2 >= kBatches ? soft_test::kGgtt : soft_test::kPpgtt;
  }
  static uint64_t AddressOf(uint32_t batch) { return soft_test::kBatch + batch * kPageSize; }

  // Fills registers, data, batches and the ring of context 0.
  void Fill();

 private:
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }
  bool OneIn(uint32_t n) { return Below(n) == 0; }

  uint32_t Value();
  uint32_t Register();
  uint64_t DataAddress();
  uint32_t GgttBit() { return OneIn(4) ? soft_test::kUseGgtt : 0; }
  soft_test::Dwords Start(uint32_t first_target, bool in_ring);
  soft_test::Dwords StoreCommand();
  soft_test::Dwords RegisterCommand();
  soft_test::Dwords FlushCommand();
  soft_test::Dwords AtomicCommand();
  soft_test::Dwords MathCommand();
  soft_test::Dwords DecidingCommand();
  soft_test::Dwords Any(uint32_t first_target, bool in_ring);

  std::mt19937_64 random_;
  soft_test::BenchGuest& guest_;
};

}  // namespace gvt::model
