#include "tools/gvtcore/replay_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "capture/boundary_trace_reader.h"
#include "core/replayer.h"
#include "tools/gvtcore/replay_capture.h"

namespace gvt::tools {
namespace {

std::string OriginOf(const capture::TraceHeader& header) {
  return fmt::format("boundary trace of {}8086:{:04x}", header.foreign ? "a foreign " : "",
                     header.pci_device_id);
}

// Reasons in the order in which the trace names them, each once.
void AddTolerated(const std::vector<core::ReplayTolerance>& rows, ReplayReport* report) {
  for (const core::ReplayTolerance& row : rows) {
    if (row.count == 0) continue;
    auto& all = report->tolerated;
    const auto known =
        std::ranges::find_if(all, [&](const auto& entry) { return entry.first == row.reason; });
    if (known != all.end()) {
      known->second += row.count;
    } else {
      all.emplace_back(row.reason, row.count);
    }
  }
}

void ReplayTrace(std::unique_ptr<capture::ByteSource> source, const ReplaySettings& settings,
                 ReplayReport* report) {
  report->kind = "trace";
  auto reader = capture::BoundaryTraceReader::Open(std::move(source));
  if (!reader) {
    report->error = reader.error();
    return;
  }
  core::ReplayOptions options;
  options.live_bytes_limit = settings.live_limit;
  const core::ReplayResult result = core::Replay(std::move(reader).value(), options);
  report->origin = OriginOf(result.header);
  report->counts = {
      {"events", result.events}, {"reads", result.reads},           {"writes", result.writes},
      {"slices", result.slices}, {"pages", result.pages},           {"stores", result.stores},
      {"clocks", result.clocks}, {"interrupts", result.interrupts}, {"resets", result.resets}};
  AddTolerated(result.tolerances, report);
  report->finished = result.finished || result.difference;
  if (result.difference) {
    report->difference = {result.difference->sequence, result.difference->text};
  }
  report->error = result.error;
}

}  // namespace

ReplayReport ReplayFile(const std::string& path, const ReplaySettings& settings) {
  ReplayReport report;
  report.file = path;
  auto source = capture::ByteSource::OpenFile(path);
  if (!source) {
    report.error = source.error();
    return report;
  }
  if (capture::IsBoundaryTrace(**source)) {
    ReplayTrace(std::move(source).value(), settings, &report);
  } else {
    ReplayCapture(std::move(source).value(), settings, &report);
  }
  return report;
}

}  // namespace gvt::tools
