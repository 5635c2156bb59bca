// Which context images need no second audit, because they hold what was audited clean before.
//
// A context is submitted hundreds of times; its image changes only when hardware saved other state.
// GVT-g audits an image when a context is new; a scan of a capture audits it when its content is
// new. What is compared is exactly what the audit read: the dwords up to where it ended.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "scanner/report.h"
#include "scanner/segment.h"
#include "scanner/segment_source.h"
#include "scanner/workload.h"

namespace gvt::tools {

class ContextImages {
 public:
  // Images remembered; of more contexts than that each submission is audited.
  static constexpr size_t kMaxImages = 4096;

  // True if the image there now was audited clean before. Reads memory once.
  bool IsKnownClean(hw::Engine engine, const scanner::BufferPart& image,
                    scanner::SegmentSource& source);

  // Learns from an audited context image.
  void Remember(const scanner::Segment& image, const scanner::ScanReport& report);

 private:
  struct Known {
    uint32_t dwords = 0;
    bool ended = false;  // by a command; false: by the last page that was there
    uint64_t hash = 0;
  };
  static uint64_t KeyOf(hw::Engine engine, Gma start);

  std::unordered_map<uint64_t, Known> known_;
  std::vector<uint32_t> copy_;
};

}  // namespace gvt::tools
