#include "tools/gvtcore/replay_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/gvtcore/report_total.h"

namespace gvt::tools {
namespace {

using Json = nlohmann::ordered_json;

// What a difference's number counts.
std::string_view UnitOf(const ReplayReport& report) {
  return report.kind == "aub" ? "submission" : "event";
}

Json ReportJson(const ReplayReport& report) {
  Json json;
  json["file"] = report.file;
  json["kind"] = report.kind;
  json["origin"] = report.origin;
  json["status"] = report.Status();
  json["finished"] = report.finished;
  json["counts"] = Json::object();
  for (const auto& [name, count] : report.counts) json["counts"][name] = count;
  json["tolerated"] = Json::array();
  for (const auto& [reason, count] : report.tolerated) {
    json["tolerated"].push_back({{"reason", reason}, {"reads", count}});
  }
  if (report.difference) {
    json["difference"] = {{UnitOf(report), report.difference->first},
                          {"text", report.difference->second}};
  }
  if (report.error) {
    json["error"] = {{"code", ErrorCodeName(report.error->code)},
                     {"offset", report.error->offset},
                     {"reason", report.error->reason}};
  }
  return json;
}

}  // namespace

std::string ReplayReport::Status() const {
  if (error) return "error";
  return difference ? "differs" : "same";
}

std::string ReplayText(const ReplayReport& report, const Colours& colours) {
  std::string text =
      fmt::format("{}{}{}: {}\n", colours.bold, Printable(report.file), colours.off, report.origin);
  std::string counts;
  for (const auto& [name, count] : report.counts) {
    if (count == 0) continue;
    std::string words = name;
    std::ranges::replace(words, '_', ' ');
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", Grouped(count), words);
  }
  const bool same = report.Status() == "same";
  text += fmt::format("  {}{}{}: {}\n", same ? colours.green : colours.red, report.Status(),
                      colours.off, counts.empty() ? "nothing was replayed" : counts);
  if (report.difference) {
    text += fmt::format("  {} {}: {}\n", UnitOf(report), Grouped(report.difference->first),
                        Printable(report.difference->second));
  }
  for (const auto& [reason, count] : report.tolerated) {
    text += fmt::format("  tolerated: {} reads, {}\n", Grouped(count), Printable(reason));
  }
  if (!report.finished && !report.error) {
    text += "  the recording was cut off: nothing is known behind its last event\n";
  }
  return text;
}

std::string ReplayJson(const std::vector<ReplayReport>& reports) {
  Json json;
  json["schema"] = 1;
  json["program"] = "gvtcore " GVTCORE_VERSION;
  json["status"] = ReplayExitStatus(reports);
  json["files"] = Json::array();
  for (const ReplayReport& report : reports) json["files"].push_back(ReportJson(report));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int ReplayExitStatus(const std::vector<ReplayReport>& reports) {
  int status = kExitClean;
  for (const ReplayReport& report : reports) {
    if (report.error) return kExitError;
    if (report.difference) status = kExitRefusals;
  }
  return status;
}

}  // namespace gvt::tools
