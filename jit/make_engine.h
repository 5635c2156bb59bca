// The best scan engine of this build and host.
#pragma once

#include <memory>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"

namespace gvt::jit {

// A compiled scanner, or the interpreter: where the build has no compiler of traces
// (GVT_BUILD_JIT), where the system gives it no memory or no thread, or where the environment
// variable GVTCORE_JIT is "off". Reports are the same. Keeps a copy of `policy`.
std::unique_ptr<scanner::ScanEngine> MakeScanEngine(hw::Platform platform,
                                                    const scanner::Policy& policy);

}  // namespace gvt::jit
