// Counts are numbers; addresses, headers and offsets that people search for are hexadecimal
// strings, as 64-bit numbers are not safe in every reader of JSON.
#include "tools/gvtcore/report_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "scanner/disassembler.h"
#include "scanner/rule.h"
#include "tools/gvtcore/audit_diff.h"
#include "tools/gvtcore/report_total.h"

namespace gvt::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTopCommands = 32;

std::string Hex(uint64_t value) {
  return fmt::format("0x{:x}", value);
}

std::string_view SpaceName(hw::AddressSpace space) {
  return space == hw::AddressSpace::kGgtt ? "ggtt" : "ppgtt";
}

// The counts that files, engines and the total share.
Json CountsJson(const EngineReport& report) {
  const WalkSums sums = SumsOf(report.walk);
  Json json;
  json["submissions"] = report.submissions;
  json["batches"] = report.walk.batches;
  json["second_level"] = report.walk.second_level;
  json["chained"] = report.walk.chained;
  json["cycles"] = report.walk.cycles;
  json["ring_commands"] = sums.ring_commands;
  json["ring_bytes"] = sums.ring_bytes;
  json["batch_commands"] = sums.batch_commands;
  json["batch_bytes"] = sums.batch_bytes;
  json["bytes"] = sums.ring_bytes + sums.batch_bytes;
  json["context_commands"] = sums.context_commands;
  json["context_bytes"] = sums.context_bytes;
  json["context_images"] = sums.context_images;
  json["context_images_unchanged"] = report.images_unchanged;
  json["refusals"] = report.walk.refusals;
  return json;
}

Json TimesJson(const ScanTimes& times) {
  return {{"read", times.read}, {"scan", times.scan}, {"statistics", times.statistics}};
}

Json FindingJson(const FileReport& report, const Finding& finding) {
  const scanner::Refusal& refusal = finding.refusal;
  Json json;
  json["file"] = report.file;
  json["submission"] = finding.submission;
  json["engine"] = hw::EngineName(finding.engine);
  json["buffer"] = scanner::BufferKindName(finding.kind);
  json["space"] = SpaceName(finding.space);
  json["batch"] = Hex(finding.segment.value);
  json["offset"] = refusal.dword * 4;
  json["dword"] = refusal.detail;
  json["command"] = finding.command;
  json["header"] = Hex(refusal.header);
  json["rule"] = scanner::RuleName(refusal.rule);
  json["text"] = scanner::RuleText(refusal.rule);
  json["action"] = scanner::ActionName(refusal.action);
  json["register"] = finding.register_name.empty() ? Json() : Json(finding.register_name);
  json["register_offset"] = finding.register_name.empty() ? Json() : Json(Hex(refusal.reg));
  json["address"] = refusal.address == 0 ? Json() : Json(Hex(refusal.address));
  json["around"] = Json::array();
  for (const Surrounding& item : finding.around) {
    Json dwords = Json::array();
    for (const uint32_t dword : item.dwords) dwords.push_back(fmt::format("{:08x}", dword));
    json["around"].push_back(
        {{"address", Hex(item.address.value)}, {"refused", item.refused}, {"dwords", dwords}});
  }
  return json;
}

Json CommandsJson(const FileReport& report) {
  Json json = Json::array();
  auto commands = CommandsByCount(report.commands);
  commands.resize(std::min(commands.size(), kTopCommands));
  for (const NamedCount& command : commands) {
    json.push_back({{"name", command.name}, {"count", command.count}, {"dwords", command.dwords}});
  }
  return json;
}

Json ProblemsJson(const FileReport& report) {
  Json json = Json::object();
  for (size_t i = 1; i < report.problems.size(); ++i) {
    if (report.problems[i] == 0) continue;
    json[std::string(capture::ProblemName(static_cast<capture::SubmissionProblem>(i)))] =
        report.problems[i];
  }
  return json;
}

