// The software streamer and the slow model, side by side on one program.
#pragma once

#include <cstdint>
#include <string>

#include "tests/gpu_soft/bench_guest.h"
#include "tools/model/slow_model.h"

namespace gvt::model {

class Comparison {
 public:
  static constexpr uint64_t kMaxCommands = 5000;

  // Of what context 0 of `guest` is made to run; `guest` outlives the comparison. The clock stands
  // still from now on.
  explicit Comparison(soft_test::BenchGuest& guest);

  // First, while the guest's memory is what it was at construction.
  ModelEnd RunModel(uint64_t max_commands = kMaxCommands);
  // What differs now that the streamer has ended so, or "".
  std::string Difference(gpu::RunEnd end);

  SlowModel& model() { return model_; }

 private:
  std::string RegisterDifference();
  std::string PageDifference(size_t space, uint64_t key) const;

  soft_test::BenchGuest& guest_;
  SlowModel model_;
  ModelEnd end_ = ModelEnd::kDrained;
};

}  // namespace gvt::model
