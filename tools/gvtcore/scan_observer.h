// Watches a walk: counts commands, describes refusals, groups them by what would make them vanish.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "hw/platform.h"
#include "scanner/disassembler.h"
#include "scanner/segment_walker.h"
#include "tools/gvtcore/context_images.h"
#include "tools/gvtcore/file_report.h"

namespace gvt::tools {

class ScanObserver final : public scanner::WalkObserver {
 public:
  // Adds to `report` and teaches `images`; both outlive the observer.
  ScanObserver(hw::Platform platform, FileReport* report, ContextImages* images);

  // The walks from here on are of this submission.
  void Enter(uint64_t submission) { submission_ = submission; }

  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override;

  // Time spent here since the last call.
  std::chrono::nanoseconds TakeTime();

 private:
  void CountCommands(const scanner::Segment& segment, uint32_t end);
  void DescribeRefusals(const scanner::Segment& segment, const scanner::ScanReport& report);
  Finding Describe(const scanner::Segment& segment, const scanner::Refusal& refusal) const;
  void AddSurroundings(const scanner::Segment& segment, std::span<Finding> findings) const;
  void AddNeed(const scanner::Segment& segment, const scanner::Refusal& refusal);

  hw::Platform platform_;
  FileReport& report_;
  ContextImages& images_;
  uint64_t submission_ = 0;
  std::chrono::nanoseconds time_{};
};

}  // namespace gvt::tools
