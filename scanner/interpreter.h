// The reference interpreter: the plain implementation of ScanEngine, and the oracle of every faster
// one.
#pragma once

#include <array>

#include "hw/platform.h"
#include "scanner/opcode_table.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"

namespace gvt::scanner {

class Interpreter final : public ScanEngine {
 public:
  // Keeps a copy of `policy`. Makes the opcode tables of the platform's generation if nobody did
  // yet.
  Interpreter(hw::Platform platform, const Policy& policy);

  void Scan(const Segment& segment, ScanReport* report) const override;

  const Policy& policy() const { return policy_; }
  hw::Platform platform() const { return platform_; }

 private:
  bool Audit(const Segment& segment, uint32_t position, uint32_t commands,
             ScanReport* report) const;
  void EndOfCopy(const Segment& segment, ScanReport* report) const;

  hw::Platform platform_;
  Policy policy_;
  std::array<const OpcodeTable*, hw::kEngineCount> tables_{};
};

}  // namespace gvt::scanner
