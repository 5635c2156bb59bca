// The audit of one well-formed command, as notes: part of the naive scanner.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hw/command_row.h"
#include "scanner/policy.h"
#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::oracle {

// A command whose length is allowed and whose dwords are all there.
struct Command {
  hw::Platform platform;
  const scanner::Policy& policy;
  const scanner::Segment& segment;
  const hw::CommandRow& row;
  uint32_t position;                 // of dwords[0] in the segment
  std::span<const uint32_t> dwords;  // header first

  uint32_t length() const { return static_cast<uint32_t>(dwords.size()); }
  bool bit(size_t dword, unsigned number) const { return (dwords[dword] >> number & 1) != 0; }
};

// One thing that the audit has to say about a command.
struct Note {
  enum class Kind : uint8_t {
    kFinding,  // a broken rule: `refusal`; on the mildest rung `patch` mends it
    kDrop,     // what hardware steps over silently: `patch`
    kEvent,    // `event`
    kStore,    // `store`, without its place and counts
    kLeave,    // control leaves the segment: `end`, `target`
  };
  Kind kind = Kind::kEvent;
  scanner::Refusal refusal;
  scanner::Patch patch;
  scanner::Event event;
  scanner::Store store;
  scanner::SegmentEnd end = scanner::SegmentEnd::kBatchEnd;
  scanner::BatchTarget target;
};
using Notes = std::vector<Note>;

// Everything there is to say about the command, in order. Behind a finding come only notes that
// hold although the offending part was patched away.
Notes AuditCommand(const Command& command);

}  // namespace gvt::oracle
