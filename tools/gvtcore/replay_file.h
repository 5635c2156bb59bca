// One file replayed, whatever kind it is.
#pragma once

#include <cstdint>
#include <string>

#include "capture/capture_file.h"
#include "tools/gvtcore/replay_report.h"

namespace gvt::tools {

struct ReplaySettings {
  uint64_t live_limit = capture::kDefaultLiveBytes;
};

// `path` "-" is standard input.
ReplayReport ReplayFile(const std::string& path, const ReplaySettings& settings);

}  // namespace gvt::tools
