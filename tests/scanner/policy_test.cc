#include "scanner/policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "scanner/interpreter.h"
#include "tests/oracle/assembler.h"

namespace gvt::scanner {
namespace {

// Arithmetic that cannot overflow.
using Wide = unsigned __int128;

bool LiesIn(const Range& range, uint64_t address, uint64_t size) {
  return size != 0 && Wide{address} >= range.begin && Wide{address} + size <= range.end;
}

// Addresses and sizes where verdicts change: near the ends of `range`, 0, 2^48 and 2^64.
rc::Gen<uint64_t> NearEnds(const Range& range) {
  const std::vector<uint64_t> ends = {0, range.begin, range.end, uint64_t{1} << 48};
  return rc::gen::map(rc::gen::pair(rc::gen::elementOf(ends), rc::gen::inRange<int64_t>(-40, 40)),
                      [](const std::pair<uint64_t, int64_t>& at) {
                        return at.first + static_cast<uint64_t>(at.second);
                      });
}

Policy PolicyWith(uint32_t begin, uint32_t size, uint32_t gap, uint32_t hidden_size) {
  Policy policy;
  policy.aperture = Range::Sized(begin, size);
  policy.hidden = Range::Sized(policy.aperture.end + gap, hidden_size);
  return policy;
}

Policy AnyPolicy() {
  return PolicyWith(*rc::gen::inRange<uint32_t>(0, 1u << 20) & ~3u,
                    *rc::gen::inRange<uint32_t>(0, 1u << 20) & ~3u,
                    *rc::gen::element<uint32_t>(0, 4, 0x1000),
                    *rc::gen::inRange<uint32_t>(0, 1u << 20) & ~3u);
}

RC_GTEST_PROP(Policy, OwnsWhatLiesWhollyInOneWindow, ()) {
  const Policy policy = AnyPolicy();
  const Range& window = *rc::gen::arbitrary<bool>() ? policy.aperture : policy.hidden;
  const uint64_t address = *rc::gen::oneOf(NearEnds(window), rc::gen::arbitrary<uint64_t>());
  const uint64_t size = *rc::gen::oneOf(rc::gen::inRange<uint64_t>(0, 64),
                                        rc::gen::arbitrary<uint64_t>(), NearEnds(window));
  RC_ASSERT(policy.OwnsGgtt(address, size) ==
            (LiesIn(policy.aperture, address, size) || LiesIn(policy.hidden, address, size)));
}

// The same through a command: a store from the ring is refused iff one of its bytes is foreign.
RC_GTEST_PROP(Policy, DecidesEveryGgttStoreOfARing, ()) {
  const Policy policy = AnyPolicy();
  const Range& window = *rc::gen::arbitrary<bool>() ? policy.aperture : policy.hidden;
  const uint64_t address = *rc::gen::oneOf(NearEnds(window), rc::gen::arbitrary<uint64_t>());
  const bool qword = *rc::gen::arbitrary<bool>();
  std::vector<uint32_t> dwords = oracle::Code(
      hw::Generation::kGen9, hw::Engine::kRcs,
      {qword ? "MI_STORE_DATA_IMM bits=600000 0 0 1 2" : "MI_STORE_DATA_IMM bits=400000 0 0 1"});
  dwords[1] = static_cast<uint32_t>(address) & ~3u;
  dwords[2] = static_cast<uint32_t>(address >> 32);
  Segment segment;
  segment.kind = BufferKind::kRing;
  segment.space = hw::AddressSpace::kGgtt;
  segment.privileged = true;
  segment.dwords = dwords;
  ScanReport report;
  Interpreter(hw::Platform::kSkl, policy).Scan(segment, &report);

  const uint64_t seen = address & ((uint64_t{1} << 48) - 1) & ~uint64_t{3};
  const uint64_t size = qword ? 8 : 4;
  const bool own = LiesIn(policy.aperture, seen, size) || LiesIn(policy.hidden, seen, size);
  RC_ASSERT(report.clean() == own);
  if (own) return;
  RC_ASSERT(report.refusals[0].rule == Rule::kGgttRange);
  RC_ASSERT(report.refusals[0].address == seen);
}

TEST(Policy, NeverFallsBelowTheMildestSafeAction) {
  for (size_t i = 0; i < kRuleCount; ++i) {
    const Rule rule = static_cast<Rule>(i);
    for (size_t a = 0; a < kActionCount; ++a) {
      const Action action = static_cast<Action>(a);
      Policy policy;
      EXPECT_EQ(policy.ActionFor(rule), MildestAction(rule));
      EXPECT_EQ(policy.Raise(rule, action), action >= MildestAction(rule));
      EXPECT_EQ(policy.ActionFor(rule), std::max(action, MildestAction(rule)));
    }
  }
}

}  // namespace
}  // namespace gvt::scanner
