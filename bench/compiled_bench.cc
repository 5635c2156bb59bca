// BM_Compiling   each capture once, by an engine that was made for it: what making code takes, as a
//                share of the scan, of all captures together (share), and of the one where it is
//                largest (worst); and the same of a capture over and over until all that is hot is
//                code (settled); ns for each sequence (each)
// BM_Skeletons   captures of 3D streams that were learned, with every dword of commands that are
//                stepped over made random: times the bare table loop over the same, geometric mean.
//                In cache: each batch is copied just before, and what copying takes is taken off
//                either; cold: where they lie, in no cache. memcpy of the same bytes, likewise
// BM_OneBatch    batches of 2 to 4 KiB, each out of guest memory: walk, copy and audit against
//                walk, copy and table loop; ns a batch; learned, and each once by a new engine
// BM_TwoThreads  3D captures by two threads that share an engine: how much more they do than one,
//                against how much more two threads copy than one; wall clock
//
// All that is compared is done by turns within each round. The dwords of a 3D capture are those of
// drivers whose names hold iris, zink or anv.
#include "bench/compiled_bench.h"

#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/all_captures.h"
#include "bench/cold.h"
#include "bench/corpus.h"
#include "bench/guest_memory.h"
#include "bench/rounds.h"
#include "jit/make_engine.h"
#if GVT_HAVE_JIT
#include "jit/sequence_compiler.h"
#endif
#include "recall/recall_engine.h"
#include "scanner/interpreter.h"
#include "scanner/opcode_table.h"
#include "scanner/shortcuts.h"

namespace gvt::bench {
namespace {

double WallNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

std::unique_ptr<scanner::ScanEngine> Compiled(const Corpus& corpus) {
  return jit::MakeScanEngine(corpus.platform, scanner::Policy{});
}

uint64_t ScanAll(const scanner::ScanEngine& engine, std::span<const Piece> pieces,
                 scanner::ScanReport* report) {
  uint64_t commands = 0;
  for (const Piece& piece : pieces) {
    report->Clear();
    engine.Scan(piece.segment, report);
    commands += report->commands;
  }
  return commands;
}

uint32_t Loop(const scanner::OpcodeEntry* entries, std::span<const uint32_t> dwords) {
  uint32_t commands = 0;
  for (size_t at = 0; at < dwords.size(); ++commands) {
    at += entries[dwords[at] >> 16].LengthOf(dwords[at]);
  }
  return commands;
}

const scanner::OpcodeEntry* EntriesOf(const Corpus& corpus, hw::Engine engine) {
  return scanner::OpcodeTableFor(hw::GenerationOf(corpus.platform), engine).entries();
}

// What code was made of since the last call, and how long that took.
struct CompilerTimes {
  double ns = 0;
  double sequences = 0;
};
thread_local CompilerTimes compiler_times;

#if GVT_HAVE_JIT
class TimedCompiler final : public recall::Compiler {
 public:
  explicit TimedCompiler(std::unique_ptr<recall::Compiler> compiler)
      : compiler_(std::move(compiler)) {}
  recall::CompareFunction Compile(const recall::Sequence& sequence) override {
    const double start = ThreadNs();
    const recall::CompareFunction code = compiler_->Compile(sequence);
    compiler_times.ns += ThreadNs() - start;
    ++compiler_times.sequences;
    return code;
  }
  void Forget() override { compiler_->Forget(); }

