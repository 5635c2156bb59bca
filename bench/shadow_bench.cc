// What shadow page tables cost, as ratios within a round.
//
// BM_Populate      65,536 entries of 4 KiB pages in 128 tables, sequential and shuffled frames:
//                  first (fresh memory for the shadow), warm (memory that was used before), beside
//                  memcpy of the same entries into fresh and into used memory
// BM_PopulateScattered  the same, the pages in as many slots as a guest may have
// BM_Submission    a consistency point and eight pages, one of them changed, with 8 to 2,048 tables
//                  mapped and in the cache
// BM_Lookup        finding tables by name, nine of ten there, beside two of TBB's maps
// BM_LookupBesideWriter  the same while another thread makes tables, inserts and removes them, in
// this
//                  index or in one that nobody reads: kept is the part of the speed that remains;
//                  kept-bare: beside a thread that does nothing but insert and remove
#include "bench/shadow_bench.h"

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <tbb/concurrent_hash_map.h>
#include <tbb/concurrent_unordered_map.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/rounds.h"
#include "hostif/guest_copy.h"
#include "hostif/guest_memory.h"
#include "shadow/shadow_tables.h"

namespace gvt::bench {
namespace {

constexpr uint64_t kFlags = 3;

void SetSpread(benchmark::State& state, const std::string& name, std::vector<double> sample) {
  const Spread spread = SpreadOf(std::move(sample));
  state.counters[name] = spread.median;
  state.counters[name + ":low"] = spread.low;
  state.counters[name + ":high"] = spread.high;
}

// Memory straight from the system, so that it is known when it is touched first.
class Mapping {
 public:
  explicit Mapping(size_t bytes)
      : bytes_(bytes),
        data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~Mapping() { munmap(data_, bytes_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  uint64_t* words() const { return static_cast<uint64_t*>(data_); }

 private:
  const size_t bytes_;
  void* const data_;
};

// A guest with page tables for `tables` * 2 MiB, each entry another page. Scattered: the pages that
// entries name are in kPieces slots, a page apart.
class Guest {
 public:
  enum class Pages : uint8_t { kLinear, kScattered };
  static constexpr uint64_t kTablePages = 4096;  // PML4 0, PDP 1, PDs 2..9, page tables from 16 on
  static constexpr uint64_t kFrames = uint64_t{1} << 21;
  static constexpr uint64_t kPieces = hostif::kMaxSlots - 2;

  Guest(uint64_t tables, bool shuffled, Pages kind = Pages::kLinear)
      : tables_(tables), pages_(kTablePages * kPageSize) {
    (void)memory_.Add(Gpa(0), kTablePages * kPageSize, pages_.words(), false);
    const bool is_linear = kind == Pages::kLinear;
    const uint64_t pieces = is_linear ? 1 : kPieces;
    const uint64_t piece = is_linear ? kFrames - kTablePages : tables * 512 / kPieces + 1;
    std::vector<uint64_t> frames;
    for (uint64_t i = 0; i < pieces; ++i) {
      const uint64_t first = kTablePages + i * (piece + 1);
      // Never touched: what an entry names is not looked at.
      (void)memory_.Add(Gpa(first << 12), piece << 12, spare_.words(), false);
      for (uint64_t k = 0; k < piece && frames.size() < tables * 512; ++k) {
        frames.push_back(first + k);
      }
    }
    if (shuffled) std::shuffle(frames.begin(), frames.end(), std::mt19937_64(1));
    Entry(0, 0) = 1 << 12 | kFlags;
    for (uint64_t i = 0; i < 8; ++i) Entry(1, i) = (2 + i) << 12 | kFlags;
    for (uint64_t i = 0; i < tables; ++i) Entry(2 + i / 512, i % 512) = (16 + i) << 12 | kFlags;
    for (uint64_t i = 0; i < frames.size(); ++i) {
      Entry(16 + i / 512, i % 512) = frames[i] << 12 | kFlags;
    }
  }
  const hostif::GuestMemory& memory() const { return memory_; }
  uint64_t& Entry(uint64_t page, uint64_t index) { return pages_.words()[page * 512 + index]; }
  const uint64_t* first_table() const { return pages_.words() + uint64_t{16} * 512; }
  uint64_t tables() const { return tables_; }

  // Everything that was made of guest memory becomes stale.
  void ChangeMap() {
    (void)memory_.Add(Gpa(kFrames << 12), kPageSize, extra_.words(), false);
    (void)memory_.Remove(Gpa(kFrames << 12), kPageSize);
  }

 private:
  const uint64_t tables_;
  Mapping pages_;
  Mapping spare_{(kFrames - kTablePages) << 12};
  Mapping extra_{kPageSize};
  hostif::GuestMemory memory_;
};

// One walk a page table, so that each is made.
double NsToPopulate(shadow::ShadowWalker* walker, uint64_t tables) {
  const double start = ThreadNs();
  for (uint64_t i = 0; i < tables; ++i) {
    benchmark::DoNotOptimize(walker->Walk(Gma(i << 21)).frame);
  }
  return ThreadNs() - start;
}

// The same behind a change of the map. Tables of former maps make room between two consistency
// points: a time in which some could not be made for want of room does not count.
double NsToPopulateAnew(Guest* guest, const shadow::ShadowTables& tables,
                        shadow::ShadowWalker* walker) {
  for (;;) {
    guest->ChangeMap();
    walker->Bind(true, {kFlags});
    const uint64_t uncached = tables.counters().uncached.load();
    const double ns = NsToPopulate(walker, guest->tables());
    if (tables.counters().uncached.load() == uncached) return ns;
  }
}

double NsToCopy(uint64_t* to, const uint64_t* from, size_t bytes) {
  const double start = ThreadNs();
  std::memcpy(to, from, bytes);
  benchmark::ClobberMemory();
  return ThreadNs() - start;
}

void RunPopulate(benchmark::State& state, bool shuffled, Guest::Pages pages) {
  constexpr uint64_t kTables = 128;
  constexpr size_t kBytes = kTables * kPageSize;
  Guest guest(kTables, shuffled, pages);
  shadow::ShadowTables used(guest.memory(), {.tables = 3 * kTables});
  shadow::ShadowWalker user(used, hw::LargePtes::kOn);
  user.Bind(true, {kFlags});
  // As much memory, used in turn, as the arena has.
  const Mapping target(3 * kBytes);
  std::memset(target.words(), 0, 3 * kBytes);
  size_t part = 0;
  std::vector<double> first, warm, first_ratio, warm_ratio, first_against_used;
  for (int i = 0; i < 8; ++i) {  // every table of the arena was used
    NsToPopulateAnew(&guest, used, &user);
  }
  for (auto _ : state) {
    const Mapping fresh_target(kBytes);
    const double fresh_copy = NsToCopy(fresh_target.words(), guest.first_table(), kBytes);
    part = (part + 1) % 3;
    uint64_t* const to = target.words() + part * kBytes / 8;
    const double copy = NsToCopy(to, guest.first_table(), kBytes);
    shadow::ShadowTables fresh(guest.memory());
    shadow::ShadowWalker walker(fresh, hw::LargePtes::kOn);
    walker.Bind(true, {kFlags});
    first.push_back(NsToPopulate(&walker, kTables));
    warm.push_back(NsToPopulateAnew(&guest, used, &user));
    first_ratio.push_back(first.back() / fresh_copy);
    first_against_used.push_back(first.back() / copy);
    warm_ratio.push_back(warm.back() / copy);
  }
  constexpr double kEntries = kTables * 512.0;
  for (std::vector<double>* sample : {&first, &warm}) {
    for (double& ns : *sample) ns = kEntries / ns * 1e3;
  }
  SetSpread(state, "first:M/s", first);
  SetSpread(state, "warm:M/s", warm);
  SetSpread(state, "first/memcpy", first_ratio);
  SetSpread(state, "first/memcpy-used", first_against_used);
  SetSpread(state, "warm/memcpy", warm_ratio);
}

void RunSubmission(benchmark::State& state, uint64_t tables) {
  constexpr int kSubmissions = 500;
  constexpr uint64_t kUsed = 8;
  Guest guest(tables, false);
  shadow::ShadowTables shadow(guest.memory());
  shadow::ShadowWalker walker(shadow, hw::LargePtes::kOn);
  walker.Bind(true, {kFlags});
  NsToPopulate(&walker, tables);
  std::mt19937_64 random(1);
  std::vector<double> submission, point, walked;
  for (auto _ : state) {
    const uint64_t page = random() % (tables * 512 - kUsed);
    double start = ThreadNs();
    for (int i = 0; i < kSubmissions; ++i) walker.Sync();
    point.push_back((ThreadNs() - start) / kSubmissions);
    start = ThreadNs();
    for (int i = 0; i < kSubmissions; ++i) {
      walker.Sync();
      guest.Entry(16 + page / 512, page % 512) ^= kPageSize;
      benchmark::DoNotOptimize(walker.Walk(Gma(page << 12)).frame);
    }
    walked.push_back((ThreadNs() - start) / kSubmissions);
    start = ThreadNs();
    for (int i = 0; i < kSubmissions; ++i) {
      walker.Sync();
      guest.Entry(16 + page / 512, page % 512) ^= kPageSize;
      for (uint64_t used = 0; used < kUsed; ++used) {
        benchmark::DoNotOptimize(walker.Walk(Gma((page + used) << 12)).frame);
      }
    }
    submission.push_back((ThreadNs() - start) / kSubmissions);
  }
  SetSpread(state, "point:ns", point);
  SetSpread(state, "changed-entry:ns", walked);
  SetSpread(state, "submission:ns", submission);
}

// ---- the index ----

constexpr uint32_t kIndexed = 4096;
constexpr int kLookups = 20000;

shadow::TableKey KeyOf(uint64_t number) {
  return {Gfn(number * 7), {hw::TableLevel::kPt, false}, 1};
}

// The same names for everybody, nine of ten there.
std::vector<shadow::TableKey> SomeKeys() {
  std::mt19937_64 random(1);
  std::vector<shadow::TableKey> keys;
  for (int i = 0; i < kLookups; ++i) keys.push_back(KeyOf(random() % (kIndexed + kIndexed / 9)));
  return keys;
}

template <typename Find>
double NsPerLookup(const std::vector<shadow::TableKey>& keys, Find find) {
  uint64_t sum = 0;
  const double start = ThreadNs();
  for (const shadow::TableKey key : keys) sum += find(key);
  const double ns = ThreadNs() - start;
  benchmark::DoNotOptimize(sum);
  return ns / static_cast<double>(keys.size());
}

void Fill(shadow::TableIndex* index) {
  for (uint32_t i = 0; i < kIndexed; ++i) index->Insert(KeyOf(i), i);
}

void RunLookup(benchmark::State& state) {
  using HashMap = tbb::concurrent_hash_map<uint64_t, uint32_t>;
  shadow::TableIndex index(kIndexed);
  HashMap hash_map;
  tbb::concurrent_unordered_map<uint64_t, uint32_t> unordered;
  Fill(&index);
  for (uint32_t i = 0; i < kIndexed; ++i) {
    hash_map.emplace(KeyOf(i).raw(), i);
    unordered.emplace(KeyOf(i).raw(), i);
  }
  const std::vector<shadow::TableKey> keys = SomeKeys();
  std::vector<double> own, hash_ratio, unordered_ratio;
  for (auto _ : state) {
    const double ns = NsPerLookup(keys, [&](shadow::TableKey key) { return index.Find(key); });
    const double hash_ns = NsPerLookup(keys, [&](shadow::TableKey key) {
      HashMap::const_accessor found;
      return hash_map.find(found, key.raw()) ? found->second : 0;
    });
    const double unordered_ns = NsPerLookup(keys, [&](shadow::TableKey key) {
      const auto found = unordered.find(key.raw());
      return found != unordered.end() ? found->second : 0;
    });
    own.push_back(ns);
    hash_ratio.push_back(hash_ns / ns);
    unordered_ratio.push_back(unordered_ns / ns);
  }
  SetSpread(state, "lookup:ns", own);
  SetSpread(state, "hash_map/lookup", hash_ratio);
  SetSpread(state, "unordered_map/lookup", unordered_ratio);
}

// Inserts and removes a sixteenth of the names, one after the other. Tables are used again at once,
// so that a reader may be led into another chain: only its time is looked at.
class Writer {
 public:
  // Bare: without what comes before each insertion, a table of the guest's copied and converted.
  explicit Writer(bool bare) : bare_(bare), guest_(kWritten), tables_(kWritten) {
    for (Table& table : guest_) table.fill(kPageSize | kFlags);
  }
  void Write(shadow::TableIndex* index, const std::atomic<bool>* stop) {
    for (uint32_t i = 0; i != 0 || !stop->load(std::memory_order_relaxed); i = (i + 1) % kWritten) {
      if (!bare_) Make(i);
      index->Insert(KeyOf(2 * kIndexed + i), kIndexed + i);
      if (i + 1 < kWritten) continue;
      for (uint32_t written = 0; written < kWritten; ++written) index->Remove(kIndexed + written);
    }
  }

 private:
  static constexpr uint32_t kWritten = kIndexed / 16;
  using Table = std::array<uint64_t, hw::kEntriesPerTable>;

  void Make(uint32_t i) {
    GuestCopy(copy_.data(), guest_[i].data(), sizeof copy_);
    shadow::ConvertTable({hw::TableLevel::kPt, false}, copy_, frames_, tables_[i]);
  }

  const bool bare_;
  const shadow::FrameMap frames_{{{0, 4096, 0}}};
  Table copy_{};
  std::vector<Table> guest_;
  std::vector<Table> tables_;
};

// Time of some lookups in `index` while another thread writes to `written`.
double NsBesideWriter(const shadow::TableIndex& index, shadow::TableIndex* written, Writer* writer,
                      const std::vector<shadow::TableKey>& keys) {
  constexpr int kPasses = 40;
  std::atomic<bool> stop{false};
  std::thread thread([&] { writer->Write(written, &stop); });
  double ns = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    ns += NsPerLookup(keys, [&](shadow::TableKey key) { return index.Find(key); });
  }
  stop.store(true);
  thread.join();
  return ns / kPasses;
}

void RunLookupBesideWriter(benchmark::State& state, bool bare) {
  shadow::TableIndex index(2 * kIndexed);
  shadow::TableIndex other(2 * kIndexed);
  Fill(&index);
  Fill(&other);
  const std::vector<shadow::TableKey> keys = SomeKeys();
  Writer writer(bare);
  std::vector<double> kept, beside;
  for (auto _ : state) {
    const double elsewhere = NsBesideWriter(index, &other, &writer, keys);
    beside.push_back(NsBesideWriter(index, &index, &writer, keys));
    kept.push_back(elsewhere / beside.back());
  }
  SetSpread(state, "kept", kept);
  SetSpread(state, "lookup:ns", beside);
}

}  // namespace

void RegisterShadowBench(int rounds) {
  using benchmark::RegisterBenchmark;
  const auto add = [rounds](const std::string& name, auto run) {
    RegisterBenchmark(name.c_str(), run)->Iterations(rounds)->Unit(benchmark::kMicrosecond);
  };
  for (const bool shuffled : {false, true}) {
    const std::string order = shuffled ? "shuffled" : "sequential";
    add("BM_Populate/" + order, [shuffled](benchmark::State& state) {
      RunPopulate(state, shuffled, Guest::Pages::kLinear);
    });
    add("BM_PopulateScattered/" + order, [shuffled](benchmark::State& state) {
      RunPopulate(state, shuffled, Guest::Pages::kScattered);
    });
  }
  for (const uint64_t tables : {8u, 128u, 2048u}) {
    add("BM_Submission/" + std::to_string(tables),
        [tables](benchmark::State& state) { RunSubmission(state, tables); });
  }
  add("BM_Lookup", RunLookup);
  for (const bool bare : {false, true}) {
    add(std::string("BM_LookupBesideWriter/") + (bare ? "bare" : "tables"),
        [bare](benchmark::State& state) { RunLookupBesideWriter(state, bare); });
  }
}

}  // namespace gvt::bench
