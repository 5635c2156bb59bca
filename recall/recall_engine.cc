// Invariants:
// 1. What a sequence tells is what the interpreter would find: its checks hold, and its effects are
//    run in stream order.
// 2. No dword behind the copy is read: only checks that lie in it are compared.
// 3. Which sequence is tried first is a guess, and no more: whatever it is, all of it is compared.
//
// Cost: about 1 ns a command that is told again, and 10 ns a sequence; 15 ns more than an audit for
// a command that is learned. Thread rule: a thread writes to nothing but its own memory.
#include "recall/recall_engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "hw/noop_run.h"
#include "recall/recorder.h"
#include "scanner/command_audit.h"
#include "scanner/quick_audit.h"
#include "scanner/shortcuts.h"

namespace gvt::recall {

using scanner::ScanReport;
using scanner::Segment;

// Where a scan stands between two sequences.
struct Stand {
  Fork* fork = nullptr;  // of the sequence that ended here; if not known, of the segment's begin
  uint32_t header = 0;   // of the command before, or the segment's first
  uint32_t begins = 1;   // the segment begins here; as wide as the rest, which is copied fast
};

// A scan that needs more dwords, for the call that goes on with it. Of no weight to the report.
struct Pause {
  uint64_t mark = 0;       // ScanReport::pause of that scan
  uint32_t position = 0;   // where it stopped
  uint64_t forgotten = 0;  // times that the thread had forgotten all
  uint64_t drafts = 0;     // that the thread had begun
  Stand stand;
  // Where the sequence begins that the copy's end cut, and how many commands are before it.
  uint32_t base = 0;
  uint32_t commands = 0;
  // What of it was recorded, without commands: nothing; and the sequence that it differs from at
  // check `difference`, if there is one.
  Sequence partial;
  Sequence* known = nullptr;
  uint32_t difference = 0;
};

// 1, 2, ... for the memories that the process makes.
static uint64_t NumberOfMemory() {
  // atomic, relaxed: no two calls give the same
  static std::atomic<uint64_t> made{0};
  return made.fetch_add(1, std::memory_order_relaxed) + 1;
}

// What a thread keeps between scans: no line of it is another thread's.
class alignas(128) ThreadMemory {
 public:
  ThreadMemory(const MemorySettings& settings, CompilerFactory make_compiler)
      : sequences_(settings, make_compiler != nullptr ? make_compiler() : nullptr) {}

  // A mark that no other pause of the process has.
  uint64_t NextMark() { return ++mark_; }

  SequenceMemory& sequences() { return sequences_; }
  const SequenceMemory& sequences() const { return sequences_; }
  // Of the last scan that needed more.
  Pause& pause() { return pause_; }

 private:
  SequenceMemory sequences_;
  uint64_t mark_ = NumberOfMemory() << 40;
  Pause pause_;
};

namespace {

// Where so many MI_NOOPs are ahead, the interpreter passes them faster.
constexpr size_t kManyNoops = 256;
// Sequences tried at one place.
constexpr uint32_t kMaxTries = 32;

// Number of the first check of `sequence` from `from` on that does not hold, or its check_count;
// those before `from` hold.
inline uint32_t FirstDifference(const Sequence& sequence, const uint32_t* dwords, uint32_t from) {
  const uint32_t count = sequence.check_count;
  size_t i = from - from % kChecksAtOnce;
  if (sequence.code != nullptr && i == 0) {
    i = sequence.code(dwords);
    if (i == count) return count;
  }
  const uint16_t* at = sequence.dwords + i;
  const uint16_t* const end = sequence.dwords + count;
  for (const uint32_t* value = sequence.values + i; at != end;
       at += kChecksAtOnce, value += kChecksAtOnce) {
    const uint32_t different = (dwords[at[0]] ^ value[0]) | (dwords[at[1]] ^ value[1]) |
                               (dwords[at[2]] ^ value[2]) | (dwords[at[3]] ^ value[3]);
    if (different == 0) continue;
    while (dwords[*at] == *value) ++at, ++value;
    break;
  }
  return static_cast<uint32_t>(at - sequence.dwords);
}

// The same where only `left` dwords are there: the number of a check, or of the first whose dword
// is not there.
uint32_t FirstDifferenceWithin(const Sequence& sequence, const uint32_t* dwords, uint32_t left,
                               uint32_t from) {
  uint32_t i = from;
  while (i < sequence.check_count && sequence.dwords[i] < left &&
         dwords[sequence.dwords[i]] == sequence.values[i]) {
    ++i;
  }
  return i;
}

// One scan.
class Pass {
 public:
  Pass(const scanner::Interpreter& interpreter, ThreadMemory* memory, const Segment& segment,
       ScanReport* report)
      : interpreter_(interpreter),
        memory_(*memory),
        sequences_(memory->sequences()),
        segment_(segment),
        report_(*report),
        count_(static_cast<uint32_t>(segment.dwords.size())),
        flavour_(FlavourOf(segment)),
        position_(report->position),
        commands_(report->commands) {}

