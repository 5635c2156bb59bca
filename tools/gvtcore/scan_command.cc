// gvtcore scan: files in parallel, reports in the order of the command line.
//
// Each file is scanned by one thread; nothing is shared but the settings, which nobody writes. So
// the counts of a file do not depend on how many threads there are.
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/gvtcore/audit_diff.h"
#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/file_options.h"
#include "tools/gvtcore/policy_file.h"
#include "tools/gvtcore/progress.h"
#include "tools/gvtcore/report_json.h"
#include "tools/gvtcore/report_text.h"
#include "tools/gvtcore/report_total.h"
#include "tools/gvtcore/scan_file.h"

namespace gvt::tools {
namespace {

struct ScanOptions {
  FileOptions input;
  std::string policy_file;
  std::string scanner = ScannerName(Scanner::kRecall);
  bool audit_only = false;
  bool json = false;
  bool verbose = false;
  int threads = 0;  // 0: one a core
};

constexpr const char* kFooter = R"(Examples:
  gvtcore scan game.aub.xz
      A table an engine, the top commands, each refusal with the commands around it.
  gvtcore scan --json *.aub.xz | jq .total
      The same for programs; docs/json.md describes the keys.
  gvtcore scan --audit-only new-driver.aub.zst
      What the tables lack for a new driver, with a diff to add.
  gvtcore scan --scanner both game.aub.xz
      Every segment by both scanners, whose reports have to be equal.
  gvtcore scan --raw --platform skl --engine rcs --address 0x100000 batch.bin
      A file of plain dwords.

Exit status: 0 all clean, 1 something was refused or scanners differ, 2 a file or the command line is wrong.)";

std::vector<FileReport> ScanFiles(const std::vector<std::string>& files,
                                  const ScanSettings& settings, int threads,
                                  ProgressLine* progress) {
  std::vector<FileReport> reports(files.size());
  tbb::task_arena arena(threads > 0 ? threads : tbb::task_arena::automatic);
  arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<size_t>(0, files.size(), 1),
        [&](const tbb::blocked_range<size_t>& range) {
          for (size_t i = range.begin(); i < range.end(); ++i) {
            reports[i] = ScanFile(files[i], settings, progress->OfFile(i));
          }
        },
        tbb::simple_partitioner());
  });
  return reports;
}

void PrintText(const std::vector<FileReport>& reports, double seconds, const ScanOptions& options) {
  TextOptions text;
  text.colours = ColoursFor(STDOUT_FILENO);
  text.verbose = options.verbose;
  for (const FileReport& report : reports) fmt::print("{}\n", FileText(report, text));
  fmt::print("{}", TotalText(reports, seconds, text));
  if (!options.audit_only) return;
  const Needs needs = NeedsOf(reports);
  fmt::print("\n{}", NeedsText(needs, text.colours));
  const std::string diff = AuditDiff(needs);
  if (diff.empty()) return;
  fmt::print(
      "\n{}a diff to add{} (names, effects, addresses and privilege are to be looked up)\n{}",
      text.colours.bold, text.colours.off, diff);
}

int RunScan(const ScanOptions& options) {
  ScanSettings settings;
  settings.capture = options.input.ForCapture();
  settings.engine = options.input.OnlyEngine();
  for (size_t i = 0; i < kScannerCount; ++i) {
    const auto scanner = static_cast<Scanner>(i);
    if (options.scanner == ScannerName(scanner)) settings.scanner = scanner;
  }
  if (!options.policy_file.empty()) {
    try {
      settings.policy = ReadPolicyFile(options.policy_file);
    } catch (const PolicyError& error) {
      fmt::print(stderr, "gvtcore: {}\n", Printable(error.what()));
      return kExitError;
    }
  }
  settings.policy.audit_only = options.audit_only;

  ProgressLine progress(options.input.files);
  const auto begin = std::chrono::steady_clock::now();
  const auto reports = ScanFiles(options.input.files, settings, options.threads, &progress);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  progress.Stop();

  if (options.json) {
    fmt::print("{}", ReportJson(reports, wall.count(), options.audit_only));
  } else {
    PrintText(reports, wall.count(), options);
  }
  // On a terminal the report has just said so.
  const bool said = !options.json && isatty(STDOUT_FILENO) != 0;
  for (const FileReport& report : reports) {
    if (report.error && !said)
      fmt::print(stderr, "gvtcore: {}\n", Printable(report.error->Message()));
  }
  return ExitStatus(reports);
}

}  // namespace

void AddScanCommand(CommandLine* line) {
  auto options = std::make_shared<ScanOptions>();
  Command command = line->Add("scan", "Audit the command streams of captures");
  options->input.AddTo(&command);
  command.Add("--policy", &options->policy_file, "TOML file with windows and actions")
      .Named("FILE");
  command.Flag("--audit-only", &options->audit_only,
               "Go on behind refusals; list what a new driver would need, with a diff");
  command
      .Add("--scanner", &options->scanner,
           "Who audits: recall, as a vGPU has it; interpreter, the reference; both, compared")
      .Named("NAME")
      .OneOf({ScannerName(Scanner::kRecall), ScannerName(Scanner::kInterpreter),
              ScannerName(Scanner::kBoth)});
  command.Flag("--json", &options->json, "JSON on standard output");
  command.Add("--threads", &options->threads, "Files scanned at a time; default: the cores")
      .Named("N")
      .Between(1, 1024);
  command.Flag("-v,--verbose", &options->verbose, "All commands and refusals, times a file");
  command.Does(kFooter, [options] { return RunScan(*options); });
}

}  // namespace gvt::tools
