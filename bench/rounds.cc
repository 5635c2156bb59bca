#include "bench/rounds.h"

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cmath>

namespace gvt::bench {
namespace {

// Long against reading the clock (below 1 us), short against the machine's moods.
constexpr double kSliceNs = 250e3;

double Percentile(const std::vector<double>& sorted, double fraction) {
  const double at = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

}  // namespace

double ThreadNs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

Spread SpreadOf(std::vector<double> sample) {
  if (sample.empty()) return {};
  std::sort(sample.begin(), sample.end());
  return {Percentile(sample, 0.5), Percentile(sample, 0.1), Percentile(sample, 0.9)};
}

Rounds::Rounds(Yardsticks* yardsticks) : yardsticks_(*yardsticks) {
  for (size_t i = 0; i < kJobCount; ++i) {
    const auto job = static_cast<Job>(i);
    benchmark::DoNotOptimize(yardsticks_.Run(job));
    const double start = ThreadNs();
    benchmark::DoNotOptimize(yardsticks_.Run(job));
    const double passes = std::ceil(kSliceNs / std::max((ThreadNs() - start), 1.0));
    passes_[i] = static_cast<uint32_t>(std::max(passes, 1.0));
  }
}

double Rounds::NsOfSlice(Job job) {
  const uint32_t passes = passes_[static_cast<size_t>(job)];
  const double start = ThreadNs();
  for (uint32_t i = 0; i < passes; ++i) {
    benchmark::DoNotOptimize(yardsticks_.Run(job));
    benchmark::ClobberMemory();
  }
  return (ThreadNs() - start) / passes / static_cast<double>(yardsticks_.corpus().commands);
}

double Rounds::Next() {
  const double start = ThreadNs();
  std::array<double, kJobCount> ns{};
  for (size_t i = 0; i < kJobCount; ++i) {
    const size_t job = (i + ns_.size()) % kJobCount;
    ns[job] = NsOfSlice(static_cast<Job>(job));
  }
  ns_.push_back(ns);
  double compiled = 0;
  double interpreted = 0;
  const bool compiled_first = ns_.size() % 2 != 0;
  if (compiled_first) benchmark::DoNotOptimize(yardsticks_.RunFirstSight(Job::kJit, &compiled));
  benchmark::DoNotOptimize(yardsticks_.RunFirstSight(Job::kInterpreter, &interpreted));
  if (!compiled_first) benchmark::DoNotOptimize(yardsticks_.RunFirstSight(Job::kJit, &compiled));
  first_sight_.push_back(compiled / static_cast<double>(yardsticks_.corpus().commands));
  first_sight_ratio_.push_back(compiled / interpreted);
  return (ThreadNs() - start) * 1e-9;
}

Spread Rounds::NsPerCommand(Job job) const {
  std::vector<double> sample;
  sample.reserve(ns_.size());
  for (const auto& round : ns_) sample.push_back(round[static_cast<size_t>(job)]);
  return SpreadOf(std::move(sample));
}

Spread Rounds::FirstSightRatio() const {
  std::vector<double> sample;
  sample.reserve(ns_.size());
  for (size_t i = 0; i < ns_.size(); ++i) {
    sample.push_back(first_sight_[i] / ns_[i][static_cast<size_t>(Job::kTableLoop)]);
  }
  return SpreadOf(std::move(sample));
}

Spread Rounds::Ratio(Job job, Job base) const {
  std::vector<double> sample;
  sample.reserve(ns_.size());
  for (const auto& round : ns_) {
    sample.push_back(round[static_cast<size_t>(job)] / round[static_cast<size_t>(base)]);
  }
  return SpreadOf(std::move(sample));
}

}  // namespace gvt::bench