  void Run() {
    const uint32_t before = commands_;
    if (position_ == 0) {
      stand_ = Stand{sequences_.BeginningOf(flavour_), segment_.dwords[0], 1};
      TellOn();
    } else if (Resume()) {
      sequence_ = nullptr;
      if (done_ == 0 || Search()) TellOn();
    }
    sequences_.Earn(told_, std::max(report_.commands, before + told_) - before - told_);
  }

 private:
  enum class Match : uint8_t {
    kWhole,  // all of sequence_
    kNone,   // nothing known goes on like this
    kShort,  // the copy ends first
    kLost,   // too many were tried
  };

  void TellOn() {
    while (Tell() && Search()) {
    }
  }

  // Goes on where the thread left this segment, if it did; false: the scan is over.
  [[gnu::noinline]] bool Resume() {
    Pause& pause = memory_.pause();
    if (pause.mark == 0 || pause.mark != report_.pause || pause.position != position_ ||
        pause.forgotten != sequences_.statistics().forgotten) {
      stand_ = Stand{sequences_.BeginningOf(flavour_), segment_.dwords[position_], 0};
      return true;
    }
    stand_ = pause.stand;
    pause.mark = 0;
    done_ = position_ - pause.base;
    position_ = pause.base;
    commands_ = pause.commands;
    if (pause.partial.commands == 0) return true;
    // What was recorded has been written over.
    if (pause.drafts != sequences_.drafts()) {
      position_ += done_;
      commands_ += pause.partial.commands;
      done_ = 0;
      stand_ = Stand{sequences_.BeginningOf(flavour_), segment_.dwords[position_], 0};
      return true;
    }
    sequence_ = pause.known;
    difference_ = pause.difference;
    Recorder recorder(interpreter_.platform(), interpreter_.policy(), segment_, position_,
                      &sequences_);
    recorder.Resume(pause.partial);
    return Record(&recorder);
  }

  // Remembers for the call that goes on that the copy's end cut what begins at position_.
  void Remember(const Sequence& partial) {
    Pause& pause = memory_.pause();
    pause.mark = memory_.NextMark();
    report_.pause = pause.mark;
    pause.position = report_.position;
    pause.forgotten = sequences_.statistics().forgotten;
    pause.drafts = sequences_.drafts();
    pause.stand = stand_;
    pause.base = position_;
    pause.commands = commands_;
    pause.partial = partial;
    pause.difference = difference_;
    pause.known = sequence_;
  }

  // Passes sequences as long as they are what was guessed. False: the scan is over. True: the guess
  // is sequence_, or null if there was none, and what is wrong about it is check difference_.
  bool Tell() {
    const uint32_t* const begin = segment_.dwords.data();
    uint32_t position = position_;
    uint32_t commands = commands_;
    Fork* fork = stand_.fork;
    const Sequence* told = nullptr;
    Sequence* guess = nullptr;
    uint32_t holds = 0;
    while (position < count_) {
      const uint32_t left = count_ - position;
      guess = sequences_.At(*fork->WayFor(begin + position, left));
      holds = 0;
      if (guess->length > left) break;
      holds = FirstDifference(*guess, begin + position, 0);
      if (holds != guess->check_count) break;
      if (guess->effect_count != 0 &&
          !RunEffects(*guess, guess->effect_count, position, commands)) {
        told_ += commands - commands_;
        return false;
      }
      sequences_.Heat(guess);
      told = guess;
      position += guess->length;
      commands += guess->commands;
      fork = &guess->next;
      if (guess->ends_batch) break;
    }
    told_ += commands - commands_;
    position_ = position;
    commands_ = commands;
    if (told != nullptr) {
      if (told->ends_batch) return EndOfBatch();
      stand_ = Stand{fork, told->last_header, 0};
    }
    if (position == count_) return Finish();
    sequence_ = guess != sequences_.At(kNoSequence) ? guess : nullptr;
    difference_ = holds;
    return true;
  }