 private:
  const std::unique_ptr<recall::Compiler> compiler_;
};

std::unique_ptr<recall::Compiler> MakeTimedCompiler() {
  return std::make_unique<TimedCompiler>(jit::MakeSequenceCompiler());
}
constexpr recall::CompilerFactory kTimedCompiler = &MakeTimedCompiler;
#else
constexpr recall::CompilerFactory kTimedCompiler = nullptr;
#endif

void RunCompiling(benchmark::State& state) {
  constexpr uint64_t kCommandsToSettle = uint64_t{1} << 26;
  std::vector<double> shares;
  std::vector<double> worsts;
  std::vector<double> settled;
  std::vector<double> each;
  scanner::ScanReport report;
  const auto scan_ns = [&](const Corpus& corpus, const scanner::ScanEngine& engine) {
    const double start = ThreadNs();
    benchmark::DoNotOptimize(ScanAll(engine, corpus.pieces, &report));
    return ThreadNs() - start;
  };
  for (auto _ : state) {
    double all = 0;
    double compiling = 0;
    double worst = 0;
    for (const Corpus& corpus : Captures()) {
      const recall::RecallEngine engine(corpus.platform, {}, kTimedCompiler);
      compiler_times = {};
      const double scan = scan_ns(corpus, engine);
      all += scan;
      compiling += compiler_times.ns;
      worst = std::max(worst, compiler_times.ns / scan);
    }
    shares.push_back(compiling / all * 100);
    worsts.push_back(worst * 100);
    const Corpus& corpus = Captures()[shares.size() % Captures().size()];
    const recall::RecallEngine engine(corpus.platform, {}, kTimedCompiler);
    compiler_times = {};
    double scan = 0;
    for (uint64_t commands = 0; commands < kCommandsToSettle; commands += corpus.commands) {
      scan += scan_ns(corpus, engine);
    }
    settled.push_back(compiler_times.ns / scan * 100);
    if (compiler_times.sequences != 0) each.push_back(compiler_times.ns / compiler_times.sequences);
  }
  SetCounters(state, "share", shares);
  SetCounters(state, "worst", worsts);
  SetCounters(state, "settled", settled);
  SetCounters(state, "each", each);
}

// A capture of which only what is audited is as it was.
class Skeleton {
 public:
  explicit Skeleton(const Corpus& corpus) : original_(corpus), changed_(corpus) {
    for (Piece& piece : changed_.pieces) {
      const auto at = static_cast<size_t>(piece.segment.dwords.data() - corpus.dwords.data());
      piece.segment.dwords = {changed_.dwords.data() + at, piece.segment.dwords.size()};
    }
    engine_ = Compiled(corpus);
    copy_.resize(corpus.dwords.size());
    for (uint64_t commands = 0; commands < kLearned;) {
      Randomise();
      // Of which all but the first are for what is hot to become code.
      for (int i = 0; i < 8; ++i) commands += ScanAll(*engine_, changed_.pieces, &report_);
    }
  }

  // Times over dwords that were never seen, as multiples of the table loop's.
  struct Ratios {
    double audit = 0;
    double copy = 0;
  };

  // Each batch is in the cache: it is copied just before, by either. What copying takes is taken
  // off, so that it is the difference of two medians.
  Ratios InCache() {
    constexpr int kRepeated = 5;
    std::array<std::vector<double>, 3> ns;
    for (int i = 0; i < kRepeated; ++i) {
      Randomise();
      // So that whoever is first finds no other place to copy from.
      benchmark::DoNotOptimize(CopiedNs(kCopy));
      ByTurns([&](size_t which) { ns[which].push_back(CopiedNs(which)); });
    }
    const auto median = [&](size_t which) { return SpreadOf(ns[which]).median; };
    const double loop = std::max(median(kLoop) - median(kCopy), 1.0);
    return {(median(kAudit) - median(kCopy)) / loop, median(kCopy) / loop};
  }

  // Nothing of the batches is in a cache.
  Ratios Cold() {
    Randomise();
    std::array<double, 3> ns{};
    ByTurns([&](size_t which) {
      EvictFromCaches(std::as_bytes(std::span(changed_.dwords)));
      ns[which] = Ns([&](const Piece& piece) {
        const auto& dwords = piece.segment.dwords;
        if (which != kCopy) return Judge(which, piece.segment);
        std::memcpy(copy_.data(), dwords.data(), dwords.size_bytes());
        benchmark::ClobberMemory();
        return uint32_t{0};
      });
    });
    return {ns[kAudit] / ns[kLoop], ns[kCopy] / ns[kLoop]};
  }

 private:
  // Commands scanned until all is known that ever will be.
  static constexpr uint64_t kLearned = uint64_t{1} << 24;

  // What is timed.
  static constexpr size_t kCopy = 0;
  static constexpr size_t kLoop = 1;
  static constexpr size_t kAudit = 2;

  // Each of the three, in an order that changes from call to call.
  template <typename Job>
  void ByTurns(const Job& job) {
    ++turn_;
    for (size_t i = 0; i < 3; ++i) job((i + turn_) % 3);
  }

  template <typename EachPiece>
  double Ns(const EachPiece& each) const {
    const double start = ThreadNs();
    uint64_t sum = 0;
    for (const Piece& piece : changed_.pieces) sum += each(piece);
    benchmark::DoNotOptimize(sum);
    return ThreadNs() - start;
  }

  double CopiedNs(size_t which) {
    return Ns([&](const Piece& piece) {
      const auto& dwords = piece.segment.dwords;
      std::memcpy(copy_.data(), dwords.data(), dwords.size_bytes());
      benchmark::ClobberMemory();
      scanner::Segment segment = piece.segment;
      segment.dwords = std::span<const uint32_t>(copy_).first(dwords.size());
      return which == kCopy ? 0 : Judge(which, segment);
    });
  }

