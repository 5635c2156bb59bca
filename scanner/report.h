// What a scan says about a segment.
//
// Common commands leave nothing here. The vectors keep their capacity over Clear(), so that
// scanning allocates nothing once it has seen the worst segment of a stream. All positions are
// dword indices into Segment::dwords.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "base/address.h"
#include "hw/platform.h"
#include "scanner/rule.h"

namespace gvt::scanner {

// How control leaves the segment.
enum class SegmentEnd : uint8_t {
  kNeedMore,     // the copy ended first; call again with a longer one, the report goes on where it
                 // stopped
  kEndOfBuffer,  // ring part, indirect context or context image: all of it was scanned
  kBatchEnd,     // MI_BATCH_BUFFER_END
  kChain,        // MI_BATCH_BUFFER_START that does not return
  kCall,     // MI_BATCH_BUFFER_START, second level or from the ring: control comes back behind it
  kReenter,  // the segment wrote into its own rest: take a fresh copy from `position` on
  kRefused,  // stopped by a refusal of kFailBatch or harder
};

// "batch-end", "chain", ...: stable names for reports and vectors.
const char* SegmentEndName(SegmentEnd end);

// `count` dwords from `dword` on become `value`. In stream order.
struct Patch {
  uint32_t dword = 0;
  uint32_t count = 1;
  uint32_t value = 0;
  friend bool operator==(const Patch&, const Patch&) = default;
};

enum class EventKind : uint8_t {
  kUserInterrupt,     // MI_USER_INTERRUPT
  kNotify,            // PIPE_CONTROL or MI_FLUSH_DW with notify
  kStatusPageWrite,   // index mode; argument = byte offset into the context's page 0
  kDisplayFlip,       // argument = plane code of the header
  kDisplayWait,       // MI_WAIT_FOR_EVENT; argument = header
  kArbitration,       // argument = 1 on, 0 off
  kSemaphoreWait,     // argument = 1 if the semaphore is in the GGTT
  kSemaphoreSignal,   // argument = dword 1
  kPageTableRoot,     // write of a PDP register; argument = register offset
  kNonPrivilegeSlot,  // write of a FORCE_TO_NONPRIV register; argument = register offset
};
inline constexpr size_t kEventKindCount = 10;
// "user-interrupt", ...
const char* EventKindName(EventKind kind);

// Something that the mediator must see when the command runs; `dword` is where its command starts.
struct Event {
  EventKind kind = EventKind::kNotify;
  uint32_t dword = 0;
  uint32_t argument = 0;
  friend bool operator==(const Event&, const Event&) = default;
};

// A store whose target is known and may be code: immediates anywhere, everything else only into the
// rest of this segment.
struct Store {
  uint32_t next_dword = 0;  // first dword behind the storing command
  uint32_t commands = 0;    // commands scanned up to and including it
  uint32_t refusals = 0;    // refusals counted up to and including it
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  uint8_t value_bytes = 0;  // 4 or 8: `value` is what is stored there; 0: not known
  uint16_t size_bytes = 0;  // reach of the store
  Gma address;
  uint64_t value = 0;
  friend bool operator==(const Store&, const Store&) = default;
};

struct Refusal {
  Rule rule = Rule::kUnknownCommand;
  Action action = Action::kFailBatch;
  uint32_t dword = 0;   // where the command starts
  uint32_t detail = 0;  // dword of the command that broke the rule, counted from its header
  uint32_t header = 0;
  uint32_t reg = 0;      // register offset, if the rule is about one
  uint64_t address = 0;  // graphics address, if the rule is about one
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Where control goes at kChain and kCall.
struct BatchTarget {
  Gma address;
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  bool second_level = false;
  bool predicated = false;  // control may also fall through to the next command
  friend bool operator==(const BatchTarget&, const BatchTarget&) = default;
};

struct ScanReport {
  SegmentEnd end = SegmentEnd::kNeedMore;
  uint32_t position = 0;  // first dword behind the last command scanned
  uint32_t commands = 0;
  BatchTarget target;            // kChain, kCall
  uint32_t refusal_count = 0;    // all of them; `refusals` keeps the first kMaxRefusalsPerSegment
  Action worst = Action::kNoop;  // hardest action of all refusals; meaningless if there is none
  std::vector<Patch> patches;
  std::vector<Event> events;
  std::vector<Store> stores;
  std::vector<Refusal> refusals;
  // A mark of the engine that left the scan at kNeedMore, for the call that goes on with it; says
  // nothing about the segment. 0: none.
  uint64_t pause = 0;

  bool clean() const { return refusal_count == 0; }

  // Forgets everything but the capacity of the vectors.
  void Clear() {
    end = SegmentEnd::kNeedMore;
    position = 0;
    commands = 0;
    target = BatchTarget{};
    refusal_count = 0;
    worst = Action::kNoop;
    patches.clear();
    events.clear();
    stores.clear();
    refusals.clear();
    pause = 0;
  }

  friend bool operator==(const ScanReport& a, const ScanReport& b) {
    const auto fields = [](const ScanReport& report) {
      return std::tie(report.end, report.position, report.commands, report.target,
                      report.refusal_count, report.worst, report.patches, report.events,
                      report.stores, report.refusals);
    };
    return fields(a) == fields(b);
  }
};

}  // namespace gvt::scanner
