// Options that say which files are read, and how. Shared by the commands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/capture_file.h"
#include "hw/platform.h"
#include "tools/gvtcore/options.h"

namespace gvt::tools {

struct FileOptions {
  std::vector<std::string> files;
  std::string engine;
  std::string platform;
  uint64_t live_limit = capture::kDefaultLiveBytes;
  bool raw = false;
  uint64_t address = 0x100000;
  std::string space = "ppgtt";

  // Adds FILE..., --engine, --platform, --live-limit, --raw, --address, --space.
  void AddTo(Command* command);

  // What the options mean. Call after parsing.
  capture::CaptureOptions ForCapture() const;
  std::optional<hw::Engine> OnlyEngine() const;
};

}  // namespace gvt::tools
