#include "bench/all_captures.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "bench/rounds.h"

namespace gvt::bench {

const std::vector<Corpus>& Captures() {
  static const std::vector<Corpus> captures = [] {
    std::vector<Corpus> loaded;
    for (const std::string& path : CorpusFiles()) {
      auto corpus = LoadCorpus(path, Part::kBatches);
      if (corpus && !corpus->pieces.empty()) loaded.push_back(std::move(*corpus));
    }
    return loaded;
  }();
  return captures;
}

bool IsRender(const Corpus& corpus) {
  constexpr const char* kDrivers[] = {"iris", "zink", "anv"};
  return std::any_of(std::begin(kDrivers), std::end(kDrivers), [&](const char* driver) {
    return corpus.name.find(driver) != std::string::npos;
  });
}

void GeometricMeans::Add(double value) {
  logarithms_ += std::log(std::max(value, 1e-3));
  ++count_;
}

void GeometricMeans::EndRound() {
  rounds_.push_back(std::exp(logarithms_ / static_cast<double>(count_)));
  logarithms_ = 0;
  count_ = 0;
}

void SetCounters(benchmark::State& state, const std::string& name,
                 const std::vector<double>& sample) {
  const Spread spread = SpreadOf(sample);
  state.counters[name] = spread.median;
  state.counters[name + ":low"] = spread.low;
  state.counters[name + ":high"] = spread.high;
}

}  // namespace gvt::bench
