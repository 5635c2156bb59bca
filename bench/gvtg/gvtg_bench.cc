// gvtg_bench [--rounds=N] [--json]: our scanners beside the kernel's GVT-g, by turns in one run.
//
// Every job of bench/yardsticks.h runs over the same batches as GVT-g's two: command_scan() alone,
// to be compared with what works on linear copies, and its scan and shadow, to be compared with
// what walks page tables. For each of ours, the text says how many times GVT-g's it is; ratios are
// taken within a round. What makes the comparison kind to GVT-g is printed with it.
#include <algorithm>
#include <array>
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

struct Contestant {
  std::string name;
  std::function<uint64_t()> pass;
  uint32_t passes = 1;     // that fill a time slice
  std::vector<double> ns;  // a command, by round
};

double NsOfSlice(const Contestant& contestant, uint64_t commands) {
  volatile uint64_t sink = 0;
  const double start = ThreadNs();
  for (uint32_t i = 0; i < contestant.passes; ++i) sink = sink + contestant.pass();
  return (ThreadNs() - start) / contestant.passes / static_cast<double>(commands);
}

void Measure(int rounds, uint64_t commands, std::vector<Contestant>* contestants) {
  for (Contestant& contestant : *contestants) {
    contestant.pass();
    const double once = NsOfSlice(contestant, 1);
    contestant.passes = static_cast<uint32_t>(std::max(std::ceil(kSliceNs / once), 1.0));
  }
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < contestants->size(); ++i) {
      Contestant& next = (*contestants)[(i + static_cast<size_t>(round)) % contestants->size()];
      next.ns.push_back(NsOfSlice(next, commands));
    }
  }
}

// How many times as long `slow` takes.
Spread Times(const Contestant& slow, const Contestant& fast) {
  std::vector<double> ratios;
  for (size_t i = 0; i < slow.ns.size(); ++i) ratios.push_back(slow.ns[i] / fast.ns[i]);
  return SpreadOf(std::move(ratios));
}

// The results of one capture. The last two contestants are GVT-g's.
struct Result {
  std::string name;
  Acceptance acceptance;
  uint64_t commands = 0;
  std::vector<Contestant> contestants;

  const Contestant& scan() const { return contestants[contestants.size() - 2]; }
  const Contestant& shadow() const { return contestants[contestants.size() - 1]; }
  size_t ours() const { return contestants.size() - 2; }
};

Result Run(const Corpus& loaded, int rounds) {
  Result result;
  result.name = loaded.name;
  Corpus corpus = ForGvtg(loaded, &result.acceptance);
  result.commands = corpus.commands;
  if (corpus.pieces.empty()) return result;
  GvtgJobs gvtg(corpus);
  Yardsticks yardsticks(corpus);
  for (size_t i = 0; i < kJobCount; ++i) {
    const auto job = static_cast<Job>(i);
    result.contestants.push_back({JobName(job), [&, job] { return yardsticks.Run(job); }, 1, {}});
  }
  result.contestants.push_back({"GvtgScan", [&] { return gvtg.Scan(); }, 1, {}});
  result.contestants.push_back({"GvtgScanShadow", [&] { return gvtg.ScanAndShadow(); }, 1, {}});
  Measure(rounds, corpus.commands, &result.contestants);
  return result;
}

void PrintText(const Result& result) {
  std::printf("\n%s: %zu of %zu batches accepted by stock GVT-g, %zu measured (%llu commands)\n",
              result.name.c_str(), result.acceptance.stock, result.acceptance.batches,
              result.acceptance.opened, static_cast<unsigned long long>(result.commands));
  if (result.contestants.empty()) return;
  std::printf("  %-16s %10s  %24s  %24s\n", "ns a command", "median", "x GVT-g scan [10-90 %]",
              "x scan+shadow [10-90 %]");
  for (const Contestant& contestant : result.contestants) {
    const Spread scan = Times(result.scan(), contestant);
    const Spread shadow = Times(result.shadow(), contestant);
    std::printf("  %-16s %10.2f  %8.2f [%6.2f-%6.2f]  %8.1f [%6.1f-%6.1f]\n",
                contestant.name.c_str(), SpreadOf(contestant.ns).median, scan.median, scan.low,
                scan.high, shadow.median, shadow.low, shadow.high);
  }
}

// One object a capture and line, without jobs if GVT-g accepts none of its batches: name, counts,
// and for each job its median, low and high as ns a command and as times GVT-g's two jobs.
void PrintJson(const Result& result, bool last) {
  std::printf(
      "  {\"name\": \"%s\", \"batches\": %zu, \"stock\": %zu, \"opened\": %zu, "
      "\"commands\": %llu, \"jobs\": {",
      result.name.c_str(), result.acceptance.batches, result.acceptance.stock,
      result.acceptance.opened, static_cast<unsigned long long>(result.commands));
  const char* comma = "";
  for (const Contestant& contestant : result.contestants) {
    const std::array<std::pair<const char*, Spread>, 3> values = {
        {{"ns", SpreadOf(contestant.ns)},
         {"x_scan", Times(result.scan(), contestant)},
         {"x_scan_shadow", Times(result.shadow(), contestant)}}};
    std::printf("%s\"%s\": {", comma, contestant.name.c_str());
    for (const auto& [key, spread] : values) {
      std::printf("%s\"%s\": [%.3f, %.3f, %.3f]", key == values[0].first ? "" : ", ", key,
                  spread.median, spread.low, spread.high);
    }
    std::printf("}");
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
    double scan = 0;
    double shadow = 0;
    for (const Result& result : results) {
      scan += std::log(Times(result.scan(), result.contestants[i]).median);
      shadow += std::log(Times(result.shadow(), result.contestants[i]).median);
    }
    const auto count = static_cast<double>(results.size());
    std::printf("  %-16s %6.2f x GVT-g scan, %6.1f x GVT-g scan + shadow\n",
                first.contestants[i].name.c_str(), std::exp(scan / count),
                std::exp(shadow / count));
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