  uint32_t Judge(size_t which, const scanner::Segment& segment) {
    if (which == kLoop) return Loop(EntriesOf(original_, segment.engine), segment.dwords);
    report_.Clear();
    engine_->Scan(segment, &report_);
    return report_.commands;
  }

  void Randomise() {
    for (const Piece& piece : changed_.pieces) {
      const auto& dwords = piece.segment.dwords;
      const auto base = static_cast<size_t>(dwords.data() - changed_.dwords.data());
      const scanner::OpcodeEntry* const entries = EntriesOf(original_, piece.segment.engine);
      const unsigned audited = scanner::FlagsToAudit(piece.segment);
      for (size_t at = 0; at < dwords.size();) {
        const scanner::OpcodeEntry entry = entries[dwords[at] >> 16];
        const uint32_t length = entry.LengthOf(dwords[at]);
        if ((entry.flags & audited) == 0) {
          for (uint32_t i = 1; i < length && at + i < dwords.size(); ++i)
            changed_.dwords[base + at + i] = static_cast<uint32_t>(random_());
        }
        at += length;
      }
    }
  }

  const Corpus& original_;
  Corpus changed_;
  std::unique_ptr<scanner::ScanEngine> engine_;
  scanner::ScanReport report_;
  std::vector<uint32_t> copy_;  // of one batch
  std::mt19937 random_;
  size_t turn_ = 0;
};

void RunSkeletons(benchmark::State& state) {
  std::vector<std::unique_ptr<Skeleton>> skeletons;
  for (const Corpus& corpus : Captures()) {
    if (IsRender(corpus)) skeletons.push_back(std::make_unique<Skeleton>(corpus));
  }
  std::array<GeometricMeans, 4> means;
  for (auto _ : state) {
    for (const auto& skeleton : skeletons) {
      const Skeleton::Ratios warm = skeleton->InCache();
      const Skeleton::Ratios cold = skeleton->Cold();
      const double ratios[] = {warm.audit, warm.copy, cold.audit, cold.copy};
      for (size_t i = 0; i < means.size(); ++i) means[i].Add(ratios[i]);
    }
    for (GeometricMeans& each : means) each.EndRound();
  }
  const char* const names[] = {"in_cache", "in_cache_memcpy", "cold", "cold_memcpy"};
  for (size_t i = 0; i < means.size(); ++i) SetCounters(state, names[i], means[i].rounds());
}

// Batches of one size in guest memory.
class Batches {
 public:
  static constexpr size_t kMinBytes = 2048;
  static constexpr size_t kMaxBytes = 4096;
  static constexpr size_t kPagesEach = 2;

  explicit Batches(const Corpus& corpus)
      : corpus_(corpus), memory_(corpus.pieces.size() * kPagesEach), engine_(Compiled(corpus)) {
    for (const Piece& piece : corpus.pieces) {
      const size_t bytes = piece.segment.dwords.size_bytes();
      if (bytes < kMinBytes || bytes > kMaxBytes) continue;
      pieces_.push_back(piece);
      placed_.push_back(memory_.Place(piece.segment.dwords, piece.segment.start.page_offset()));
    }
    copy_.resize(kMaxBytes / sizeof(uint32_t));
  }

  size_t count() const { return pieces_.size(); }

  // ns for all of them, each by itself: walk and copy, then `Judge` the copy.
  double AuditNs() { return AuditNs(*engine_); }
  // The same by an engine that has seen nothing.
  double FirstSightNs() { return AuditNs(*Compiled(corpus_)); }
  double LoopNs() {
    return Ns([this](const scanner::Segment& segment) {
      return Loop(EntriesOf(corpus_, segment.engine), segment.dwords);
    });
  }

 private:
  double AuditNs(const scanner::ScanEngine& engine) {
    return Ns([this, &engine](const scanner::Segment& segment) {
      report_.Clear();
      engine.Scan(segment, &report_);
      return report_.commands;
    });
  }

  template <typename Judge>
  double Ns(const Judge& judge) {
    const double start = ThreadNs();
    for (size_t i = 0; i < pieces_.size(); ++i) {
      scanner::Segment segment = pieces_[i].segment;
      const size_t count = segment.dwords.size();
      for (size_t have = 0; have < count;) {
        const auto rest = memory_.Rest(placed_[i] + have * sizeof(uint32_t));
        const auto part = rest.first(std::min(rest.size(), count - have));
        std::memcpy(copy_.data() + have, part.data(), part.size_bytes());
        have += part.size();
      }
      segment.dwords = std::span<const uint32_t>(copy_).first(count);
      benchmark::DoNotOptimize(judge(segment));
    }
    return ThreadNs() - start;
  }

