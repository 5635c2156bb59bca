#include "tools/gvtcore/report_total.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "hw/command_table.h"
#include "tools/gvtcore/text_table.h"

namespace gvt::tools {

ScanTotal TotalOf(const std::vector<FileReport>& reports) {
  ScanTotal total;
  for (const FileReport& report : reports) {
    ++total.files;
    if (report.Clean()) ++total.files_clean;
    if (report.error) ++total.files_with_error;
    for (size_t i = 0; i < total.engines.size(); ++i) total.engines[i] += report.engines[i];
    total.walk += report.Total();
    total.unscanned += report.Unscanned();
    total.stream_bytes += report.progress.stream_bytes;
    total.live_bytes_peak = std::max(total.live_bytes_peak, report.live_bytes_peak);
    total.times.read += report.times.read;
    total.times.scan += report.times.scan;
    total.times.statistics += report.times.statistics;
  }
  return total;
}

int ExitStatus(const std::vector<FileReport>& reports) {
  int status = kExitClean;
  for (const FileReport& report : reports) {
    if (report.error) return kExitError;
    if (!report.Clean()) status = kExitRefusals;
  }
  return status;
}

std::vector<NamedCount> CommandsByCount(const std::vector<CommandCount>& counts) {
  std::map<std::string_view, NamedCount> by_name;
  const auto rows = hw::CommandRows();
  for (size_t i = 0; i < counts.size() && i < rows.size(); ++i) {
    if (counts[i].count == 0) continue;
    NamedCount& named = by_name[rows[i].name];
    named.name = rows[i].name;
    named.count += counts[i].count;
    named.dwords += counts[i].dwords;
  }
  std::vector<NamedCount> list;
  list.reserve(by_name.size());
  for (const auto& [name, named] : by_name) list.push_back(named);
  std::stable_sort(list.begin(), list.end(),
                   [](const NamedCount& a, const NamedCount& b) { return a.count > b.count; });
  return list;
}

std::string OriginText(const FileReport& report) {
  if (!report.info) return "not read";
  std::string text = fmt::format("{}, {}", capture::CaptureKindName(report.info->kind),
                                 hw::PlatformName(report.info->platform));
  if (report.info->pci_id != 0) text += fmt::format(" (PCI id 0x{:04x})", report.info->pci_id);
  if (!report.info->producer.empty()) {
    text += fmt::format(", recorded by \"{}\"", Printable(report.info->producer));
  }
  return text;
}

}  // namespace gvt::tools