  // Passes the sequence at position_, which is not as sequence_ has it. False: the scan is over.
  [[gnu::noinline]] bool Search() {
    if (position_ >= count_) return Finish();
    const Match match = Find();
    if (match != Match::kWhole) return NotWhole(match);
    Sequence* const sequence = sequence_;
    Guess(sequence);
    if (!RunEffects(*sequence, sequence->effect_count, position_, commands_)) return false;
    done_ = 0;
    sequences_.Heat(sequence);
    position_ += sequence->length;
    commands_ += sequence->commands;
    told_ += sequence->commands;
    stand_ = Stand{&sequence->next, sequence->last_header, 0};
    return !sequence->ends_batch || EndOfBatch();
  }

  [[gnu::noinline]] bool NotWhole(Match match) {
    if (match == Match::kNone) return Learn();
    Finish();
    // The copy ends as what is known goes on: so will the scan when there is more.
    if (match == Match::kShort && report_.end == scanner::SegmentEnd::kNeedMore) Remember({});
    return false;
  }

  // Looks for the sequence that goes on like the segment; where there is none, sequence_ is the one
  // that goes on like it longest, up to check difference_, or null. Begins with sequence_, whose
  // first difference_ checks hold, if it is not null.
  Match Find() {
    const uint32_t* const dwords = segment_.dwords.data() + position_;
    const uint32_t left = count_ - position_;
    bool guessed = sequence_ != nullptr;
    if (!guessed) {
      difference_ = 0;
      sequence_ = sequences_.Find(RootKey(flavour_, stand_.header, stand_.begins != 0));
    }
    if (sequence_ == nullptr) return Match::kNone;
    for (uint32_t tries = 0; tries < kMaxTries; ++tries) {
      if (sequence_->length <= left || Planted(Mutant::kTraceEndIgnored)) {
        difference_ = FirstDifference(*sequence_, dwords, difference_);
        if (difference_ == sequence_->check_count) return Match::kWhole;
      } else {
        difference_ = FirstDifferenceWithin(*sequence_, dwords, left, difference_);
        if (difference_ == sequence_->check_count || sequence_->dwords[difference_] >= left) {
          return Match::kShort;
        }
      }
      if (guessed) stand_.fork->TellBy(sequence_->dwords[difference_]);
      guessed = false;
      Sequence* const other = Other(dwords);
      if (other == nullptr) return Match::kNone;
      sequence_ = other;
    }
    return Match::kLost;
  }

  // The sequence that differs from sequence_ at check difference_ as the segment does; null: none,
  // and sequence_ is where it would branch off.
  Sequence* Other(const uint32_t* dwords) {
    while (sequence_->parent != nullptr && difference_ < sequence_->branch) {
      sequence_ = sequence_->parent;
    }
    while (sequence_->parent != nullptr && difference_ == sequence_->branch) {
      Sequence* const parent = sequence_->parent;
      const uint32_t value = dwords[parent->dwords[difference_]];
      if (value == parent->values[difference_]) return parent;
      Sequence* const sibling = sequences_.FindBranch(*parent, difference_, value);
      if (sibling == sequence_) break;
      sequence_ = parent;
      if (sibling != nullptr) return sibling;
    }
    return sequences_.FindBranch(*sequence_, difference_, dwords[sequence_->dwords[difference_]]);
  }

  // Looks at the first `count` effects of the sequence at `position`, behind so many commands, but
  // for what an earlier call looked at. False: the scan is over.
  bool RunEffects(const Sequence& sequence, uint32_t count, uint32_t position, uint32_t commands) {
    for (uint32_t i = 0; i < count; ++i) {
      const Effect& effect = sequence.effects[i];
      if (effect.place.dword >= done_ && !RunEffect(effect, position, commands)) return false;
    }
    return true;
  }

