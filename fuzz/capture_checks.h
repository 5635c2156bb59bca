// What is true of every capture, whatever its bytes: shared by the targets of capture/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/capture_file.h"

namespace gvt::fuzz {

// Small limits, so that reaching them is cheap.
capture::CaptureOptions SmallLimits();

// Opens the bytes, iterates all submissions, walks and audits each in bounded time, and holds the
// reader to the promises of capture_file.h, file_error.h and submission.h. Aborts if one is broken.
void CheckCapture(std::span<const std::byte> bytes, const capture::CaptureOptions& options);

}  // namespace gvt::fuzz
