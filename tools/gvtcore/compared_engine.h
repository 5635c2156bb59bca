// Two scan engines side by side, which have to say the same.
#pragma once

#include <cstdint>
#include <optional>

#include "scanner/report.h"
#include "scanner/scan_engine.h"
#include "scanner/segment.h"
#include "tools/gvtcore/file_report.h"

namespace gvt::tools {

// The report is the first engine's; the second audits each segment once more when that is final.
class ComparedEngine final : public scanner::ScanEngine {
 public:
  // Keeps references. Both were made for the same platform and policy.
  ComparedEngine(const scanner::ScanEngine& first, const scanner::ScanEngine& second)
      : first_(first), second_(second) {}

  // Thread rule: one thread.
  void Scan(const scanner::Segment& segment, scanner::ScanReport* report) const override;

  const Comparison& comparison() const { return comparison_; }

 private:
  const scanner::ScanEngine& first_;
  const scanner::ScanEngine& second_;
  mutable scanner::ScanReport other_;
  mutable Comparison comparison_;
};

}  // namespace gvt::tools
