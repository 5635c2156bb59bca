// What is true of every scan report, whatever was scanned.
#pragma once

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::fuzz {

// Positions lie inside the segment, lists keep their limits, targets are the guest's own, and the
// summary fields agree with the lists. Aborts if not.
void CheckReport(const scanner::Segment& segment, const scanner::Policy& policy,
                 const scanner::ScanReport& report);

// The report is, field by field, that of the naive scanner (tests/oracle). Prints both and aborts
// if not.
void CheckAgainstOracle(hw::Platform platform, const scanner::Segment& segment,
                        const scanner::Policy& policy, const scanner::ScanReport& report);

}  // namespace gvt::fuzz
