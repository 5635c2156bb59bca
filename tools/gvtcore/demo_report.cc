#include "tools/gvtcore/demo_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/gvtcore/report_json.h"
#include "tools/gvtcore/report_total.h"

namespace gvt::tools {
namespace {

std::string Microseconds(uint64_t ns) {
  return fmt::format("{:.1f}", static_cast<double>(ns) / 1000);
}

double PerSecond(uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

uint64_t BusyOf(const gvtcore_vgpu_statistics_t& statistics) {
  uint64_t sum = 0;
  for (const uint64_t ns : statistics.engine_busy_ns) sum += ns;
  return sum;
}

uint32_t WeightsOf(const DemoResult& result) {
  uint32_t sum = result.hostile_weight;
  for (const DemoVgpu& vgpu : result.vgpus) sum += vgpu.weight;
  return sum;
}

std::string WorkText(const DemoResult& result, const Colours& colours) {
  TextTable table({"vGPU", "workloads", "per s", "rounds", "scanned", "PTEs", "engines", "lost"});
  for (const DemoVgpu& vgpu : result.vgpus) {
    const double busy = static_cast<double>(BusyOf(vgpu.statistics)) / 1e9;
    table.Add({vgpu.name, Grouped(vgpu.tally.completed),
               Grouped(static_cast<uint64_t>(PerSecond(vgpu.tally.completed, result.seconds))),
               Grouped(vgpu.rounds), ByteSize(vgpu.statistics.scanned_bytes),
               Grouped(vgpu.statistics.ptes_converted), Share(busy, result.seconds),
               Grouped(vgpu.tally.lost)});
  }
  return table.Text(2, colours);
}

std::string LatencyText(const DemoResult& result, const Colours& colours) {
  TextTable table({"microseconds from submitted to", "p50", "p99", "p99.9"});
  for (const DemoVgpu& vgpu : result.vgpus) {
    for (const auto& [name, latency] : {std::pair{"first command", vgpu.dispatch},
                                        std::pair{"interrupt handled", vgpu.interrupt}}) {
      table.Add({vgpu.name + ", " + name, Microseconds(latency.p50_ns),
                 Microseconds(latency.p99_ns), Microseconds(latency.p999_ns)});
    }
  }
  return table.Text(2, colours);
}

std::string ShareText(const DemoResult& result, const Colours& colours) {
  TextTable table({"render engine, wanted by all", "weight", "due", "got"});
  const double weights = WeightsOf(result);
  const auto add = [&](const std::string& name, uint32_t weight, double share) {
    table.Add({name, std::to_string(weight), Share(weight, weights), Share(share, 1)});
  };
  for (const DemoVgpu& vgpu : result.vgpus) add(vgpu.name, vgpu.weight, vgpu.share);
  add("hostile", result.hostile_weight, result.hostile_share);
  return table.Text(2, colours);
}

std::string AttackText(const DemoResult& result, const Colours& colours) {
  TextTable table({"the hostile guest's", "tries", "refusals", "no effect", "stopped", "reset"});
  for (const AttackTally& attack : result.attacks) {
    table.Add({attack.name, Grouped(attack.tries), Grouped(attack.refusals), Grouped(attack.ended),
               Grouped(attack.stopped), Grouped(attack.reset)});
  }
  return table.Text(2, colours);
}

// Everybody's, rules that nobody broke left out.
std::string RuleTable(const DemoResult& result, const Colours& colours) {
  TextTable table({"rule broken", "by the hostile guest", "by the others"});
  for (uint32_t rule = 0; gvtcore_rule_name(rule) != nullptr; ++rule) {
    const uint64_t hostile = result.hostile_statistics.refusals_by_rule[rule];
    uint64_t others = 0;
    for (const DemoVgpu& vgpu : result.vgpus) others += vgpu.statistics.refusals_by_rule[rule];
    if (hostile + others == 0) continue;
    table.Add({gvtcore_rule_name(rule), Grouped(hostile), Grouped(others)});
  }
  return table.Text(2, colours);
}

nlohmann::ordered_json RulesJson(const gvtcore_vgpu_statistics_t& statistics) {
  auto json = nlohmann::ordered_json::object();
  for (uint32_t rule = 0; gvtcore_rule_name(rule) != nullptr; ++rule) {
    const uint64_t count = statistics.refusals_by_rule[rule];
    if (count != 0) json[gvtcore_rule_name(rule)] = count;
  }
  return json;
}

nlohmann::ordered_json LatencyJson(const DemoLatency& latency) {
  return {{"p50_ns", latency.p50_ns}, {"p99_ns", latency.p99_ns}, {"p999_ns", latency.p999_ns}};
}

nlohmann::ordered_json VgpuJson(const DemoVgpu& vgpu, double seconds) {
  nlohmann::ordered_json json;
  json["capture"] = vgpu.name;
  json["weight"] = vgpu.weight;
  json["workloads"] = vgpu.tally.completed;
  json["workloads_per_second"] = PerSecond(vgpu.tally.completed, seconds);
  json["workloads_of_capture"] = vgpu.workloads_of_capture;
  json["lost"] = vgpu.tally.lost;
  json["commands"] = vgpu.tally.commands;
  json["scanned_bytes"] = vgpu.statistics.scanned_bytes;
  json["ptes_converted"] = vgpu.statistics.ptes_converted;
  json["tables_shadowed"] = vgpu.statistics.tables_shadowed;
  json["ptes_substituted"] = vgpu.statistics.ptes_substituted;
  json["refusals"] = vgpu.statistics.refusals;
  json["refusals_by_rule"] = RulesJson(vgpu.statistics);
  json["engine_busy_ns"] = vgpu.statistics.engine_busy_ns;
  json["submit_to_dispatch"] = LatencyJson(vgpu.dispatch);
  json["submit_to_interrupt"] = LatencyJson(vgpu.interrupt);
  json["share"] = vgpu.share;
  json["pages_checked"] = vgpu.tally.pages_checked;
  json["pages_wrong"] = vgpu.tally.pages_wrong;
  return json;
}

}  // namespace

std::string DemoText(const DemoResult& result, const Colours& colours) {
  std::string text = fmt::format("{}{} vGPUs and a hostile one, {:.1f} s{}\n", colours.bold,
                                 result.vgpus.size(), result.seconds, colours.off);
  text += WorkText(result, colours) + "\n" + LatencyText(result, colours) + "\n" +
          ShareText(result, colours) + "\n" + AttackText(result, colours) + "\n" +
          RuleTable(result, colours) + "\n";
  for (const DemoVgpu& vgpu : result.vgpus) {
    if (vgpu.tally.first_wrong.empty()) continue;
    text +=
        fmt::format("  {}{}: {}{}\n", colours.red, vgpu.name, vgpu.tally.first_wrong, colours.off);
  }
  uint64_t checked = 0;
  for (const DemoVgpu& vgpu : result.vgpus) checked += vgpu.tally.pages_checked;
  const bool clean = DemoIsClean(result);
  text += fmt::format("  {}{}{}", clean ? colours.green : colours.red,
                      clean ? "The others lost nothing" : "The others were harmed", colours.off);
  text += fmt::format(": {} workloads lost", Grouped(result.lost()));
  if (result.checked) {
    text += fmt::format(", {} of {} pages not as the slow model has them", Grouped(result.wrong()),
                        Grouped(checked));
  }
  return text + ".\n";
}

std::string DemoJson(const DemoResult& result) {
  nlohmann::ordered_json json;
  json["schema"] = kJsonSchema;
  json["program"] = "gvtcore " GVTCORE_VERSION;
  json["status"] = DemoIsClean(result) ? kExitClean : kExitRefusals;
  json["seconds"] = result.seconds;
  json["share_seconds"] = result.share_seconds;
  json["checked"] = result.checked;
  json["vgpus"] = nlohmann::ordered_json::array();
  for (const DemoVgpu& vgpu : result.vgpus) json["vgpus"].push_back(VgpuJson(vgpu, result.seconds));
  nlohmann::ordered_json hostile;
  hostile["weight"] = result.hostile_weight;
  hostile["share"] = result.hostile_share;
  hostile["refusals"] = result.hostile_statistics.refusals;
  hostile["refusals_by_rule"] = RulesJson(result.hostile_statistics);
  hostile["engine_resets"] = result.hostile_statistics.engine_resets;
  hostile["attacks"] = nlohmann::ordered_json::array();
  for (const AttackTally& attack : result.attacks) {
    hostile["attacks"].push_back({{"name", attack.name},
                                  {"tries", attack.tries},
                                  {"refusals", attack.refusals},
                                  {"no_effect", attack.ended},
                                  {"stopped", attack.stopped},
                                  {"reset", attack.reset}});
  }
  json["hostile"] = std::move(hostile);
  return json.dump(2) + "\n";
}

bool DemoIsClean(const DemoResult& result) {
  return result.lost() == 0 && result.wrong() == 0;
}

}  // namespace gvt::tools
