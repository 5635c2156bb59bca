// A sequence: commands that were audited once, as what tells them again.
//
// A command is told by its header and by every dword that its audit looked at. If all of them are
// what they were, so is where the next command starts, and so is the verdict, but for what depends
// on where the segment lies or has to be reported: that is left as an effect, to be looked at each
// time.
//
// Positions count in dwords from where the sequence begins.
#pragma once

#include <cstdint>

#include "recall/fork.h"
#include "scanner/opcode_table.h"

namespace gvt::recall {

// A sequence ends at the first landmark (scanner::kLandmark) behind so many commands, and anywhere
// behind so many.
inline constexpr uint32_t kMinCommands = 32;
inline constexpr uint32_t kMaxCommands = 128;
// Its dwords, and how many of them may decide.
inline constexpr uint32_t kMaxDwords = 1u << 15;
inline constexpr uint32_t kMaxChecks = 512;
// Checks are compared so many at a time; the last is repeated until they come out even.
inline constexpr uint32_t kChecksAtOnce = 4;

// Where a command starts.
struct Place {
  uint16_t dword = 0;
  uint16_t commands = 0;  // before it
};

enum class EffectKind : uint8_t {
  kAudit,  // audited like a command that was never seen
  kStore,  // accepted and not reported unless its store may reach the rest of the segment
};

// A command that has to be looked at each time.
struct Effect {
  Place place;
  uint16_t length = 0;  // dwords
  EffectKind kind = EffectKind::kAudit;
  scanner::Shortcut shortcut = scanner::Shortcut::kNone;
  // Of kStore: the dword of the command with the low half of the address, and how many bytes it
  // stores, at a multiple of that.
  uint8_t operand = 0;
  uint8_t bytes = 0;
};

// Compares the checks of a sequence with the dwords that begin at `dwords`. Returns the number of a
// check; those before it hold. check_count: all do.
using CompareFunction = uint32_t (*)(const uint32_t* dwords);

// Held by a SequenceMemory, with all that its pointers refer to.
struct alignas(128) Sequence {
  // Check i: dword dwords[i] is values[i]. It belongs to the command at places[i].
  const uint16_t* dwords = nullptr;
  const uint32_t* values = nullptr;
  const Place* places = nullptr;
  const Effect* effects = nullptr;
  CompareFunction code = nullptr;  // null: not compiled
  // The sequence that this one was found to differ from at check `branch`; up to there they are
  // alike.
  Sequence* parent = nullptr;
  uint16_t branch = 0;
  uint16_t check_count = 0;  // a multiple of kChecksAtOnce
  uint16_t effect_count = 0;
  uint16_t commands = 0;
  uint32_t length = 0;  // dwords
  uint32_t last_header = 0;
  bool ends_batch = false;  // the last command is MI_BATCH_BUFFER_END
  uint8_t heat = 0;
  Fork next;  // what comes behind it
};

}  // namespace gvt::recall
