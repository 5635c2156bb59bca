// Fuzz target: pages and rings written as an AUB file and read back.
//
// Property: the reader yields one submission for each that was written, and shows the pages of the
// PPGTT as they were written.
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "capture/aub_writer.h"
#include "capture/byte_sink.h"
#include "capture/capture_file.h"
#include "fuzz/capture_checks.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/walk_input.h"

namespace gvt::fuzz {
namespace {

using PageBytes = std::array<std::byte, kPageSize>;

PageBytes BytesOf(const WalkPage& page) {
  PageBytes bytes{};
  if (!page.dwords.empty()) {
    std::memcpy(bytes.data(), page.dwords.data(), page.dwords.size() * sizeof(uint32_t));
  }
  return bytes;
}

Gma AddressOf(const WalkPage& page) {
  return Gma(page.number << kPageShift);
}

// Each page is written and submitted: PPGTT pages as a batch, GGTT pages as the content of a ring.
// Returns the number of submissions.
uint64_t WriteFile(const WalkInput& input, capture::ByteSink* sink) {
  capture::AubWriterOptions options;
  options.platform = input.platform;
  capture::AubWriter writer(sink, options);
  const auto context = writer.CreateContext(input.workload.engine);
  if (!context) return 0;
  uint64_t submissions = 0;
  for (const WalkPage& page : input.pages) {
    if (page.space == hw::AddressSpace::kPpgtt) {
      if (!writer.Map(AddressOf(page), kPageSize)) continue;
      if (!writer.Write(AddressOf(page), BytesOf(page))) continue;
      submissions += writer.SubmitBatch(*context, AddressOf(page)) ? 1u : 0u;
    } else {
      submissions += writer.SubmitRing(*context, page.dwords) ? 1u : 0u;
    }
  }
  Require(writer.ok(), "writing to memory does not fail");
  return submissions;
}

// The page that the file showed last at this place.
bool IsLatest(const WalkInput& input, size_t index) {
  const WalkPage& page = input.pages[index];
  return std::none_of(
      input.pages.begin() + static_cast<std::ptrdiff_t>(index) + 1, input.pages.end(),
      [&](const WalkPage& p) { return p.space == page.space && p.number == page.number; });
}

void Run(const WalkInput& input) {
  capture::VectorSink sink;
  const uint64_t written = WriteFile(input, &sink);
  capture::CaptureOptions options;
  options.platform = input.platform;
  auto file = capture::OpenCaptureMemory("input", sink.bytes(), options);
  Require(file.has_value(), "a written file can be opened");
  capture::Submission submission;
  for (uint64_t i = 0; i < written; ++i) {
    Require((*file)->NextSubmission(&submission) == capture::NextResult::kSubmission &&
                submission.problem == capture::SubmissionProblem::kNone &&
                submission.engine == input.workload.engine,
            "every written submission is read");
  }
  if (written == 0) return;
  for (size_t i = 0; i < input.pages.size(); ++i) {
    const WalkPage& page = input.pages[i];
    if (page.space != hw::AddressSpace::kPpgtt || !IsLatest(input, i)) continue;
    PageBytes bytes;
    const size_t got = (*file)->memory().Read(page.space, AddressOf(page), bytes);
    Require(got == bytes.size() && bytes == BytesOf(page), "a written page is read as written");
  }
  Require((*file)->NextSubmission(&submission) == capture::NextResult::kEnd,
          "nothing is read that was not written");
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = gvt::fuzz::ParseWalkInput(std::span(data, size));
  if (input && !input->pages.empty()) gvt::fuzz::Run(*input);
  return 0;
}
