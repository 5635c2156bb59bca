#include "tests/oracle/checked_engine.h"

#include "tests/oracle/naive_scanner.h"
#include "tests/oracle/report_text.h"

namespace gvt::oracle {

void CheckedEngine::Scan(const scanner::Segment& segment, scanner::ScanReport* report) const {
  engine_.Scan(segment, report);
  if (report->end == scanner::SegmentEnd::kNeedMore) return;
  ++compared_;
  if (!difference_.empty()) return;
  const scanner::ScanReport expected = NaiveScan(platform_, policy_, segment);
  if (expected == *report) return;
  difference_ = SegmentText(segment) + "engine:\n" + ReportText(*report) + "naive scanner:\n" +
                ReportText(expected);
}

}  // namespace gvt::oracle
