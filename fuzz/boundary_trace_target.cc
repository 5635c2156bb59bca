// Fuzz target: boundary traces. Any bytes are a file: it is read, and what it says is done on a
// device. Properties: it ends, inside its limits; an error has its place in the file; the events
// that were done are not more than there were; and a second replay says the same.
#include <span>

#include "capture/boundary_trace_reader.h"
#include "core/replayer.h"
#include "fuzz/fuzz_target.h"

namespace gvt::fuzz {
namespace {

core::ReplayResult ReplayBytes(std::span<const std::byte> bytes) {
  core::ReplayResult result;
  auto source = capture::ByteSource::OpenMemory("input", bytes);
  if (!source) {
    result.error = source.error();
    return result;
  }
  auto reader = capture::BoundaryTraceReader::Open(std::move(source).value());
  if (!reader) {
    result.error = reader.error();
    return result;
  }
  core::ReplayOptions options;
  options.live_bytes_limit = uint64_t{1} << 20;
  return core::Replay(std::move(reader).value(), options);
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt;
  using fuzz::Require;
  const std::span bytes = std::as_bytes(std::span(data, size));
  const core::ReplayResult first = fuzz::ReplayBytes(bytes);
  if (first.error) {
    Require(!first.error->reason.empty(), "an error has a reason");
    Require(!first.difference, "the first of error and difference ends a replay");
  }
  Require(first.reads + first.writes + first.slices + first.stores <= first.events,
          "nothing is done twice");
  const core::ReplayResult second = fuzz::ReplayBytes(bytes);
  Require(first.events == second.events && first.same() == second.same(),
          "two replays are the same");
  return 0;
}
