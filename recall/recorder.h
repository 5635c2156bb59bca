// Makes a sequence of commands, one by one, while they are audited.
#pragma once

#include <cstdint>

#include "hw/platform.h"
#include "hw/register_policy.h"
#include "recall/sequence.h"
#include "recall/sequence_memory.h"
#include "scanner/opcode_table.h"
#include "scanner/policy.h"
#include "scanner/segment.h"

namespace gvt::recall {

enum class Recorded : uint8_t {
  kPlain,     // to be stepped over
  kEffect,    // effect() has to be run
  kBatchEnd,  // MI_BATCH_BUFFER_END
  kUnfit,     // cannot be told again; nothing was recorded
  kCut,       // is not wholly in the copy; nothing was recorded
};

class Recorder {
 public:
  // Records what begins at dword `base` of `segment` into the room that `memory` has. Keeps
  // references; `policy` is the one that audits.
  Recorder(hw::Platform platform, const scanner::Policy& policy, const scanner::Segment& segment,
           uint32_t base, SequenceMemory* memory);

  // Begins as `known` does, up to the command of its check `check`.
  void Begin(const Sequence& known, uint32_t check);
  // Goes on with a recording that was left as partial(). Room is as it was.
  void Resume(const Sequence& partial) { sequence_ = partial; }
  const Sequence& partial() const { return sequence_; }
  // The next command that is not plain, and all that are before it; or as many as the sequence
  // takes.
  Recorded Add();

  const Effect& effect() const { return draft_.effects[sequence_.effect_count - 1]; }
  uint32_t effects() const { return sequence_.effect_count; }
  uint32_t commands() const { return sequence_.commands; }
  uint32_t length() const { return sequence_.length; }
  // Whether the sequence should end here.
  bool IsWhole() const { return is_whole_; }
  // Keeps it. At least one command was recorded.
  Sequence* Keep() { return memory_.Keep(draft_, sequence_); }

 private:
  void AddPlain();
  bool AddCheck(uint32_t dword);
  bool LengthIsAllowed(uint32_t header, const scanner::OpcodeEntry& entry) const;
  // Records what tells the effect of the command at hand; false: it has to be looked at each time.
  bool TellEffect(const scanner::OpcodeEntry& entry, Effect* effect);
  bool TellRegisters(scanner::Shortcut shortcut, Effect* effect);
  bool TellImmediates();
  bool IsPlain(hw::RegisterPath path, uint32_t dword) const;
  bool TellStore(uint32_t operand, uint8_t bytes, Effect* effect) const;

  const hw::Platform platform_;
  const scanner::Policy& policy_;
  const scanner::Segment& segment_;
  const scanner::OpcodeTable& table_;
  const unsigned audited_;
  const uint32_t base_;
  SequenceMemory& memory_;
  const Draft draft_;
  Sequence sequence_;
  bool is_whole_ = false;

  // The command at hand.
  const uint32_t* command_ = nullptr;
  uint32_t length_ = 0;
  Place place_;
};

}  // namespace gvt::recall
