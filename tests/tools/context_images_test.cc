#include "tools/gvtcore/context_images.h"

#include <gtest/gtest.h>

#include <vector>

namespace gvt::tools {
namespace {

constexpr Gma kStart(0x10000);

// GGTT memory from kStart on.
class FakeSource final : public scanner::SegmentSource {
 public:
  uint32_t Fetch(hw::AddressSpace, Gma address, std::span<uint32_t> out) override {
    const size_t first = (address.value - kStart.value) / 4;
    size_t count = 0;
    for (; count < out.size() && first + count < dwords.size(); ++count) {
      out[count] = dwords[first + count];
    }
    return static_cast<uint32_t>(count);
  }
  std::vector<uint32_t> dwords;
};

class ContextImagesTest : public ::testing::Test {
 protected:
  // Tells `images_` that the first `position` dwords were audited.
  void Audit(uint32_t position, scanner::SegmentEnd end, uint32_t refusals = 0) {
    scanner::Segment segment;
    segment.kind = scanner::BufferKind::kContextImage;
    segment.start = kStart;
    segment.dwords = source_.dwords;
    scanner::ScanReport report;
    report.position = position;
    report.end = end;
    report.refusal_count = refusals;
    images_.Remember(segment, report);
  }
  bool Known(uint32_t size_bytes = 4096) {
    return images_.IsKnownClean(hw::Engine::kRcs, {kStart, size_bytes}, source_);
  }

  FakeSource source_;
  ContextImages images_;
};

TEST_F(ContextImagesTest, ForgetsNothingThatWasReadAndNeedsNothingElse) {
  source_.dwords.assign(1024, 7);
  EXPECT_FALSE(Known());
  Audit(100, scanner::SegmentEnd::kBatchEnd);
  EXPECT_TRUE(Known());
  source_.dwords[100] = 8;
  EXPECT_TRUE(Known()) << "the audit ended before that dword";
  source_.dwords[99] = 8;
  EXPECT_FALSE(Known());
}

TEST_F(ContextImagesTest, AnotherEngineOrPlaceIsAnotherImage) {
  source_.dwords.assign(1024, 7);
  Audit(100, scanner::SegmentEnd::kBatchEnd);
  EXPECT_FALSE(images_.IsKnownClean(hw::Engine::kBcs, {kStart, 4096}, source_));
  EXPECT_FALSE(images_.IsKnownClean(hw::Engine::kRcs, {kStart + 4, 4096}, source_));
}

TEST_F(ContextImagesTest, ARefusedImageIsNeverKnown) {
  source_.dwords.assign(1024, 7);
  Audit(100, scanner::SegmentEnd::kBatchEnd);
  Audit(100, scanner::SegmentEnd::kBatchEnd, 1);
  EXPECT_FALSE(Known());
}

TEST_F(ContextImagesTest, AnImageCutShortIsAuditedAgainOnceItIsLonger) {
  source_.dwords.assign(1024, 7);
  Audit(1024, scanner::SegmentEnd::kEndOfBuffer);
  EXPECT_TRUE(Known(4096));
  EXPECT_FALSE(Known(8192)) << "only half of it was there";
}

}  // namespace
}  // namespace gvt::tools
