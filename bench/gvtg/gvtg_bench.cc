// gvtg_bench [--rounds=N] [--json]: our scanners beside the kernel's GVT-g, by turns in one run.
//
// The jobs of bench/yardsticks.h run over the same batches as GVT-g's two: those on linear copies
// beside command_scan() alone, those that walk page tables and copy beside its scan and shadow. The
// audits are the interpreter's, and those of the engine that the core makes: when it has learned
// the capture, and at first sight, where an engine that has seen nothing takes the capture once, in
// its order. The text says how many times each is as fast as GVT-g; ratios are taken within a
// round. What makes the comparison kind to GVT-g is printed with it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/corpus.h"
#include "bench/gvtg/gvtg_jobs.h"
#include "bench/rounds.h"
#include "bench/yardsticks.h"
#include "scanner/interpreter.h"

namespace gvt::bench {
namespace {

constexpr double kSliceNs = 250e3;  // as in bench/rounds.cc
constexpr int kDefaultRounds = 31;

// Printed with every result.
constexpr const char* kCaveats =
    "GVT-g: linux 6.1's functions in this process, -O2, with stubs that favour them: guest memory "
    "is one array, no pinning, no locks, no retpolines, silent messages, shadows by malloc. Scan "
    "+ shadow is its audit mode (scan_nonprivbb on); by default GVT-g does not look at user "
    "batches at all. Its checks are fewer (docs/differences-from-gvtg.md). Registers that the "
    "capture loads were made accessible to it; what it refuses even so is left out for all.";

// Which of GVT-g's two jobs a contestant is compared with.
enum class Kind : uint8_t { kLinear, kWalking };

struct Contestant {
  std::string name;
  Kind kind;
  std::function<double(uint32_t passes)> ns_of;  // does the job so often over the capture
  uint32_t passes = 1;                           // that fill a time slice
  std::vector<double> ns;                        // a command, by round
};

template <typename Pass>
std::function<double(uint32_t)> Timed(Pass pass) {
  return [pass](uint32_t passes) {
    volatile uint64_t sink = 0;
    const double start = ThreadNs();
    for (uint32_t i = 0; i < passes; ++i) sink = sink + pass();
    return ThreadNs() - start;
  };
}

void Measure(int rounds, uint64_t commands, std::vector<Contestant>* contestants) {
  for (Contestant& contestant : *contestants) {
    contestant.ns_of(1);
    contestant.passes =
        static_cast<uint32_t>(std::max(std::ceil(kSliceNs / contestant.ns_of(1)), 1.0));
  }
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < contestants->size(); ++i) {
      Contestant& next = (*contestants)[(i + static_cast<size_t>(round)) % contestants->size()];
      next.ns.push_back(next.ns_of(next.passes) / next.passes / static_cast<double>(commands));
    }
  }
}

// How many times as long `slow` takes.
Spread Times(const Contestant& slow, const Contestant& fast) {
  std::vector<double> ratios;
  for (size_t i = 0; i < slow.ns.size(); ++i) ratios.push_back(slow.ns[i] / fast.ns[i]);
  return SpreadOf(std::move(ratios));
}

// The results of one capture. The last two contestants are GVT-g's: linear, walking.
struct Result {
  std::string name;
  Acceptance acceptance;
  uint64_t commands = 0;
  std::vector<Contestant> contestants;

  // How many times as fast as GVT-g.
  Spread TimesGvtg(const Contestant& contestant) const {
    const size_t back = contestant.kind == Kind::kLinear ? 2 : 1;
    return Times(contestants[contestants.size() - back], contestant);
  }
};

std::vector<Contestant> OurContestants(Yardsticks* yardsticks,
                                       const scanner::ScanEngine& interpreter) {
  std::vector<Contestant> contestants;
  const auto add = [&](Kind kind, std::string name, std::function<double(uint32_t)> ns_of) {
    contestants.push_back({std::move(name), kind, std::move(ns_of), 1, {}});
  };
  const auto add_job = [&](Kind kind, Job job) {
    add(kind, JobName(job), Timed([=] { return yardsticks->Run(job); }));
    if (!Audits(job) || job == Job::kInterpreter) return;
    add(kind, std::string(JobName(job)) + "FirstSight", [=](uint32_t passes) {
      double sum = 0;
      for (uint32_t i = 0; i < passes; ++i) {
        double ns = 0;
        yardsticks->RunFirstSight(job, &ns);
        sum += ns;
      }
      return sum;
    });
  };
  for (const Job job : {Job::kMemcpy, Job::kTableLoop, Job::kInterpreter, Job::kJit, Job::kQueued})
    add_job(Kind::kLinear, job);
  add_job(Kind::kWalking, Job::kPageWalkCopy);
  add(Kind::kWalking, "WalkCopyInterpreter",
      Timed([=, &interpreter] { return yardsticks->RunBy(interpreter, Job::kWalkCopyScan); }));
  add_job(Kind::kWalking, Job::kWalkCopyScan);
  return contestants;
}

