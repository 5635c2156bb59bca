// The order of a trial: host_init with the kit's operations, the lines, host_exit; then the lines
// that need a core, each of which registers the table itself.
#include "hostif/conformance/run.h"

#include <algorithm>
#include <cstring>

#include "hostif/conformance/members.h"

namespace gvt::hostif::conformance {
namespace {

Verdict TryLine(const Line& line, const gvtcore_module_t& module, uint32_t patience_ms) {
  const gvtcore_mpt_t table = WithLentMemory(*module.table);
  const core::MptCalls calls(table);
  const std::unique_ptr<Machine> machine = Machine::Create(module);
  if (machine == nullptr) return Failed("no virtual machine, or no handle");
  Trial trial{module, *module.table, calls, *machine, patience_ms};
  return line.run(trial);
}

// What a line says of a member that the host lacks, it says of the core's default.
Verdict OnTable(const Line& line, const gvtcore_mpt_t& table, Verdict verdict) {
  const bool passed = verdict.outcome == Outcome::kPassed;
  if (passed && IsDefault(table, line.member)) verdict.outcome = Outcome::kDefault;
  return verdict;
}

bool Wanted(const Line& line, const std::string& only) {
  return std::string(line.id).compare(0, only.size(), only) == 0;
}

}  // namespace

bool Report::passed() const {
  return error.empty() && Count(Outcome::kFailed) == 0;
}

size_t Report::Count(Outcome outcome) const {
  return static_cast<size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&](const LineResult& result) { return result.verdict.outcome == outcome; }));
}

std::vector<const Line*> AllLines() {
  std::vector<const Line*> all;
  for (const auto& subject :
       {LifeLines(), MemoryLines(), InterruptLines(), TrackLines(), FrameLines(), DeviceLines(),
        WorkloadLines(), ActivityLines(), StateLines()}) {
    for (const Line& line : subject) all.push_back(&line);
  }
  return all;
}

Report Try(const gvtcore_module_t& module, const Options& options) {
  Report report;
  report.host = module.name;
  report.type = module.table->type;
  const core::MptCalls calls(*module.table);
  int gvt = 0;  // what the host takes for a core
  if (const int code = InitHost(module, nullptr, &gvt, KitOps()); code != 0) {
    report.error = "host_init fails with " + std::to_string(code) + ": " + std::strerror(-code);
    return report;
  }
  for (const auto& subject :
       {LifeLines(), MemoryLines(), InterruptLines(), TrackLines(), FrameLines()}) {
    for (const Line& line : subject) {
      if (!Wanted(line, options.only)) continue;
      Verdict verdict = TryLine(line, module, options.patience_ms);
      report.lines.push_back({&line, OnTable(line, *module.table, std::move(verdict))});
    }
  }
  calls.HostExit(nullptr, &gvt);
  for (const auto& subject : {DeviceLines(), WorkloadLines(), ActivityLines(), StateLines()}) {
    for (const Line& line : subject) {
      if (!Wanted(line, options.only)) continue;
      Verdict verdict = line.workload(module, options);
      report.lines.push_back({&line, OnTable(line, *module.table, std::move(verdict))});
    }
  }
  if (options.figures) report.figures = Measure(module);
  return report;
}

}  // namespace gvt::hostif::conformance
