// The audit of one segment once more, written to be obviously right: the oracle of every
// ScanEngine.
#pragma once

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::oracle {

// What every ScanEngine must answer for `segment` when it starts from a cleared report. Asks
// hw::FindCommand and hw::JudgeRegister, and shares nothing else with the engines. Cost: linear in
// the command table for each command; allocates freely.
scanner::ScanReport NaiveScan(hw::Platform platform, const scanner::Policy& policy,
                              const scanner::Segment& segment);

}  // namespace gvt::oracle
