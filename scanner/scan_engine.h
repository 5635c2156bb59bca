// The one contract of everything that audits segments: the reference interpreter, and the engine
// that remembers what it audited (recall/).
//
// Every implementation gives the same report for the same segment, bit for bit; tests hold them to
// it.
#pragma once

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::scanner {

class ScanEngine {
 public:
  virtual ~ScanEngine() = default;

  // Audits `segment` from report->position on and adds to *report, which the caller cleared before
  // the first call for a segment. If the answer is SegmentEnd::kNeedMore, the caller calls again
  // with the same segment and more dwords. Pure: reads only the segment and the policy. Thread
  // rule: any number of threads, each with its own report. Never fails: whatever the dwords say is
  // a verdict. Cost: one table look-up a command at most; allocates only while the report's vectors
  // grow, and in the first scans of a thread.
  virtual void Scan(const Segment& segment, ScanReport* report) const = 0;
};

}  // namespace gvt::scanner
