// The reference interpreter: the plain implementation of ScanEngine, and the oracle of every faster
// one.
#pragma once

#include <array>

#include "hw/platform.h"
#include "scanner/opcode_table.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"
#include "scanner/shortcuts.h"

namespace gvt::scanner {

class StepTable;
struct Lanes;
struct StepEntry;

class Interpreter final : public ScanEngine {
 public:
  // Keeps a copy of `policy`. Makes the opcode tables of the platform's generation if nobody did
  // yet.
  Interpreter(hw::Platform platform, const Policy& policy);

  void Scan(const Segment& segment, ScanReport* report) const override;

  const Policy& policy() const { return policy_; }
  hw::Platform platform() const { return platform_; }

 private:
  // What became of a command that needed a closer look.
  enum class Turn : uint8_t {
    kStep,     // nothing, or it was audited: the caller steps over it
    kAudited,  // the report stands behind it
    kEnd,      // the segment ends, or the copy does
  };

  Turn Examine(const Segment& segment, const StepEntry& entry, uint64_t position, uint64_t behind,
               uint32_t commands, ScanReport* report) const;
  bool Loop(const Segment& segment, const StepTable& table, uint32_t stop,
            ScanReport* report) const;
  bool ScanLong(const Segment& segment, const StepTable& table, ScanReport* report) const;
  void SkipNoops(const Segment& segment, ScanReport* report) const;
  Turn TakeLanes(const Segment& segment, const StepTable& table, Lanes* lanes,
                 ScanReport* report) const;
  Turn TakeLane(const Segment& segment, const StepTable& table, const Lanes& lanes, uint32_t lane,
                ScanReport* report) const;
  bool Audit(const Segment& segment, uint32_t position, uint32_t commands,
             ScanReport* report) const;
  void EndOfCopy(const Segment& segment, ScanReport* report) const;

  hw::Platform platform_;
  Policy policy_;
  std::array<const OpcodeTable*, hw::kEngineCount> tables_{};
};

}  // namespace gvt::scanner