  const Corpus& corpus_;
  GuestMemory memory_;
  const std::unique_ptr<scanner::ScanEngine> engine_;
  std::vector<Piece> pieces_;
  std::vector<Gma> placed_;
  std::vector<uint32_t> copy_;
  scanner::ScanReport report_;
};

void RunOneBatch(benchmark::State& state) {
  std::vector<std::unique_ptr<Batches>> all;
  for (const Corpus& corpus : Captures()) {
    auto batches = std::make_unique<Batches>(corpus);
    if (batches->count() != 0) all.push_back(std::move(batches));
  }
  std::vector<double> ratios;
  std::vector<double> first_ratios;
  std::vector<double> ns;
  for (auto _ : state) {
    double audit = 0;
    double first_sight = 0;
    double loop = 0;
    size_t count = 0;
    for (const auto& batches : all) {
      audit += batches->AuditNs();
      first_sight += batches->FirstSightNs();
      loop += batches->LoopNs();
      count += batches->count();
    }
    ratios.push_back(audit / loop);
    first_ratios.push_back(first_sight / loop);
    ns.push_back(audit / static_cast<double>(count));
  }
  SetCounters(state, "ratio", ratios);
  SetCounters(state, "first_sight", first_ratios);
  SetCounters(state, "ns", ns);
}

// Wall-clock time until `threads` threads have each done `work(thread)`, started together.
template <typename Work>
double WallOf(unsigned threads, const Work& work) {
  std::atomic<unsigned> ready{0};
  std::atomic<bool> go{false};
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      ready.fetch_add(1);
      while (!go.load(std::memory_order_acquire)) {
      }
      work(i);
    });
  }
  while (ready.load() != threads) std::this_thread::yield();
  const double start = WallNs();
  go.store(true, std::memory_order_release);
  for (std::thread& thread : running) thread.join();
  return WallNs() - start;
}

void RunTwoThreads(benchmark::State& state) {
  constexpr double kSliceNs = 4e6;
  const auto& captures = Captures();
  const auto found = std::find_if(captures.begin(), captures.end(), [](const Corpus& corpus) {
    return corpus.name == "skl-iris-xs-endgame";
  });
  const Corpus& corpus = found == captures.end() ? captures.front() : *found;
  const auto engine = Compiled(corpus);
  const scanner::Interpreter interpreter(corpus.platform, {});
  struct alignas(128) Own {
    scanner::ScanReport report;
    std::vector<uint32_t> copy;
  };
  std::vector<Own> own(2);
  for (Own& each : own) each.copy.resize(corpus.dwords.size());
  const auto copy = [&](unsigned thread) {
    std::memcpy(own[thread].copy.data(), corpus.dwords.data(), corpus.bytes());
    benchmark::ClobberMemory();
  };
  const auto scan = [&](const scanner::ScanEngine& by) {
    return [&](unsigned thread) {
      benchmark::DoNotOptimize(ScanAll(by, corpus.pieces, &own[thread].report));
    };
  };
  for (int i = 0; i < 100; ++i) scan (*engine)(0);
  // How many times as much two threads do as one.
  const auto gain = [&](const auto& once) {
    const double start = WallNs();
    once(0);
    const auto passes = static_cast<int>(std::ceil(kSliceNs / std::max(WallNs() - start, 1.0)));
    const auto work = [&](unsigned thread) {
      for (int i = 0; i < passes; ++i) once(thread);
    };
    const double one = WallOf(1, work);
    return 2 * one / WallOf(2, work);
  };
  std::vector<double> copying;
  std::vector<double> interpreted;
  std::vector<double> compiled;
  for (auto _ : state) {
    const double memcpy_gain = gain(copy);
    copying.push_back(memcpy_gain);
    interpreted.push_back(gain(scan(interpreter)) / memcpy_gain);
    compiled.push_back(gain(scan(*engine)) / memcpy_gain);
  }
  SetCounters(state, "memcpy", copying);
  SetCounters(state, "interpreter", interpreted);
  SetCounters(state, "compiled", compiled);
}

}  // namespace

void RegisterCompiledBench(int rounds) {
  const std::pair<const char*, void (*)(benchmark::State&)> all[] = {
      {"BM_Compiling", &RunCompiling},
      {"BM_Skeletons", &RunSkeletons},
      {"BM_OneBatch", &RunOneBatch},
      {"BM_TwoThreads", &RunTwoThreads}};
  for (const auto& [name, run] : all) {
    // Takes long, and a few rounds say enough.
    const int count = run == &RunCompiling ? std::max(rounds / 10, 1) : rounds;
    benchmark::RegisterBenchmark(name, run)->Iterations(count)->Unit(benchmark::kMillisecond);
  }
}

}  // namespace gvt::bench