  bool RunEffect(const Effect& effect, uint32_t position, uint32_t commands) {
    const uint32_t at = position + effect.place.dword;
    const uint32_t behind = at + effect.length;
    const uint32_t before = commands + effect.place.commands;
    if (effect.kind == EffectKind::kStore) {
      const uint32_t* const operand = segment_.dwords.data() + at + effect.operand;
      const uint64_t low_bits = effect.bytes - 1u;
      const Gma address = MaskGma(Join64(operand[0], operand[1]) & ~low_bits);
      if (!scanner::ReachesRest(segment_, behind, address.value, effect.bytes)) return true;
      const scanner::QuickAudit quick(interpreter_.platform(), interpreter_.policy(), segment_, at,
                                      behind, before, &report_);
      if (quick.AddStore(address, effect.bytes, 0, 0) == scanner::Quick::kStepOver) return true;
    }
    return Audit(effect, at, behind, before);
  }

  [[gnu::noinline]] bool Audit(const Effect& effect, uint32_t at, uint32_t behind,
                               uint32_t commands) {
    const hw::Platform platform = interpreter_.platform();
    const scanner::QuickAudit quick(platform, interpreter_.policy(), segment_, at, behind, commands,
                                    &report_);
    const scanner::Quick verdict = quick.Run(effect.shortcut);
    if (verdict == scanner::Quick::kStepOver) return true;
    if (verdict == scanner::Quick::kEnd) return false;
    const scanner::OpcodeTable& table =
        scanner::OpcodeTableFor(hw::GenerationOf(platform), segment_.engine);
    scanner::CommandAudit audit(platform, interpreter_.policy(), table, segment_, &report_);
    if (!audit.Audit(at, commands)) return false;
    if (report_.position == behind) return true;
    // It led elsewhere.
    interpreter_.Scan(segment_, &report_);
    return false;
  }

  // The interpreter takes the rest of the segment.
  bool Finish() {
    if (done_ == 0) {
      report_.position = position_;
      report_.commands = commands_;
    }
    interpreter_.Scan(segment_, &report_);
    return false;
  }

  bool EndOfBatch() {
    // What is left where the segment wrote into itself is for the audit of its last command to say.
    if (!report_.stores.empty() &&
        scanner::FindSelfModification(segment_, report_, position_) != nullptr) {
      --position_;
      --commands_;
      return Finish();
    }
    report_.end = scanner::SegmentEnd::kBatchEnd;
    report_.position = position_;
    report_.commands = commands_;
    return false;
  }

  // Audits what is not known and records it. False: the scan is over.
  [[gnu::noinline]] bool Learn() {
    if (!sequences_.MayLearn()) return Finish();
    if (!sequences_.HasRoom()) {
      sequences_.Forget();
      return Finish();
    }
    Recorder recorder(interpreter_.platform(), interpreter_.policy(), segment_, position_,
                      &sequences_);
    if (sequence_ != nullptr) recorder.Begin(*sequence_, difference_);
    if (recorder.length() < done_) return Finish();
    if (sequence_ != nullptr && !RunEffects(*sequence_, recorder.effects(), position_, commands_)) {
      return false;
    }
    told_ += recorder.commands();
    return Record(&recorder);
  }

  // Goes on with a recording that began at position_. False: the scan is over.
  bool Record(Recorder* recorder) {
    const uint32_t known = recorder->commands();
    done_ = 0;
    Recorded recorded = Recorded::kPlain;
    bool goes_on = true;
    while (goes_on && !recorder->IsWhole()) {
      recorded = recorder->Add();
      if (recorded == Recorded::kUnfit || recorded == Recorded::kCut) break;
      if (recorded == Recorded::kEffect)
        goes_on = RunEffect(recorder->effect(), position_, commands_);
    }
    sequences_.PayForLearning(recorder->commands() - known);
    if (recorded == Recorded::kCut && !segment_.complete) {
      report_.end = scanner::SegmentEnd::kNeedMore;
      report_.position = position_ + recorder->length();
      report_.commands = commands_ + recorder->commands();
      Remember(recorder->partial());
      return false;
    }
    Sequence* const learned = recorder->commands() > known ? Keep(recorder) : nullptr;
    if (!goes_on) return false;
    position_ += recorder->length();
    commands_ += recorder->commands();
    if (recorded == Recorded::kUnfit || recorded == Recorded::kCut) return Finish();
    if (recorded == Recorded::kBatchEnd) return EndOfBatch();
    stand_ = Stand{&learned->next, learned->last_header, 0};
    return true;
  }

