// Figures over all captures of the corpus together.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <string>
#include <vector>

#include "bench/corpus.h"

namespace gvt::bench {

// All captures' batches; loaded when first wanted.
const std::vector<Corpus>& Captures();

// Of 3D streams, by the driver in the name: iris, zink or anv.
bool IsRender(const Corpus& corpus);

// The geometric mean over what is added between two ends of a round, for each round.
class GeometricMeans {
 public:
  // `value` above 0; what noise has made less counts as next to nothing.
  void Add(double value);
  void EndRound();
  const std::vector<double>& rounds() const { return rounds_; }

 private:
  double logarithms_ = 0;
  size_t count_ = 0;
  std::vector<double> rounds_;
};

// Counters `name`, `name`:low and `name`:high: median, 10th and 90th percentile of a sample.
void SetCounters(benchmark::State& state, const std::string& name,
                 const std::vector<double>& sample);

}  // namespace gvt::bench
