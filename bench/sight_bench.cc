// BM_FirstSight  each 3D capture once a round, one after the other, in the captures' own order,
// each
//                by an engine that was made just before: what nobody has seen, by a processor that
//                has had all other captures meanwhile. Against the bare table loop, which has the
//                same: audit, audit of four queued batches, and the interpreter's
// BM_FromMemory  walk, copy and audit of 3D captures, of walk and copy's speed: what is
//                kept of it, with the guest's memory in cache or in none; first sight and learned
//
// All that is compared is done by turns within each round; geometric means over the captures.
#include "bench/sight_bench.h"

#include <benchmark/benchmark.h>

#include <array>
#include <iterator>
#include <memory>
#include <vector>

#include "bench/all_captures.h"
#include "bench/rounds.h"
#include "bench/yardsticks.h"

namespace gvt::bench {
namespace {

std::vector<std::unique_ptr<Yardsticks>> RenderYardsticks() {
  std::vector<std::unique_ptr<Yardsticks>> all;
  for (const Corpus& corpus : Captures()) {
    if (IsRender(corpus)) all.push_back(std::make_unique<Yardsticks>(corpus));
  }
  return all;
}

double NsOf(Yardsticks* yardsticks, Job job) {
  const double start = ThreadNs();
  benchmark::DoNotOptimize(yardsticks->Run(job));
  return ThreadNs() - start;
}

double FirstSightNs(Yardsticks* yardsticks, Job job) {
  double ns = 0;
  benchmark::DoNotOptimize(yardsticks->RunFirstSight(job, &ns));
  return ns;
}

void RunFirstSight(benchmark::State& state) {
  constexpr Job kJobs[] = {Job::kTableLoop, Job::kJit, Job::kQueued, Job::kInterpreter};
  const auto all = RenderYardsticks();
  std::array<GeometricMeans, std::size(kJobs)> means;
  size_t turn = 0;
  for (auto _ : state) {
    std::vector<std::array<double, std::size(kJobs)>> ns(all.size());
    // All captures by one job, then by the next: so that none follows itself.
    ++turn;
    for (size_t i = 0; i < std::size(kJobs); ++i) {
      const size_t which = (i + turn) % std::size(kJobs);
      for (size_t capture = 0; capture < all.size(); ++capture) {
        Yardsticks* const yardsticks = all[capture].get();
        benchmark::DoNotOptimize(yardsticks->Run(Job::kMemcpy));  // into the cache, for all alike
        ns[capture][which] = Audits(kJobs[which]) ? FirstSightNs(yardsticks, kJobs[which])
                                                  : NsOf(yardsticks, kJobs[which]);
      }
    }
    for (const auto& of_capture : ns) {
      for (size_t i = 1; i < means.size(); ++i) means[i].Add(of_capture[i] / of_capture[0]);
    }
    for (size_t i = 1; i < means.size(); ++i) means[i].EndRound();
  }
  const char* const names[] = {"loop", "audit", "queued", "interpreter"};
  for (size_t i = 1; i < means.size(); ++i) SetCounters(state, names[i], means[i].rounds());
}

void RunFromMemory(benchmark::State& state) {
  const auto all = RenderYardsticks();
  // [in no cache][learned]
  std::array<std::array<GeometricMeans, 2>, 2> means;
  size_t turn = 0;
  for (auto _ : state) {
    for (const auto& yardsticks : all) {
      for (const bool cold : {false, true}) {
        std::array<double, 3> ns{};  // walk and copy; at first sight; learned
        ++turn;
        for (size_t i = 0; i < ns.size(); ++i) {
          const size_t which = (i + turn) % ns.size();
          if (cold) yardsticks->EvictGuestMemory();
          ns[which] = which == 0   ? NsOf(yardsticks.get(), Job::kPageWalkCopy)
                      : which == 1 ? FirstSightNs(yardsticks.get(), Job::kWalkCopyScan)
                                   : NsOf(yardsticks.get(), Job::kWalkCopyScan);
        }
        means[cold][0].Add(ns[0] / ns[1]);
        means[cold][1].Add(ns[0] / ns[2]);
      }
    }
    for (auto& of_place : means) {
      for (GeometricMeans& each : of_place) each.EndRound();
    }
  }
  SetCounters(state, "in_cache_first_sight", means[0][0].rounds());
  SetCounters(state, "in_cache_learned", means[0][1].rounds());
  SetCounters(state, "cold_first_sight", means[1][0].rounds());
  SetCounters(state, "cold_learned", means[1][1].rounds());
}

}  // namespace

void RegisterSightBench(int rounds) {
  benchmark::RegisterBenchmark("BM_FirstSight", &RunFirstSight)
      ->Iterations(rounds)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("BM_FromMemory", &RunFromMemory)
      ->Iterations(rounds)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace gvt::bench
