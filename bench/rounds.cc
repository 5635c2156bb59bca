#include "bench/rounds.h"

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <utility>

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

// Both: [round][job].
template <typename Table>
Spread SpreadOfJob(const Table& ns, Job job) {
  std::vector<double> sample;
  sample.reserve(ns.size());
  for (const auto& round : ns) sample.push_back(round[static_cast<size_t>(job)]);
  return SpreadOf(std::move(sample));
}

template <typename Table>
Spread SpreadOfRatio(const Table& ns, Job job, const Table& base_ns, Job base) {
  std::vector<double> sample;
  sample.reserve(ns.size());
  for (size_t i = 0; i < ns.size(); ++i) {
    sample.push_back(ns[i][static_cast<size_t>(job)] / base_ns[i][static_cast<size_t>(base)]);
  }
  return SpreadOf(std::move(sample));
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
  Round ns{};
  Round first_sight{};
  for (size_t i = 0; i < kJobCount; ++i) {
    const size_t job = (i + ns_.size()) % kJobCount;
    ns[job] = NsOfSlice(static_cast<Job>(job));
  }
  for (size_t i = 0; i < kJobCount; ++i) {
    const size_t job = (i + ns_.size()) % kJobCount;
    if (!Audits(static_cast<Job>(job))) continue;
    double pass = 0;
    benchmark::DoNotOptimize(yardsticks_.RunFirstSight(static_cast<Job>(job), &pass));
    first_sight[job] = pass / static_cast<double>(yardsticks_.corpus().commands);
  }
  ns_.push_back(ns);
  first_sight_.push_back(first_sight);
  return (ThreadNs() - start) * 1e-9;
}

Spread Rounds::NsPerCommand(Job job) const {
  return SpreadOfJob(ns_, job);
}

Spread Rounds::FirstSight(Job job) const {
  return SpreadOfJob(first_sight_, job);
}

Spread Rounds::Ratio(Job job, Job base) const {
  return SpreadOfRatio(ns_, job, ns_, base);
}

Spread Rounds::FirstSightRatio(Job job, Job base) const {
  return SpreadOfRatio(first_sight_, job, ns_, base);
}

Spread Rounds::FirstSightsRatio(Job job, Job base) const {
  return SpreadOfRatio(first_sight_, job, first_sight_, base);
}

}  // namespace gvt::bench
