// One segment through both scanners, command by command.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "bench/gvtg/gvtg_jobs.h"
#include "hw/command_row.h"
#include "hw/platform.h"
#include "scanner/interpreter.h"
#include "scanner/report.h"
#include "scanner/segment.h"

namespace gvt::bench {

// A command that the two judge differently, with both verdicts. `dwords` begins with the command
// and ends with the segment.
struct Difference {
  hw::Platform platform = hw::Platform::kSkl;
  hw::Engine engine = hw::Engine::kRcs;
  scanner::BufferKind kind = scanner::BufferKind::kRing;
  bool privileged = true;
  std::span<const uint32_t> dwords;

  const hw::CommandRow* row = nullptr;        // by our table; null: unknown
  uint32_t length = 0;                        // likewise
  const scanner::ScanReport* ours = nullptr;  // of the command alone
  gvtg_verdict gvtg{};
  bool gvtg_patched = false;  // it changed the command
  bool gvtg_is_loop = false;  // the verdict is that of the scan loop over the whole ring part

  uint32_t header() const { return dwords[0]; }
  bool ours_refuses() const { return !ours->clean(); }
  bool gvtg_refuses() const { return gvtg.error != 0; }
  // Precondition: ours_refuses().
  const scanner::Refusal& refusal() const { return ours->refusals.front(); }
  bool RefusedFor(scanner::Rule rule) const { return ours_refuses() && refusal().rule == rule; }
  bool Is(hw::Effect effect) const { return row != nullptr && row->effect == effect; }
};

class Comparer {
 public:
  using Sink = std::function<void(const Difference&)>;

  // Compares segments of that platform under a policy with these windows of the GGTT, multiples of
  // a page.
  Comparer(hw::Platform platform, const scanner::Policy& policy);

  // Calls `sink` for each command of the segment on which the verdicts differ: refused or not, its
  // length, its events. Goes on behind it by whichever length is known. Ends with the segment.
  void Compare(const scanner::Segment& segment, const Sink& sink);

  uint64_t commands() const { return commands_; }  // compared so far

 private:
  void CompareCommand(const scanner::Segment& segment, uint32_t position, Difference* both,
                      const Sink& sink);
  void CompareOvershoot(const scanner::Segment& segment, Difference* both, const Sink& sink);

  const hw::Platform platform_;
  scanner::Interpreter interpreter_;
  std::vector<uint8_t> memory_;
  Machine machine_;
  scanner::ScanReport report_;
  std::vector<uint32_t> copy_;  // of a command, with what lies behind it
  uint64_t commands_ = 0;
};

}  // namespace gvt::bench
