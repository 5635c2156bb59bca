// gvtcore disasm: what a capture's engines would run, as text, in the order of the walk.
//
// The walk is that of an audit-only scan, so that text goes on behind a refusal wherever the next
// command can be guessed; what a scan would refuse is marked with its rule.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "jit/make_engine.h"
#include "scanner/disassembler.h"
#include "scanner/rule.h"
#include "scanner/segment_walker.h"
#include "tools/common/capture_workload.h"
#include "tools/gvtcore/commands.h"
#include "tools/gvtcore/context_images.h"
#include "tools/gvtcore/file_options.h"
#include "tools/gvtcore/report_total.h"
#include "tools/gvtcore/text_table.h"

namespace gvt::tools {
namespace {

struct DisasmOptions {
  FileOptions input;
  int64_t submission = -1;  // -1: all
  bool context = false;
  bool no_ring = false;
};

constexpr const char* kFooter = R"(Examples:
  gvtcore disasm game.aub.xz | less
  gvtcore disasm --engine rcs --submission 12 --no-ring game.aub.xz
  gvtcore disasm --raw --platform kbl --engine bcs batch.bin

Exit status: 0 all would pass a scan, 1 something would be refused, 2 a file or the command line is
wrong.)";

// Prints the segments of a walk.
class SegmentPrinter final : public scanner::WalkObserver {
 public:
  SegmentPrinter(const DisasmOptions& options, hw::Platform platform, ContextImages* images)
      : options_(options),
        platform_(platform),
        images_(*images),
        colours_(ColoursFor(STDOUT_FILENO)) {}

  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    if (segment.kind == scanner::BufferKind::kContextImage) images_.Remember(segment, report);
    if (segment.kind == scanner::BufferKind::kRing && options_.no_ring) return;
    fmt::print("\n{}{} at {}{}: {} dwords in {} command{}, {}\n", colours_.bold,
               scanner::BufferKindName(segment.kind),
               scanner::AddressText(segment.space, segment.start), colours_.off, report.position,
               report.commands, report.commands == 1 ? "" : "s", EndText(report));
    PrintCommands(segment, report);
  }

 private:
  static std::string EndText(const scanner::ScanReport& report) {
    std::string text = scanner::SegmentEndName(report.end);
    const bool goes_on =
        report.end == scanner::SegmentEnd::kCall || report.end == scanner::SegmentEnd::kChain;
    if (goes_on) text += " to " + scanner::AddressText(report.target.space, report.target.address);
    return text;
  }

  void PrintCommands(const scanner::Segment& segment, const scanner::ScanReport& report) {
    const scanner::DisasmTarget target{platform_, segment.engine};
    // A command that ended the segment by a refusal lies behind report.position.
    const auto shown = report.end == scanner::SegmentEnd::kRefused
                           ? segment.dwords
                           : segment.dwords.first(report.position);
    scanner::CommandCursor cursor(platform_, segment.engine, shown, segment.start);
    scanner::Command command;
    size_t next = 0;  // refusal
    uint64_t noops = 0;
    while (cursor.Next(&command)) {
      const size_t first = next;
      while (next < report.refusals.size() && report.refusals[next].dword <= command.position) {
        ++next;
      }
      const bool plain_noop = command.header() == 0 && first == next;
      if (plain_noop && ++noops > 1) continue;
      PrintSkipped(plain_noop ? 0 : noops);
      if (!plain_noop) noops = 0;
      PrintCommand(target, command, std::span(report.refusals).subspan(first, next - first));
      if (command.position >= report.position) break;
    }
    PrintSkipped(noops);
    for (; next < report.refusals.size(); ++next) PrintRefusal(report.refusals[next]);
    if (report.refusal_count > report.refusals.size()) {
      fmt::print("{}> {} more refusals in this segment are not shown{}\n", colours_.red,
                 report.refusal_count - report.refusals.size(), colours_.off);
    }
  }

  void PrintSkipped(uint64_t noops) const {
    if (noops > 1) fmt::print("  {}... {} more MI_NOOP{}\n", colours_.dim, noops - 1, colours_.off);
  }

  void PrintCommand(const scanner::DisasmTarget& target, const scanner::Command& command,
                    std::span<const scanner::Refusal> refusals) const {
    scanner::DisasmStyle style;
    style.margin = refusals.empty() ? "  " : "> ";
    const std::string text = FormatCommand(command, CommandFields(target, command), style);
    if (refusals.empty()) {
      fmt::print("{}", text);
      return;
    }
    fmt::print("{}{}{}", colours_.red, text, colours_.off);
    for (const scanner::Refusal& refusal : refusals) PrintRefusal(refusal);
  }

