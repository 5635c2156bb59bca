// Lines are at most about 100 columns, so that a report can be pasted anywhere. Equal input gives
// equal text but for the times.
#include "tools/gvtcore/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "scanner/disassembler.h"
#include "scanner/rule.h"
#include "tools/gvtcore/report_total.h"

namespace gvt::tools {
namespace {

constexpr size_t kTopCommands = 8;
constexpr size_t kFindingsShown = 10;

using Out = std::back_insert_iterator<std::string>;

void AddEngineRow(std::string name, const EngineReport& engine, TextTable* table) {
  const WalkSums sums = SumsOf(engine.walk);
  table->Add({std::move(name), Grouped(engine.submissions), Grouped(engine.walk.batches),
              Grouped(engine.walk.second_level), Grouped(engine.walk.chained),
              Grouped(sums.ring_commands), Grouped(sums.batch_commands), Grouped(sums.batch_bytes),
              Grouped(engine.walk.refusals)});
}

// A row for each engine that was used.
TextTable EngineTable(const std::array<EngineReport, hw::kEngineCount>& engines) {
  TextTable table({"engine", "submissions", "batches", "2nd level", "chained", "ring cmds",
                   "batch cmds", "batch bytes", "refusals"});
  for (size_t i = 0; i < engines.size(); ++i) {
    if (engines[i].submissions == 0) continue;
    AddEngineRow(std::string(hw::EngineName(static_cast<hw::Engine>(i))), engines[i], &table);
  }
  return table;
}

void AppendTopCommands(const FileReport& report, const TextOptions& options, std::string* text) {
  const auto commands = CommandsByCount(report.commands);
  if (commands.empty()) return;
  const auto all = static_cast<double>(SumsOf(report.Total().walk).batch_commands);
  const size_t shown = options.verbose ? commands.size() : std::min(commands.size(), kTopCommands);
  std::string line = "  top commands:";
  for (size_t i = 0; i < shown; ++i) {
    const std::string item =
        fmt::format(" {} {}{}", commands[i].name,
                    Share(static_cast<double>(commands[i].count), all), i + 1 < shown ? "," : "");
    if (line.size() + item.size() > 100) {
      *text += line + "\n";
      line = "               ";
    }
    line += item;
  }
  *text += line + "\n";
}

void AppendFinding(const FileReport& report, const Finding& finding, const TextOptions& options,
                   std::string* text) {
  const Colours& c = options.colours;
  const scanner::Refusal& refusal = finding.refusal;
  fmt::format_to(Out(*text), "\n  {}refused, {}:{} {}{}{}\n    {}\n", c.red,
                 scanner::RuleName(refusal.rule), c.off, c.bold,
                 finding.command.empty() ? scanner::BufferKindName(finding.kind) : finding.command,
                 c.off, scanner::RuleText(refusal.rule));
  fmt::format_to(
      Out(*text), "    in {}, submission {}, {}\n    {} at {}, offset 0x{:x}; action {}\n",
      Printable(report.file), finding.submission, hw::EngineName(finding.engine),
      scanner::BufferKindName(finding.kind), scanner::AddressText(finding.space, finding.segment),
      refusal.dword * 4, scanner::ActionName(refusal.action));
  if (!finding.register_name.empty()) {
    fmt::format_to(Out(*text), "    register {} (0x{:x}), dword {} of the command\n",
                   finding.register_name, refusal.reg, refusal.detail);
  }
  if (refusal.address != 0) {
    fmt::format_to(Out(*text), "    address 0x{:x}, dword {} of the command\n", refusal.address,
                   refusal.detail);
  }
  for (const Surrounding& item : finding.around) {
    std::string lines = item.text;
    for (size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) lines.insert(at, "    ");
    fmt::format_to(Out(*text), "{}{}{}", item.refused ? c.red : c.dim, lines, c.off);
  }
}

void AppendFindings(const FileReport& report, const TextOptions& options, std::string* text) {
  const size_t kept = report.findings.size();
  const size_t shown = options.verbose ? kept : std::min(kept, kFindingsShown);
  for (size_t i = 0; i < shown; ++i) AppendFinding(report, report.findings[i], options, text);
  const uint64_t all = report.Total().walk.refusals;
  if (all > shown) {
    fmt::format_to(Out(*text), "\n  {} more refusals{}\n", Grouped(all - shown),
                   shown < kept ? ", -v shows more" : "");
  }
}

void AppendProblems(const FileReport& report, const TextOptions& options, std::string* text) {
  for (size_t i = 1; i < report.problems.size(); ++i) {
    if (report.problems[i] == 0) continue;
    const auto problem = static_cast<capture::SubmissionProblem>(i);
    fmt::format_to(Out(*text), "  {}{} submission{} not audited: {}{}\n", options.colours.red,
                   Grouped(report.problems[i]), report.problems[i] == 1 ? "" : "s",
                   capture::ProblemName(problem), options.colours.off);
  }
}

void AppendComparison(const FileReport& report, const TextOptions& options, std::string* text) {
  if (!report.comparison) return;
  const Comparison& both = *report.comparison;
  if (both.differences == 0) {
    fmt::format_to(Out(*text), "  both scanners say the same of {} segments\n",
                   Grouped(both.segments));
    return;
  }
  fmt::format_to(Out(*text), "  {}scanners differ on {} of {} segments, first on that at {:#x}{}\n",
                 options.colours.red, Grouped(both.differences), Grouped(both.segments),
                 both.first_difference.value, options.colours.off);
}

std::string Verdict(const FileReport& report, const TextOptions& options) {
  const Colours& c = options.colours;
  const uint64_t refusals = report.Total().walk.refusals;
  if (report.error) {
    return fmt::format("  {}error: {}{}\n", c.red, Printable(report.error->Message()), c.off);
  }
  if (refusals != 0) return fmt::format("  {}{} refused{}\n", c.red, Grouped(refusals), c.off);
  if (report.Unscanned() != 0 || report.Differences() != 0) return {};
  return fmt::format("  {}clean{}\n", c.green, c.off);
}

}  // namespace

std::string FileText(const FileReport& report, const TextOptions& options) {
  const Colours& c = options.colours;
  std::string text = fmt::format("{}{}{}\n", c.bold, Printable(report.file), c.off);
  if (report.info) {
    fmt::format_to(Out(text), "  {}\n  {} stored, {} uncompressed, {} of pages\n",
                   OriginText(report), ByteSize(report.progress.input_bytes),
                   ByteSize(report.progress.stream_bytes), ByteSize(report.live_bytes_peak));
    text += EngineTable(report.engines).Text(2, c);
    AppendTopCommands(report, options, &text);
    AppendProblems(report, options, &text);
    AppendFindings(report, options, &text);
    AppendComparison(report, options, &text);
  }
  text += Verdict(report, options);
  if (options.verbose && report.info) {
    const EngineReport total = report.Total();
    const WalkSums sums = SumsOf(total.walk);
    fmt::format_to(Out(text),
                   "  context: {} images audited, {} unchanged since, {} commands; "
                   "spinners met: {}\n"
                   "  time: reading {}, scanning {}, statistics {}\n",
                   Grouped(sums.context_images), Grouped(total.images_unchanged),
                   Grouped(sums.context_commands), Grouped(total.walk.cycles),
                   Seconds(report.times.read), Seconds(report.times.scan),
                   Seconds(report.times.statistics));
  }
  return text;
}

std::string TotalText(const std::vector<FileReport>& reports, double wall_seconds,
                      const TextOptions& options) {
  const Colours& c = options.colours;
  const ScanTotal total = TotalOf(reports);
  const WalkSums sums = SumsOf(total.walk.walk);
  const ScanTimes& times = total.times;
  const double all_time = times.read + times.scan + times.statistics;
  const uint64_t commands = sums.ring_commands + sums.batch_commands + sums.context_commands;
  const uint64_t bytes = sums.ring_bytes + sums.batch_bytes + sums.context_bytes;

  std::string text = fmt::format("{}total of {} file{}{}\n", c.bold, Grouped(total.files),
                                 total.files == 1 ? "" : "s", c.off);
  TextTable engines = EngineTable(total.engines);
  AddEngineRow("all", total.walk, &engines);
  text += engines.Text(2, c);
  fmt::format_to(Out(text), "  contexts: {} images audited, {} unchanged since, {} commands\n",
                 Grouped(sums.context_images), Grouped(total.walk.images_unchanged),
                 Grouped(sums.context_commands));

  TextTable time({"time", "seconds", "share", "throughput"});
  const auto row = [&](const char* name, double seconds, std::string throughput) {
    time.Add(
        {name, fmt::format("{:.3f}", seconds), Share(seconds, all_time), std::move(throughput)});
  };
  const auto rate = [](double amount, double seconds) {
    return seconds > 0 ? amount / seconds : 0.0;
  };
  row("read, decompress, rebuild pages", times.read,
      fmt::format("{:.0f} MB/s of capture",
                  rate(static_cast<double>(total.stream_bytes), times.read) / 1e6));
  row("copy and audit commands", times.scan,
      fmt::format("{:.1f} million commands/s, {:.0f} MB/s",
                  rate(static_cast<double>(commands), times.scan) / 1e6,
                  rate(static_cast<double>(bytes), times.scan) / 1e6));
  row("count for these tables", times.statistics, "");
  text += time.Text(2, c);
  fmt::format_to(Out(text), "  {} from start to end; {} of pages in the largest file\n",
                 Seconds(wall_seconds), ByteSize(total.live_bytes_peak));

  if (total.files_with_error != 0) {
    fmt::format_to(Out(text), "  {}{} of {} files could not be read to the end{}\n", c.red,
                   total.files_with_error, total.files, c.off);
  }
  if (total.unscanned != 0) {
    fmt::format_to(Out(text), "  {}{} submissions could not be audited{}\n", c.red,
                   Grouped(total.unscanned), c.off);
  }
  if (total.walk.walk.refusals != 0) {
    fmt::format_to(Out(text), "  {}{} refused: a guest may not do this{}\n", c.red,
                   Grouped(total.walk.walk.refusals), c.off);
  } else if (total.files_clean == total.files) {
    fmt::format_to(Out(text), "  {}clean: a guest may run every command of these streams{}\n",
                   c.green, c.off);
  }
  return text;
}

}  // namespace gvt::tools
