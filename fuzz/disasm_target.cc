// Fuzz target: the disassembler over any dwords, and the same dwords as a raw batch file.
//
// Properties: commands follow each other without gap and cover the stream; output is bounded by
// kMaxFields and one line of raw dwords a field; what a raw file holds is what its memory shows.
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "capture/decompressor.h"
#include "capture/gpu_memory.h"
#include "fuzz/capture_checks.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/scan_input.h"
#include "scanner/disassembler.h"

namespace gvt::fuzz {
namespace {

constexpr size_t kMaxDwords = 1u << 14;

class CommandChecker final : public scanner::DisasmSink {
 public:
  explicit CommandChecker(const ScanInput& input) : input_(input) {}

  void OnCommand(const scanner::Command& command, const std::vector<std::string>& fields) override {
    Require(command.position == next_, "commands follow each other without gap");
    Require(command.address.value ==
                    MaskGma(input_.start.value + uint64_t{command.position} * 4).value ||
                command.address.value == input_.start.value + uint64_t{command.position} * 4,
            "a command has the address of its header");
    Require(!command.dwords.empty() && command.dwords.size() <= command.length,
            "a command has at least its header and at most its length");
    Require(fields.size() <= scanner::kMaxFields + 4, "the fields of a command are bounded");
    Require(!scanner::CommandName(command).empty(), "every command has a name");
    if (command.row != nullptr) {
      Require(!scanner::AllowedLengths(command.row->length).empty(), "every row has a length");
    }
    const std::string text = scanner::FormatCommand(command, fields, {});
    Require(text.ends_with('\n'), "a command is whole lines");
    next_ += static_cast<uint32_t>(command.dwords.size());
  }

  uint32_t next() const { return next_; }

 private:
  const ScanInput& input_;
  uint32_t next_ = 0;
};

void CheckRawFile(const ScanInput& input) {
  capture::CaptureOptions options = SmallLimits();
  options.platform = input.platform;
  options.raw = capture::RawBatchOptions{input.engine, input.space, Gma(0x100000)};
  const auto bytes = std::as_bytes(std::span(input.dwords));
  CheckCapture(bytes, options);
  // Dwords that look like a compressed file are taken for one, as capture_file.h says.
  if (capture::DetectCompression(bytes) != capture::Compression::kNone) return;
  auto file = capture::OpenCaptureMemory("input", bytes, options);
  capture::Submission submission;
  if (!file || (*file)->NextSubmission(&submission) != capture::NextResult::kSubmission) return;
  std::vector<uint32_t> copy(input.dwords.size());
  const size_t got = (*file)->memory().Read(submission.batch.space, submission.batch.start,
                                            std::as_writable_bytes(std::span(copy)));
  Require(got == bytes.size() && copy == input.dwords, "a raw batch is the file's dwords");
}

void Run(const ScanInput& input) {
  CommandChecker checker(input);
  scanner::Disassemble({input.platform, input.engine}, input.dwords, input.start, checker);
  Require(checker.next() == input.dwords.size(), "the commands cover the stream");
  CheckRawFile(input);
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = gvt::fuzz::ParseScanInput(std::span(data, size));
  if (input && input->dwords.size() <= gvt::fuzz::kMaxDwords) gvt::fuzz::Run(*input);
  return 0;
}