  void PrintRefusal(const scanner::Refusal& refusal) const {
    fmt::print("{}> refused, {} (dword {}): {}{}\n", colours_.red, scanner::RuleName(refusal.rule),
               refusal.detail, scanner::RuleText(refusal.rule), colours_.off);
  }

  const DisasmOptions& options_;
  hw::Platform platform_;
  ContextImages& images_;
  Colours colours_;
};

void PrintSubmission(const capture::Submission& submission) {
  std::string text = fmt::format("submission {}, {}, file offset {}", submission.index,
                                 hw::EngineName(submission.engine), submission.file_offset);
  if (submission.has_context) {
    text += fmt::format(", context 0x{:x} at {}", submission.context_id,
                        scanner::AddressText(hw::AddressSpace::kGgtt, submission.lrca));
  }
  if (submission.problem != capture::SubmissionProblem::kNone) {
    text += fmt::format(", not followed: {}", capture::ProblemName(submission.problem));
  }
  fmt::print("\n{}\n{}\n", text, std::string(text.size(), '='));
}

// 0 clean or 1 refusals.
int DisassembleSubmission(const capture::Submission& submission, const capture::CaptureFile& file,
                          const DisasmOptions& options, scanner::SegmentWalker* walker,
                          ContextImages* images) {
  PrintSubmission(submission);
  if (submission.problem == capture::SubmissionProblem::kNothingToRun) return kExitClean;
  if (submission.problem != capture::SubmissionProblem::kNone) return kExitRefusals;
  CaptureSource source(file.memory());
  scanner::Workload workload = WorkloadOf(submission, file.memory(), file.info().platform);
  if (!options.context) {
    workload.context_image.reset();
  } else if (workload.context_image &&
             images->IsKnownClean(workload.engine, *workload.context_image, source)) {
    fmt::print("\ncontext image unchanged\n");
    workload.context_image.reset();
  }
  SegmentPrinter printer(options, file.info().platform, images);
  return walker->Walk(workload, source, &printer).refusals == 0 ? kExitClean : kExitRefusals;
}

int DisassembleFile(const std::string& path, const DisasmOptions& options) {
  auto opened = capture::OpenCapture(path, options.input.ForCapture());
  if (!opened) {
    fmt::print(stderr, "gvtcore: {}\n", Printable(opened.error().Message()));
    return kExitError;
  }
  capture::CaptureFile& file = **opened;
  scanner::Policy policy;
  policy.audit_only = true;
  const auto engine = jit::MakeScanEngine(file.info().platform, policy);
  scanner::SegmentWalker walker(*engine, policy);
  ContextImages images;
  int status = kExitClean;
  capture::Submission submission;
  capture::NextResult next = capture::NextResult::kEnd;
  while ((next = file.NextSubmission(&submission)) == capture::NextResult::kSubmission) {
    const auto only = options.input.OnlyEngine();
    const bool wanted =
        options.submission < 0 || submission.index == static_cast<uint64_t>(options.submission);
    if (!wanted || (only && submission.engine != *only)) continue;
    status = std::max(status, DisassembleSubmission(submission, file, options, &walker, &images));
    if (options.submission >= 0) break;
  }
  if (next == capture::NextResult::kError) {
    std::fflush(stdout);
    fmt::print(stderr, "gvtcore: {}\n", Printable(file.error()->Message()));
    return kExitError;
  }
  return status;
}

int RunDisasm(const DisasmOptions& options) {
  int status = kExitClean;
  for (const std::string& path : options.input.files) {
    if (options.input.files.size() > 1) fmt::print("\n{}\n", Printable(path));
    status = std::max(status, DisassembleFile(path, options));
  }
  return status;
}

}  // namespace

void AddDisasmCommand(CommandLine* line) {
  auto options = std::make_shared<DisasmOptions>();
  Command command = line->Add("disasm", "Print command streams as text");
  options->input.AddTo(&command);
  command.Add("--submission", &options->submission, "Only this submission, counted from 0")
      .Named("N")
      .NotNegative();
  command.Flag("--context", &options->context, "Also context images");
  command.Flag("--no-ring", &options->no_ring, "Leave the rings out");
  command.Does(kFooter, [options] { return RunDisasm(*options); });
}

}  // namespace gvt::tools
