// A ScanEngine that asks another engine and the naive scanner, and keeps the first difference.
#pragma once

#include <cstdint>
#include <string>

#include "hw/platform.h"
#include "scanner/scan_engine.h"

namespace gvt::oracle {

class CheckedEngine final : public scanner::ScanEngine {
 public:
  // Keeps references; `engine` was made with `platform` and `policy`.
  CheckedEngine(const scanner::ScanEngine& engine, hw::Platform platform,
                const scanner::Policy& policy)
      : engine_(engine), platform_(platform), policy_(policy) {}

  // The engine's report; compared whenever it is final. Thread rule: one thread.
  void Scan(const scanner::Segment& segment, scanner::ScanReport* report) const override;

  uint64_t compared() const { return compared_; }
  // Both reports of the first segment that they differ on; empty if there is none.
  const std::string& difference() const { return difference_; }

 private:
  const scanner::ScanEngine& engine_;
  const hw::Platform platform_;
  const scanner::Policy& policy_;
  mutable uint64_t compared_ = 0;
  mutable std::string difference_;
};

}  // namespace gvt::oracle
