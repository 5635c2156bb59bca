// The jobs that are compared, each as one pass over all segments of a corpus.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/cold.h"
#include "bench/corpus.h"
#include "bench/guest_memory.h"
#include "bench/queued.h"
#include "hw/platform.h"
#include "scanner/copy_guess.h"
#include "scanner/interpreter.h"
#include "scanner/report.h"

namespace gvt::bench {

enum class Job : uint8_t {
  kMemcpy,        // copy each segment into a private buffer
  kPageWalkCopy,  // the same out of paged guest memory, one 4-level walk a page
  kTableLoop,     // step from header to header: one look-up a command, no audit
  kInterpreter,   // full audit by scanner::Interpreter
  kJit,           // full audit by jit::MakeScanEngine, which has seen the corpus before
  kQueued,        // the same, several segments handed over at once (bench/queued.h)
  kWalkCopyScan,  // walk, copy and audit each segment, as the segment walker does
};
inline constexpr size_t kJobCount = 7;

// Whether an engine is asked: such a job can be done at first sight.
constexpr bool Audits(Job job) {
  return job >= Job::kInterpreter;
}
// "Memcpy", "PageWalkCopy", ...
const char* JobName(Job job);

// A corpus with all that its jobs need, made before any of them is timed.
class Yardsticks {
 public:
  explicit Yardsticks(Corpus corpus);

  const Corpus& corpus() const { return corpus_; }

  // Does the job once over the whole corpus. The result depends on all of the work (for the loops
  // it is the number of commands) and must be consumed. Allocates nothing after the first pass.
  uint64_t Run(Job job);
  // The same job by that engine, which was made for the corpus's platform and the default policy.
  uint64_t RunBy(const scanner::ScanEngine& engine, Job job);
  // The same by an engine that has seen nothing (kInterpreter: by an interpreter): each call makes
  // one, outside of *ns, the processor time of this thread that the pass took.
  uint64_t RunFirstSight(Job job, double* ns);

  // Takes the guest's memory out of all caches (bench/cold.h).
  void EvictGuestMemory() { EvictFromCaches(std::as_bytes(memory_.bytes())); }

 private:
  // What the plain loop knows of a command: length = base + (header & mask). Unknown commands are
  // one dword long.
  struct LengthEntry {
    uint16_t mask = 0;
    uint16_t base = 1;
  };
  using LengthTable = std::vector<LengthEntry>;

  uint64_t Memcpy();
  uint64_t PageWalkCopy();
  uint64_t TableLoop() const;
  uint64_t Audit(const scanner::ScanEngine& engine);
  uint64_t AuditQueued(const scanner::ScanEngine& engine);
  uint64_t WalkCopyScan(const scanner::ScanEngine& engine);
  uint64_t WalkCopyScanOne(const scanner::ScanEngine& engine, size_t index,
                           scanner::CopyGuess* guess);
  // Copies `count` dwords of piece `index` to `copy`.
  void WalkCopy(size_t index, size_t count, uint32_t* copy) const;

  static LengthTable MakeTable(hw::Generation generation, hw::Engine engine);

  Corpus corpus_;
  GuestMemory memory_;
  std::vector<Gma> placed_;  // where piece i is in memory_
  std::vector<uint32_t> private_copy_;
  std::array<LengthTable, hw::kEngineCount> tables_;  // of the engines that occur
  scanner::Interpreter interpreter_;
  std::unique_ptr<scanner::ScanEngine> jit_;
  std::array<scanner::ScanReport, kQueuedSegments> reports_;
};

}  // namespace gvt::bench
