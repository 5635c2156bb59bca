#include "tools/gvtcore/compared_engine.h"

namespace gvt::tools {

void ComparedEngine::Scan(const scanner::Segment& segment, scanner::ScanReport* report) const {
  first_.Scan(segment, report);
  if (report->end == scanner::SegmentEnd::kNeedMore) return;
  other_.Clear();
  second_.Scan(segment, &other_);
  ++comparison_.segments;
  if (other_ == *report) return;
  if (comparison_.differences++ == 0) comparison_.first_difference = segment.start;
}

}  // namespace gvt::tools
