// Several segments handed to an engine at once: what a mediator could do with batches that it holds
// before the first of them has run.
#pragma once

#include <cstddef>
#include <span>

#include "scanner/report.h"
#include "scanner/scan_engine.h"
#include "scanner/segment.h"

namespace gvt::bench {

// How many.
inline constexpr size_t kQueuedSegments = 4;

// Audits `segments`, whole ones, each into the report of the same index, which the caller cleared.
// An engine has no call for several, so they are its own one after the other; all figures named
// "queued" go through here.
inline void ScanQueued(const scanner::ScanEngine& engine,
                       std::span<const scanner::Segment> segments,
                       std::span<scanner::ScanReport> reports) {
  for (size_t i = 0; i < segments.size(); ++i) engine.Scan(segments[i], &reports[i]);
}

}  // namespace gvt::bench