Json ErrorJson(const FileReport& report) {
  if (!report.error) return {};
  return {{"code", ErrorCodeName(report.error->code)},
          {"offset", report.error->offset},
          {"reason", report.error->reason},
          {"message", report.error->Message()}};
}

Json FileJson(const FileReport& report) {
  Json json;
  json["file"] = report.file;
  json["status"] = report.error ? "error" : report.Clean() ? "clean" : "refused";
  json["error"] = ErrorJson(report);
  if (report.info) {
    json["kind"] = capture::CaptureKindName(report.info->kind);
    json["platform"] = hw::PlatformName(report.info->platform);
    json["pci_id"] = report.info->pci_id == 0 ? Json() : Json(Hex(report.info->pci_id));
    json["producer"] = report.info->producer;
  }
  json.update(CountsJson(report.Total()));
  json["unknown_commands"] = report.unknown_commands;
  json["unscanned"] = report.Unscanned();
  json["problems"] = ProblemsJson(report);
  json["input_bytes"] = report.progress.input_bytes;
  json["stream_bytes"] = report.progress.stream_bytes;
  json["live_bytes_peak"] = report.live_bytes_peak;
  json["seconds"] = TimesJson(report.times);
  if (report.comparison) {
    json["compared"] = report.comparison->segments;
    json["differences"] = report.comparison->differences;
  }
  json["engines"] = Json::array();
  for (size_t i = 0; i < report.engines.size(); ++i) {
    if (report.engines[i].submissions == 0) continue;
    Json engine{{"engine", hw::EngineName(static_cast<hw::Engine>(i))}};
    engine.update(CountsJson(report.engines[i]));
    json["engines"].push_back(engine);
  }
  json["top_commands"] = CommandsJson(report);
  json["refusal_list"] = Json::array();
  for (const Finding& finding : report.findings) {
    json["refusal_list"].push_back(FindingJson(report, finding));
  }
  return json;
}

Json NeedJson(const NeedKey& key, const Need& need) {
  Json lengths = Json::object();
  for (const auto& [length, count] : need.lengths) lengths[std::to_string(length)] = count;
  return {{"rule", scanner::RuleName(key.rule)},
          {"command", need.command},
          {"opcode", Hex(key.opcode)},
          {"register", need.register_name},
          {"register_offset", Hex(key.reg)},
          {"engines", EnginesText(need.engines)},
          {"count", need.count},
          {"lengths", lengths},
          {"user", need.user},
          {"privileged", need.privileged},
          {"first",
           {{"file", need.first.file},
            {"submission", need.first.submission},
            {"batch", Hex(need.first.segment.value)},
            {"offset", need.first.offset_bytes}}}};
}

Json TotalJson(const std::vector<FileReport>& reports, double wall_seconds) {
  const ScanTotal total = TotalOf(reports);
  Json json;
  json["files"] = total.files;
  json["files_clean"] = total.files_clean;
  json["files_with_error"] = total.files_with_error;
  json.update(CountsJson(total.walk));
  json["unscanned"] = total.unscanned;
  json["stream_bytes"] = total.stream_bytes;
  json["live_bytes_peak"] = total.live_bytes_peak;
  json["seconds"] = TimesJson(total.times);
  json["seconds"]["wall"] = wall_seconds;
  return json;
}

}  // namespace

std::string ReportJson(const std::vector<FileReport>& reports, double wall_seconds,
                       bool audit_only) {
  Json json;
  json["schema"] = kJsonSchema;
  json["program"] = "gvtcore " GVTCORE_VERSION;
  json["status"] = ExitStatus(reports);
  json["total"] = TotalJson(reports, wall_seconds);
  json["files"] = Json::array();
  for (const FileReport& report : reports) json["files"].push_back(FileJson(report));
  if (audit_only) {
    const Needs needs = NeedsOf(reports);
    json["needs"] = Json::array();
    for (const auto& [key, need] : needs) json["needs"].push_back(NeedJson(key, need));
    json["diff"] = AuditDiff(needs);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gvt::tools
