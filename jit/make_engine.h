// The scan engine of this build and host.
#pragma once

#include <memory>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"

namespace gvt::jit {

// The interpreter; or, where the environment variable GVTCORE_JIT is "on", a compiled scanner,
// unless the build has none (GVT_BUILD_JIT) or the system gives it no memory or no thread. Reports
// are the same. Keeps a copy of `policy`.
std::unique_ptr<scanner::ScanEngine> MakeScanEngine(hw::Platform platform,
                                                    const scanner::Policy& policy);

}  // namespace gvt::jit
