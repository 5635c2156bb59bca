// Every header behind learned ground, so that what is remembered, and code of it, meets it: the
// report stays the interpreter's.
//
// A stream here is a run of MI_NOOP, the first with a number of its own, which makes a root of its
// own; then the command at issue; then a few more; then the end of the batch.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hw/command_table.h"
#include "recall/recall_engine.h"
#include "scanner/interpreter.h"
#include "tests/oracle/report_text.h"
#include "tests/oracle/stream_generator.h"
#include "tests/oracle/test_scale.h"
#include "tests/recall/eager_engine.h"

namespace gvt::recall {
namespace {

using scanner::ScanReport;
using scanner::Segment;

constexpr Gma kStart(0x120000);
constexpr uint32_t kBatchEnd = 0x05000000;
// MI_NOOP in front; not so many that they are passed as such.
constexpr uint32_t kGround = 24;
constexpr uint32_t kRootNumbers = 1u << 16;  // bits of an MI_NOOP that are free
// Longest form that is learned; longer ones are scanned.
constexpr uint32_t kLongestLearned = 24;
constexpr uint32_t kLengthField = 256;

class Ground : public testing::TestWithParam<std::tuple<hw::Platform, bool>> {
 protected:
  void SetUp() override {
    policy_.aperture = Range{0x100000, 0x180000};
    policy_.hidden = Range{0x180000, 0x200000};
    interpreter_ = std::make_unique<scanner::Interpreter>(Platform(), policy_);
    engine_ = MakeEagerEngine(Platform(), policy_);
  }

  static hw::Platform Platform() { return std::get<0>(GetParam()); }
  const hw::CommandRow* RowOf(uint32_t header) const {
    return hw::FindCommand(hw::GenerationOf(Platform()), hw::Engine::kRcs, header);
  }

  static Segment SegmentOf(std::span<const uint32_t> dwords) {
    Segment segment;
    segment.privileged = std::get<1>(GetParam());
    segment.space = segment.privileged ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
    segment.start = kStart;
    segment.dwords = dwords;
    return segment;
  }

  // Learned ground number `root` with `command` behind it and `padding` MI_NOOPs behind that.
  static std::vector<uint32_t> Behind(uint32_t root, std::span<const uint32_t> command,
                                      size_t padding) {
    std::vector<uint32_t> stream(kGround, 0u);
    stream[0] = root % kRootNumbers;
    stream.insert(stream.end(), command.begin(), command.end());
    stream.insert(stream.end(), padding, 0u);
    stream.push_back(kBatchEnd);
    return stream;
  }

  testing::AssertionResult Agree(const Segment& segment) {
    expected_.Clear();
    interpreter_->Scan(segment, &expected_);
    report_.Clear();
    engine_->Scan(segment, &report_);
    if (report_ == expected_) return testing::AssertionSuccess();
    return testing::AssertionFailure()
           << oracle::SegmentText(segment) << oracle::ReportText(report_) << "interpreter:\n"
           << oracle::ReportText(expected_);
  }

  // A stream is known when it was met, and compiled when it was met twice more.
  testing::AssertionResult Learn(std::span<const uint32_t> stream) {
    for (int i = 0; i < 3; ++i) {
      if (auto result = Agree(SegmentOf(stream)); !result) return result;
    }
    return Agree(SegmentOf(stream));
  }

  // Streams that differ from a learned one in a dword of its command.
  testing::AssertionResult AgreeOnChanges(std::vector<uint32_t> stream, uint32_t length,
                                          oracle::StreamGenerator* generator) {
    for (uint32_t at = kGround; at < kGround + std::min(length, 6u); ++at) {
      const uint32_t former = stream[at];
      for (uint32_t bit = 0; bit < 32; bit += at == kGround ? 1 : 5) {
        stream[at] = former ^ 1u << bit;
        if (auto result = Agree(SegmentOf(stream)); !result) return result;
      }
      stream[at] = generator->Dword();
      if (auto result = Agree(SegmentOf(stream)); !result) return result;
      stream[at] = former;
    }
    return testing::AssertionSuccess();
  }

  // Copies that end before, in and behind the command.
  testing::AssertionResult AgreeOnCuts(std::span<const uint32_t> stream, uint32_t length) {
    for (uint32_t more = 0; more <= std::min(length + 1, 8u); ++more) {
      Segment segment = SegmentOf(stream.first(kGround + more));
      for (const bool complete : {false, true}) {
        segment.complete = complete;
        if (auto result = Agree(segment); !result) return result;
      }
    }
    return testing::AssertionSuccess();
  }

  scanner::Policy policy_;
  std::unique_ptr<scanner::Interpreter> interpreter_;
  std::unique_ptr<RecallEngine> engine_;
  ScanReport expected_;
  ScanReport report_;
};

TEST_P(Ground, LeadsToEveryHeaderAsTheInterpreterDoes) {
  const uint32_t none = 0;
  std::vector<uint32_t> stream = Behind(0, {&none, 1}, 8);
  for (uint32_t top = 0; top < 0x10000; ++top) {
    // So many have one ground in common that most places are full of branches.
    stream[0] = top >> 7;
    for (const uint32_t low : {0u, 0xffu}) {
      stream[kGround] = top << 16 | low;
      ASSERT_TRUE(Agree(SegmentOf(stream)));
    }
  }
  EXPECT_GT(engine_->statistics().learned, 512u);
}

TEST_P(Ground, LeadsToEveryLengthAsTheInterpreterDoes) {
  oracle::StreamGenerator generator(1, Platform(), hw::Engine::kRcs, kStart, policy_);
  const uint32_t none = 0;
  std::vector<uint32_t> stream = Behind(0, {&none, 1}, kLengthField + 8);
  for (const hw::CommandRow* row : generator.rows()) {
    const uint32_t lengths = row->length.fixed_dwords != 0 ? 1 : kLengthField;
    ++stream[0];
    for (uint32_t low = 0; low < lengths; ++low) {
      stream[kGround] = row->value | low;
      ASSERT_TRUE(Agree(SegmentOf(stream))) << row->name;
    }
  }
}

TEST_P(Ground, TellsEveryCommandFromItsLike) {
  oracle::StreamGenerator generator(2, Platform(), hw::Engine::kRcs, kStart, policy_);
  uint32_t root = 0;
  for (const hw::CommandRow* row : generator.rows()) {
    for (uint32_t length = 1; length <= kLongestLearned; ++length) {
      if (!row->length.Allows(length)) continue;
      for (uint32_t sample = 0; sample < 2 * oracle::TestScale(); ++sample) {
        std::vector<uint32_t> command = generator.CommandOfLength(*row, length);
        if (sample == 0) std::fill(command.begin() + 1, command.end(), 0u);
        const std::vector<uint32_t> stream = Behind(++root, command, 4);
        ASSERT_TRUE(Learn(stream)) << row->name;
        ASSERT_TRUE(AgreeOnChanges(stream, length, &generator)) << row->name;
        ASSERT_TRUE(AgreeOnCuts(stream, length)) << row->name;
      }
    }
  }
  EXPECT_GT(engine_->statistics().forgotten, 0u);
}

std::string CaseName(const testing::TestParamInfo<Ground::ParamType>& info) {
  const auto [platform, privileged] = info.param;
  return std::string(hw::PlatformName(platform)) + (privileged ? "_privileged" : "");
}

INSTANTIATE_TEST_SUITE_P(Learned, Ground,
                         testing::Combine(testing::Values(hw::Platform::kBdw, hw::Platform::kSkl),
                                          testing::Bool()),
                         CaseName);

}  // namespace
}  // namespace gvt::recall
