// gvt_bench: how fast real command streams are copied, stepped over and audited.
//
// For each capture of the corpus there are
//   BM_Memcpy, BM_PageWalkCopy, BM_TableLoop, BM_Interpreter, BM_Jit, BM_Queued, BM_WalkCopyScan
//   one job in the usual Google Benchmark loop: for profilers, and for
//   comparing builds (tools/ab_bench.py) BM_Together   all jobs by turns in one run, over the
//   batches: medians and ratios with their spread, which is what scripts/bench_table.py prints
//   BM_Around     the same over rings and context buffers
// and BM_RegisterAccess (access_bench.h) and those of the other headers named *_bench.h.
//
// The corpus: CorpusFiles() in corpus.h.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/access_bench.h"
#include "bench/compiled_bench.h"
#include "bench/corpus.h"
#include "bench/host_bench.h"
#include "bench/rounds.h"
#include "bench/shadow_bench.h"
#include "bench/sight_bench.h"
#include "bench/track_bench.h"
#include "bench/workload_bench.h"
#include "bench/yardsticks.h"

namespace gvt::bench {
namespace {

constexpr std::string_view kRoundsFlag = "--rounds=";
constexpr int kDefaultRounds = 31;

// Captures are loaded when a benchmark first wants them, so that a filter costs what it selects.
// Null: the capture cannot be read or has no such segments; *reason says which.
Yardsticks* YardsticksOf(const std::string& path, Part part, std::string* reason) {
  static std::map<std::pair<std::string, Part>, std::unique_ptr<Yardsticks>> loaded;
  std::unique_ptr<Yardsticks>& slot = loaded[{path, part}];
  if (slot == nullptr) {
    capture::FileResult<Corpus> corpus = LoadCorpus(path, part);
    if (!corpus) {
      *reason = corpus.error().Message();
      return nullptr;
    }
    if (corpus->pieces.empty()) {
      *reason = "no such segments";
      return nullptr;
    }
    slot = std::make_unique<Yardsticks>(std::move(*corpus));
  }
  return slot.get();
}

void SetStreamCounters(benchmark::State& state, const Corpus& corpus) {
  state.counters["commands"] = static_cast<double>(corpus.commands);
  state.counters["segments"] = static_cast<double>(corpus.pieces.size());
  state.counters["bytes"] = static_cast<double>(corpus.bytes());
}

void RunJob(benchmark::State& state, Job job, const std::string& path) {
  std::string reason;
  Yardsticks* const yardsticks = YardsticksOf(path, Part::kBatches, &reason);
  if (yardsticks == nullptr) {
    state.SkipWithError(reason.c_str());
    return;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(yardsticks->Run(job));
    benchmark::ClobberMemory();
  }
  using benchmark::Counter;
  const Corpus& corpus = yardsticks->corpus();
  const double commands =
      static_cast<double>(corpus.commands) * static_cast<double>(state.iterations());
  state.SetBytesProcessed(static_cast<int64_t>(corpus.bytes()) * state.iterations());
  state.counters["commands/s"] = Counter(commands, Counter::kIsRate);
  state.counters["ns/command"] = Counter(commands * 1e-9, Counter::kIsRate | Counter::kInvert);
  SetStreamCounters(state, corpus);
}

void SetSpread(benchmark::State& state, const std::string& name, const Spread& spread) {
  state.counters[name] = spread.median;
  state.counters[name + ":low"] = spread.low;
  state.counters[name + ":high"] = spread.high;
}

void RunTogether(benchmark::State& state, Part part, const std::string& path) {
  std::string reason;
  Yardsticks* const yardsticks = YardsticksOf(path, part, &reason);
  if (yardsticks == nullptr) {
    state.SkipWithError(reason.c_str());
    return;
  }
  Rounds rounds(yardsticks);
  for (auto _ : state) state.SetIterationTime(rounds.Next());
  for (size_t i = 0; i < kJobCount; ++i) {
    const auto job = static_cast<Job>(i);
    SetSpread(state, JobName(job), rounds.NsPerCommand(job));
  }
  SetSpread(state, "Interpreter/TableLoop", rounds.Ratio(Job::kInterpreter, Job::kTableLoop));
  SetSpread(state, "JitFirstSight/InterpreterFirstSight",
            rounds.FirstSightsRatio(Job::kJit, Job::kInterpreter));
  for (const Job job : {Job::kJit, Job::kQueued, Job::kWalkCopyScan}) {
    const Job floor = job < Job::kWalkCopyScan ? Job::kTableLoop : Job::kPageWalkCopy;
    const std::string name = std::string(JobName(job)) + "FirstSight";
    SetSpread(state, name, rounds.FirstSight(job));
    SetSpread(state, name + "/" + JobName(floor), rounds.FirstSightRatio(job, floor));
    SetSpread(state, std::string(JobName(job)) + "/" + JobName(floor), rounds.Ratio(job, floor));
  }
  SetSpread(state, "TableLoop/Memcpy", rounds.Ratio(Job::kTableLoop, Job::kMemcpy));
  SetStreamCounters(state, yardsticks->corpus());
}

void Register(const std::string& path, int rounds) {
  const std::string name = CorpusName(path);
  for (size_t i = 0; i < kJobCount; ++i) {
    const auto job = static_cast<Job>(i);
    benchmark::RegisterBenchmark((std::string("BM_") + JobName(job) + "/" + name).c_str(),
                                 [job, path](benchmark::State& state) { RunJob(state, job, path); })
        ->Unit(benchmark::kMicrosecond);
  }
  const std::pair<const char*, Part> parts[] = {{"BM_Together/", Part::kBatches},
                                                {"BM_Around/", Part::kAround}};
  for (const auto& [prefix, part] : parts) {
    benchmark::RegisterBenchmark(
        (prefix + name).c_str(),
        [part = part, path](benchmark::State& state) { RunTogether(state, part, path); })
        ->Iterations(rounds)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
}

// Takes `--rounds=N` out of the arguments, which Google Benchmark does not know.
int TakeRounds(int* argc, char** argv) {
  int rounds = kDefaultRounds;
  char** const end = argv + *argc;
  char** const kept = std::remove_if(argv, end, [&rounds](const char* argument) {
    const std::string_view text(argument);
    if (!text.starts_with(kRoundsFlag)) return false;
    rounds = std::max(1, std::atoi(argument + kRoundsFlag.size()));
    return true;
  });
  *argc = static_cast<int>(kept - argv);
  return rounds;
}

}  // namespace
}  // namespace gvt::bench

int main(int argc, char** argv) {
  const int rounds = gvt::bench::TakeRounds(&argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const std::vector<std::string> files = gvt::bench::CorpusFiles();
  if (files.empty()) {
    std::fprintf(stderr, "gvt_bench: no captures; set GVT_CORPUS to a folder of *.aub.xz\n");
    return 2;
  }
  for (const std::string& path : files) gvt::bench::Register(path, rounds);
  gvt::bench::RegisterAccessBench(rounds);
  gvt::bench::RegisterCompiledBench(rounds);
  gvt::bench::RegisterSightBench(rounds);
  gvt::bench::RegisterWorkloadBench(rounds);
  gvt::bench::RegisterShadowBench(rounds);
  gvt::bench::RegisterHostBench(rounds);
  gvt::bench::RegisterTrackBench(rounds);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
