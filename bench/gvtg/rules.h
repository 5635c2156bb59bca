// Why the two scanners differ: every difference of verdict has exactly one rule here, by name, and
// every rule is told in docs/differences-from-gvtg.md.
#pragma once

#include <span>
#include <string_view>

#include "bench/gvtg/comparison.h"

namespace gvt::bench {

struct DifferenceRule {
  std::string_view name;
  bool (*explains)(const Difference&);
};

// In the order in which they are asked.
std::span<const DifferenceRule> DifferenceRules();

// The first rule that explains the difference; null if none does.
const DifferenceRule* Explain(const Difference& difference);

}  // namespace gvt::bench
