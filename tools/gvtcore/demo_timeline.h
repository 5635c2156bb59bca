// When which vGPU's work waited and ran, as a picture and as a trace.
#pragma once

#include <string>

#include "tools/gvtcore/demo_run.h"

namespace gvt::tools {

// A page that needs nothing else: figures, and a drawing (SVG) of some milliseconds from the middle
// of the run. At most kTimelineBars bars.
inline constexpr size_t kTimelineBars = 600;
std::string DemoHtml(const DemoResult& result);

// Chrome's trace events (JSON), which Perfetto reads: a process a vGPU, a thread an engine. At most
// kTraceEvents, from the start.
inline constexpr size_t kTraceEvents = 200'000;
std::string DemoTrace(const DemoResult& result);

}  // namespace gvt::tools