  // What is at position_ will be taken for `sequence` when it comes again.
  void Guess(const Sequence* sequence) {
    *stand_.fork->WayFor(segment_.dwords.data() + position_, count_ - position_) =
        sequences_.NumberOf(*sequence);
  }

  // Keeps what was recorded where it will be looked for.
  Sequence* Keep(Recorder* recorder) {
    Sequence* const learned = recorder->Keep();
    if (sequence_ != nullptr) {
      const uint32_t value = segment_.dwords[position_ + sequence_->dwords[difference_]];
      sequences_.AddBranch(sequence_, difference_, value, learned);
    } else {
      sequences_.AddRoot(RootKey(flavour_, stand_.header, stand_.begins != 0), learned);
    }
    Guess(learned);
    return learned;
  }

  const scanner::Interpreter& interpreter_;
  ThreadMemory& memory_;
  SequenceMemory& sequences_;
  const Segment& segment_;
  ScanReport& report_;
  const uint32_t count_;
  const uint32_t flavour_;
  uint32_t position_;
  uint32_t commands_;
  uint32_t told_ = 0;
  Stand stand_;
  Sequence* sequence_ = nullptr;
  uint32_t difference_ = 0;
  // Dwords from position_ on that an earlier call passed: what is audited of them is in the report.
  uint32_t done_ = 0;
};

}  // namespace

RecallEngine::RecallEngine(hw::Platform platform, const scanner::Policy& policy,
                           CompilerFactory make_compiler, const MemorySettings& settings)
    : interpreter_(platform, policy),
      make_compiler_(make_compiler),
      settings_(settings),
      spare_(new ThreadMemory(settings, make_compiler)) {}

RecallEngine::~RecallEngine() {
  delete spare_.load(std::memory_order_acquire);
  for (const auto& memory : memories_) delete memory.load(std::memory_order_relaxed);
}

// HOT: bench/scan_bench.cc BM_Jit; no alloc, no lock, no virtual call, no syscall
GVT_HOT void RecallEngine::Scan(const Segment& segment, ScanReport* report) const {
  const uint32_t position = report->position;
  const size_t count = segment.dwords.size();
  const bool long_enough = scanner::IsBatch(segment.kind) && position < count &&
                           count - position >= settings_.min_dwords;
  if (!long_enough || (segment.dwords[position] == hw::kPlainNoop &&
                       hw::NoopsAhead(segment.dwords.subspan(position)) >= kManyNoops)) {
    return interpreter_.Scan(segment, report);
  }
  ThreadMemory* const memory = MemoryOfThread();
  if (memory == nullptr) return interpreter_.Scan(segment, report);
  Pass(interpreter_, memory, segment, report).Run();
}

// Null: the thread has no number.
inline ThreadMemory* RecallEngine::MemoryOfThread() const {
  const uint32_t thread = ThreadNumber();
  if (thread == kNoThreadNumber) return nullptr;
  ThreadMemory* const memory = memories_[thread].load(std::memory_order_relaxed);
  return memory != nullptr ? memory : Adopt(thread);
}

[[gnu::noinline]] ThreadMemory* RecallEngine::Adopt(uint32_t thread) const {
  ThreadMemory* memory = spare_.exchange(nullptr, std::memory_order_acq_rel);
  if (memory == nullptr) memory = new ThreadMemory(settings_, make_compiler_);
  memories_[thread].store(memory, std::memory_order_relaxed);
  return memory;
}

MemoryStatistics RecallEngine::statistics() const {
  const ThreadMemory* const memory = MemoryOfThread();
  return memory != nullptr ? memory->sequences().statistics() : MemoryStatistics{};
}

}  // namespace gvt::recall