Result Run(const Corpus& loaded, int rounds) {
  Result result;
  result.name = loaded.name;
  Corpus corpus = ForGvtg(loaded, &result.acceptance);
  result.commands = corpus.commands;
  if (corpus.pieces.empty()) return result;
  GvtgJobs gvtg(corpus);
  Yardsticks yardsticks(corpus);
  const scanner::Interpreter interpreter(corpus.platform, {});
  result.contestants = OurContestants(&yardsticks, interpreter);
  result.contestants.push_back(
      {"GvtgScan", Kind::kLinear, Timed([&gvtg] { return gvtg.Scan(); }), 1, {}});
  result.contestants.push_back(
      {"GvtgScanShadow", Kind::kWalking, Timed([&gvtg] { return gvtg.ScanAndShadow(); }), 1, {}});
  Measure(rounds, corpus.commands, &result.contestants);
  for (Contestant& contestant : result.contestants) contestant.ns_of = nullptr;
  return result;
}

const char* KindName(Kind kind) {
  return kind == Kind::kLinear ? "scan" : "scan + shadow";
}

void PrintText(const Result& result) {
  std::printf("\n%s: %zu of %zu batches accepted by stock GVT-g, %zu measured (%llu commands)\n",
              result.name.c_str(), result.acceptance.stock, result.acceptance.batches,
              result.acceptance.opened, static_cast<unsigned long long>(result.commands));
  if (result.contestants.empty()) return;
  std::printf("  %-24s %10s  %24s\n", "ns a command", "median", "times GVT-g's [10-90 %]");
  for (const Contestant& contestant : result.contestants) {
    const Spread times = result.TimesGvtg(contestant);
    std::printf("  %-24s %10.2f  %8.1f [%6.1f-%6.1f] %s\n", contestant.name.c_str(),
                SpreadOf(contestant.ns).median, times.median, times.low, times.high,
                KindName(contestant.kind));
  }
}

// One object a capture and line, without jobs if GVT-g accepts none of its batches: name, counts,
// and for each job its kind, and median, low and high as ns a command and as times GVT-g's.
void PrintJson(const Result& result, bool last) {
  std::printf(
      "  {\"name\": \"%s\", \"batches\": %zu, \"stock\": %zu, \"opened\": %zu, "
      "\"commands\": %llu, \"jobs\": {",
      result.name.c_str(), result.acceptance.batches, result.acceptance.stock,
      result.acceptance.opened, static_cast<unsigned long long>(result.commands));
  const char* comma = "";
  for (const Contestant& contestant : result.contestants) {
    const Spread ns = SpreadOf(contestant.ns);
    const Spread times = result.TimesGvtg(contestant);
    std::printf(
        "%s\"%s\": {\"kind\": \"%s\", \"ns\": [%.4f, %.4f, %.4f], \"times\": [%.4f, %.4f, %.4f]}",
        comma, contestant.name.c_str(), KindName(contestant.kind), ns.median, ns.low, ns.high,
        times.median, times.low, times.high);
    comma = ", ";
  }
  std::printf("}}%s\n", last ? "" : ",");
}

// Geometric means over all captures of one job's ratios.
void PrintMeans(std::vector<Result> results) {
  std::erase_if(results, [](const Result& result) { return result.contestants.empty(); });
  if (results.empty()) return;
  std::printf("\n%zu captures, geometric means of the medians\n", results.size());
  const Result& first = results.front();
  for (size_t i = 0; i < first.contestants.size(); ++i) {
    double sum = 0;
    for (const Result& result : results)
      sum += std::log(result.TimesGvtg(result.contestants[i]).median);
    std::printf("  %-24s %6.1f times GVT-g's %s\n", first.contestants[i].name.c_str(),
                std::exp(sum / static_cast<double>(results.size())),
                KindName(first.contestants[i].kind));
  }
}

int Main(int rounds, bool json) {
  std::vector<Result> results;
  for (const std::string& path : CorpusFiles()) {
    capture::FileResult<Corpus> corpus = LoadCorpus(path, Part::kBatches);
    if (!corpus) {
      std::fprintf(stderr, "gvtg_bench: %s\n", corpus.error().Message().c_str());
      return 1;
    }
    Result result = Run(*corpus, rounds);
    if (!json) PrintText(result);
    results.push_back(std::move(result));
  }
  if (results.empty()) {
    std::fprintf(stderr, "gvtg_bench: no captures; set GVT_CORPUS to a folder of *.aub.xz\n");
    return 1;
  }
  if (!json) {
    PrintMeans(results);
    std::printf("\n%s\n", kCaveats);
    return 0;
  }
  std::printf("{\"caveats\": \"%s\", \"rounds\": %d, \"files\": [\n", kCaveats, rounds);
  for (const Result& result : results) PrintJson(result, &result == &results.back());
  std::printf("]}\n");
  return 0;
}

}  // namespace
}  // namespace gvt::bench

int main(int argc, char** argv) {
  int rounds = gvt::bench::kDefaultRounds;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0) {
      json = true;
    } else if (std::strncmp(argv[i], "--rounds=", 9) == 0) {
      rounds = std::max(1, std::atoi(argv[i] + 9));
    } else {
      std::fprintf(stderr, "gvtg_bench: unknown argument %s (known: --rounds=N --json)\n", argv[i]);
      return 2;
    }
  }
  return gvt::bench::Main(rounds, json);
}
