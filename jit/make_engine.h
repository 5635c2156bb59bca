// The scan engine of this build and host.
#pragma once

#include <memory>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"

namespace gvt::jit {

// An engine that remembers (recall/recall_engine.h), and compiles what it meets often, unless the
// environment variable GVTCORE_JIT is "off", the build cannot (GVT_BUILD_JIT), or the system gives
// no memory for code. Reports are the same. Keeps a copy of `policy`.
std::unique_ptr<scanner::ScanEngine> MakeScanEngine(hw::Platform platform,
                                                    const scanner::Policy& policy);

}  // namespace gvt::jit
