// What one row of the command tables says about a command.
//
// The rows live in hw/commands_*.inc, one file a command family; hw/command_table.h makes one
// checked array of them. Everything that decodes commands (scanner, disassembler, software
// streamers, documentation, fuzz dictionary) reads these rows and nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hw/platform.h"

namespace gvt::hw {

// Unit that executes the command; MI decodes on every engine. Source: PRM vol 2a, "Command Header
// Format".
enum class Client : uint8_t { kMi, k2d, kGfx, kMfx, kHcp, kHuc, kVdenc, kSfc, kVebox };

// What a command does beyond what its own unit does with the context's memory, hence what an audit
// must look at.
enum class Effect : uint8_t {
  kNone,                 // nothing: step over it
  kNop,                  // MI_NOOP, MI_ARB_CHECK
  kUserInterrupt,        // raises the engine's user interrupt
  kWaitForEvent,         // blocks until a display event
  kArbitration,          // MI_ARB_ON_OFF: may hold off preemption
  kBatchStart,           // control leaves the segment
  kBatchEnd,             // control leaves the segment
  kConditionalBatchEnd,  // control may leave; compares memory
  kPredicate,            // sets or uses the predicate
  kDisplay,              // scan-line windows
  kDisplayFlip,          // changes a plane
  kSemaphoreSignal,      // signals another context
  kSemaphoreWait,        // blocks on memory
  kSetContext,           // legacy context switch
  kMath,                 // ALU on the GPRs of the engine
  kPower,                // forcewake from the stream
  kStoreDataImm,         // immediate to memory
  kStoreDataIndex,       // immediate to the status page
  kReportHead,           // head to the status page
  kLoadRegisterImm,      // immediates to registers
  kLoadRegisterMem,      // memory to register
  kStoreRegisterMem,     // register to memory
  kLoadRegisterReg,      // register to register
  kUpdateGtt,            // writes GGTT entries
  kFlushDw,              // flush with optional post-sync write and notify
  kPipeControl,          // same for the render engine, and register write
  kClflush,              // flushes a range of the CPU cache
  kReportPerfCount,      // OA counters to memory
  kMemory,               // touches only the memory that its address fields name
  kCopyMemMem,           // dword from memory to memory
  kAtomic,               // read-modify-write of memory
  kForbidden,            // exists, but nothing that a guest needs; refused everywhere
};

// Who may execute it. Source: PRM SKL vol 2a, "User Mode Privileged Commands"; the head of
// hw/commands_mi.inc says where the tables are stricter.
enum class Privilege : uint8_t {
  kAny,         // also in non-privileged batches
  kPrivileged,  // ring and privileged batches; a no-op in a non-privileged batch
};

// The lengths min, min + step, ... max, in dwords. A command is well-formed iff its length is in
// one of its runs.
struct LengthRun {
  uint32_t min = 0;
  uint32_t max = 0;
  uint32_t step = 1;
};

inline constexpr size_t kMaxLengthRuns = 3;

// How long the command says it is, and which answers are allowed (D10).
struct Length {
  uint16_t fixed_dwords = 0;  // != 0: always this long, the header has no length field
  uint8_t field_high = 0;     // else: length = header[field_high:0] + bias
  uint8_t bias = 0;
  std::array<LengthRun, kMaxLengthRuns> allowed{};  // unused runs have max == 0

  constexpr uint32_t Of(uint32_t header) const {
    if (fixed_dwords != 0) return fixed_dwords;
    return (header & ((uint32_t{2} << field_high) - 1)) + bias;
  }
  constexpr bool Allows(uint32_t length) const {
    if (fixed_dwords != 0) return length == fixed_dwords;
    for (const LengthRun& run : allowed) {
      if (run.max != 0 && length >= run.min && length <= run.max &&
          (length - run.min) % run.step == 0)
        return true;
    }
    return false;
  }
};

// In which space an address field is looked up.
enum class SpaceRule : uint8_t {
  kContext,     // the context's PPGTT
  kGgtt,        // always GGTT
  kGgttIfSet,   // GGTT iff bit select_bit of dword select_dword is 1, else PPGTT
  kPpgttIfSet,  // PPGTT iff that bit is 1, else GGTT
};

enum class Access : uint8_t { kRead, kWrite, kReadWrite };

// `count` graphics addresses, one every `stride` dwords from dword `dword` on; count 0 = until the
// command ends (repeating group). An address is bits [high:low] of the 64-bit value at (dword,
// dword + 1); high may pass 31. An address that lies beyond the stated length of a command is
// absent from it; whether a present one is used may depend on the command's fields (Effect).
struct AddressField {
  uint16_t dword = 0;
  uint8_t high = 0;
  uint8_t low = 0;
  SpaceRule rule = SpaceRule::kContext;
  uint8_t select_dword = 0;
  uint8_t select_bit = 0;
  Access access = Access::kRead;
  uint16_t count = 1;
  uint16_t stride = 0;
  bool used = false;  // false in the unused tail of CommandRow::addresses
};

inline constexpr size_t kMaxAddressFields = 12;

struct CommandRow {
  std::string_view name;
  Client client = Client::kMi;
  uint8_t generations = 0;  // GenerationBit
  uint8_t engines = 0;      // EngineBit
  uint32_t value = 0;       // a header h is this command iff (h & mask) == value
  uint32_t mask = 0;
  Length length;
  Effect effect = Effect::kNone;
  Privilege privilege = Privilege::kAny;
  bool batch_only = false;  // meaningless in a ring
  std::array<AddressField, kMaxAddressFields> addresses{};

  constexpr bool Matches(uint32_t header, Generation gen, Engine engine) const {
    return (header & mask) == value && (generations & GenerationBit(gen)) != 0 &&
           (engines & EngineBit(engine)) != 0;
  }
};

}  // namespace gvt::hw
