// The sequences that one thread knows of one engine object's streams, as trees.
//
// Where a stream stands is told by what kind of segment it is and by the header before, or the
// first header if it begins there: that is a root. What follows a root is a sequence; where another
// stream differed from it, another sequence branches off. So a tree is walked by what the stream
// is: a difference leads to the sequence that differs just so, if there is one.
//
// Fixed memory. What is full forgets everything: what is still in use is learned anew within
// frames, and there is no order of eviction that a guest could turn against itself.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "hw/platform.h"
#include "recall/compiler.h"
#include "recall/sequence.h"
#include "scanner/segment.h"

namespace gvt::recall {

// A place in the trees.
using LinkKey = uint64_t;

// Segments whose commands are told alike, as a number below kFlavours.
inline constexpr uint32_t kFlavours = hw::kEngineCount * scanner::kBufferKindCount * 4;
inline uint32_t FlavourOf(const scanner::Segment& segment) {
  const auto engine = static_cast<uint32_t>(segment.engine);
  const auto kind = static_cast<uint32_t>(segment.kind);
  const auto space = static_cast<uint32_t>(segment.space);
  constexpr uint32_t kKinds = scanner::kBufferKindCount;
  return ((engine * kKinds + kind) * 2 + space) * 2 + (segment.privileged ? 1 : 0);
}

// `header`: of the command before, or, if `begins`, the segment's first.
inline LinkKey RootKey(uint32_t flavour, uint32_t header, bool begins) {
  constexpr LinkKey kRoot = LinkKey{1} << 63;
  return kRoot | LinkKey{flavour} << 33 | LinkKey{begins} << 32 | header;
}

struct MemorySettings {
  uint32_t sequences = 1024;  // one of them is kNoSequence; a power of 2, at most 2^15
  uint32_t checks = 1u << 15;
  uint32_t effects = 1u << 12;
  // What a command costs to learn, in commands told again, which pay for it. A command costs about
  // 15 ns more to learn than to audit, and 3 ns less to tell again.
  uint32_t commands_per_learned = 5;
  // So often is a sequence told again before it is compiled, if so many commands were told again
  // since the last one was: they take a hundred times what compiling a sequence costs.
  uint8_t hot = 16;
  uint32_t commands_per_compiled = 1u << 17;
  // A copy that is shorter is over before comparing has paid: it is the interpreter's.
  uint32_t min_dwords = 64;
};

// A sequence while it is recorded: room for kMaxChecks + kChecksAtOnce checks and kMaxCommands
// effects.
struct Draft {
  uint16_t* dwords = nullptr;
  uint32_t* values = nullptr;
  Place* places = nullptr;
  Effect* effects = nullptr;
};

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};

struct MemoryStatistics {
  uint64_t learned = 0;    // sequences
  uint64_t compiled = 0;   // of those, made code of
  uint64_t forgotten = 0;  // times that all was
};

// Thread rule: one thread at a time.
class SequenceMemory {
 public:
  // `compiler` may be null.
  SequenceMemory(const MemorySettings& settings, std::unique_ptr<Compiler> compiler);

  // What segments of a flavour begin with.
  Fork* BeginningOf(uint32_t flavour) { return &beginnings_[flavour]; }

  Sequence* At(SequenceNumber number) { return &sequences_[number]; }
  SequenceNumber NumberOf(const Sequence& sequence) const {
    return static_cast<SequenceNumber>(&sequence - sequences_.get());
  }

  // Null: nothing is known there. Cost: 2 to 5 ns.
  Sequence* Find(LinkKey key) const {
    for (uint64_t at = HashOf(key);; ++at) {
      const Link& link = links_[at & link_mask_];
      if (link.key == key) return link.sequence;
      if (link.key == 0) return nullptr;
    }
  }
  // What branches off `sequence` where the dword of check `check` is `value`.
  Sequence* FindBranch(const Sequence& sequence, uint32_t check, uint32_t value) const {
    return Find(BranchKey(NumberOf(sequence), check, value));
  }

  // Whether another sequence fits, however long.
  bool HasRoom() const;
  // Where it is to be recorded. Room was asked for. What an earlier draft held is gone.
  Draft Begin();
  // Drafts begun.
  uint64_t drafts() const { return drafts_; }
  // Keeps what was recorded last: `sequence` but for its pointers to the draft, with its checks
  // not padded yet.
  Sequence* Keep(const Draft& draft, const Sequence& sequence);
  void AddRoot(LinkKey key, Sequence* sequence) { Add(key, sequence); }
  // Hangs `branch` on `from`, where the dword of check `check` is `value`.
  void AddBranch(Sequence* from, uint32_t check, uint32_t value, Sequence* branch);

  // Counts a use of a sequence, and compiles it where it is hot and compiling is paid for.
  void Heat(Sequence* sequence) {
    if (sequence->code != nullptr || compiler_ == nullptr) return;
    if (sequence->heat < settings_.hot) {
      ++sequence->heat;
    } else if (!code_is_full_ && compiling_credit_ >= settings_.commands_per_compiled) {
      Compile(sequence);
    }
  }
  // What learning and compiling are paid from: commands that were told again, and such as were not.
  void Earn(uint32_t told, uint32_t audited) {
    learning_credit_ =
        std::min(learning_credit_ + static_cast<int32_t>(told + audited / 8), kMostLearningCredit);
    compiling_credit_ = std::min(compiling_credit_ + told, 8 * settings_.commands_per_compiled);
  }
  bool MayLearn() const { return learning_credit_ > 0; }
  void PayForLearning(uint32_t commands) {
    learning_credit_ -= static_cast<int32_t>(settings_.commands_per_learned * commands);
  }

  void Forget();
  const MemoryStatistics& statistics() const { return statistics_; }

 private:
  // Learning that may be saved up for, and that is there at the start.
  static constexpr int32_t kMostLearningCredit = 1 << 17;
  struct Link {
    LinkKey key = 0;
    Sequence* sequence = nullptr;
  };

  // Guests choose keys, but do not know the multiplier: they cannot have them all collide.
  uint64_t HashOf(LinkKey key) const { return key * multiplier_ >> hash_shift_; }
  // Check numbers are below 2^10. No key is 0.
  static LinkKey BranchKey(SequenceNumber number, uint32_t check, uint32_t value) {
    return LinkKey{number} << 42 | LinkKey{check} << 32 | value;
  }
  void Add(LinkKey key, Sequence* sequence);
  void Compile(Sequence* sequence);

  const MemorySettings settings_;
  const std::unique_ptr<Compiler> compiler_;
  const std::unique_ptr<Sequence[], FreeMemory> sequences_;
  const std::unique_ptr<uint16_t[], FreeMemory> dwords_;
  const std::unique_ptr<uint32_t[], FreeMemory> values_;
  const std::unique_ptr<Place[], FreeMemory> places_;
  const std::unique_ptr<Effect[], FreeMemory> effects_;
  // Open addressing, twice as many as there are sequences: each has one link.
  const std::unique_ptr<Link[]> links_;
  const uint32_t link_mask_;
  const int hash_shift_;
  const uint64_t multiplier_;
  std::array<Fork, kFlavours> beginnings_{};
  uint64_t drafts_ = 0;
  uint32_t sequences_used_ = 1;  // kNoSequence
  uint32_t checks_used_ = 0;
  uint32_t effects_used_ = 0;
  int32_t learning_credit_ = kMostLearningCredit;
  uint32_t compiling_credit_ = 0;
  bool code_is_full_ = false;
  MemoryStatistics statistics_;
};

}  // namespace gvt::recall
