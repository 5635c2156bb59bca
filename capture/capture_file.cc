// Detection of the kind of a capture.
//
// The first dword decides: an AUB packet header has its three top bits set, which no text in ASCII
// has at that place; an error state is text. Raw dwords could be anything, so they are only read as
// such when the caller says so.
#include "capture/capture_file.h"

#include <algorithm>
#include <utility>

#include "capture/aub_reader.h"
#include "capture/byte_source.h"
#include "capture/error_state_reader.h"
#include "capture/raw_batch_reader.h"

namespace gvt::capture {
namespace {

bool IsText(std::span<const std::byte> head) {
  return std::all_of(head.begin(), head.end(), [](std::byte byte) {
    const auto c = static_cast<unsigned char>(byte);
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
  });
}

template <typename Reader>
CaptureFileResult OpenWith(std::unique_ptr<ByteSource> source, const CaptureOptions& options) {
  auto reader = Reader::Open(std::move(source), options);
  if (!reader) return reader.error();
  return CaptureFileResult(std::move(reader).value());
}

CaptureFileResult OpenSource(FileResult<std::unique_ptr<ByteSource>> opened,
                             const CaptureOptions& options) {
  if (!opened) return opened.error();
  std::unique_ptr<ByteSource> source = std::move(opened).value();
  if (options.raw) return OpenWith<RawBatchReader>(std::move(source), options);
  constexpr size_t kHeadBytes = 4;
  const auto head = source->Peek(kHeadBytes);
  if (head.size() < kHeadBytes) {
    if (source->error()) return *source->error();
    return source->MakeError(ErrorCode::kTruncated, 0, "the file is empty or shorter than a dword");
  }
  if ((head[3] & std::byte{0xe0}) == std::byte{0xe0}) {
    return OpenWith<AubReader>(std::move(source), options);
  }
  if (IsText(head)) return OpenWith<ErrorStateReader>(std::move(source), options);
  return source->MakeError(ErrorCode::kUnsupported, 0,
                           "neither an AUB file nor an i915 error state");
}

}  // namespace

std::string_view CaptureKindName(CaptureKind kind) {
  switch (kind) {
    case CaptureKind::kAub: return "AUB";
    case CaptureKind::kErrorState: return "error state";
    case CaptureKind::kRawBatch: return "raw batch";
  }
  return "unknown";
}

CaptureFileResult OpenCapture(const std::string& path, const CaptureOptions& options) {
  return OpenSource(ByteSource::OpenFile(path), options);
}

CaptureFileResult OpenCaptureMemory(const std::string& name, std::span<const std::byte> bytes,
                                    const CaptureOptions& options) {
  return OpenSource(ByteSource::OpenMemory(name, bytes), options);
}

}  // namespace gvt::capture
