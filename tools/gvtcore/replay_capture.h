// The submissions of a capture, run by the device and by the slow model.
#pragma once

#include <memory>

#include "capture/byte_source.h"
#include "tools/gvtcore/replay_file.h"
#include "tools/gvtcore/replay_report.h"

namespace gvt::tools {

// Fills the report: after each submission both must have the same memory, registers and interrupts.
// Takes the source, an AUB file. Ends at the first difference.
void ReplayCapture(std::unique_ptr<capture::ByteSource> source, const ReplaySettings& settings,
                   ReplayReport* report);

}  // namespace gvt::tools
