// Segments and reports as text, one line an item: what vectors expect and what failed comparisons
// show.
#pragma once

#include <string>

#include "scanner/report.h"
#include "scanner/segment.h"
#include "scanner/segment_walker.h"

namespace gvt::oracle {

// "segment batch user ppgtt 0x100000\n".
std::string SegmentText(const scanner::Segment& segment);

// The lines "  end ...", "  target ...", "  refusal ...", "  patch ...", "  event ...", "  store
// ..."; format in tests/vectors/README.md.
std::string ReportText(const scanner::ScanReport& report);

// "totals batches=1 second-level=0 chained=0 cycles=0 refusals=0\n".
std::string TotalsText(const scanner::WalkTotals& totals);

// "ring", "batch", "second-level", "indirect", "per-context", "image": one word each.
const char* KindWord(scanner::BufferKind kind);

}  // namespace gvt::oracle
