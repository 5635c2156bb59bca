#include "capture/raw_batch_reader.h"

#include <string>
#include <utility>

namespace gvt::capture {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;

}  // namespace

FileResult<std::unique_ptr<RawBatchReader>> RawBatchReader::Open(std::unique_ptr<ByteSource> source,
                                                                 const CaptureOptions& options) {
  if (!options.raw || !options.platform) {
    return source->MakeError(ErrorCode::kUnsupported, 0, "a raw batch needs a platform");
  }
  auto reader = std::unique_ptr<RawBatchReader>(
      new RawBatchReader(std::move(source), options.live_bytes_limit));
  reader->info_.kind = CaptureKind::kRawBatch;
  reader->info_.platform = *options.platform;
  if (auto error = reader->Load(*options.raw, options.object_bytes_limit)) return *std::move(error);
  return reader;
}

std::optional<FileError> RawBatchReader::Load(const RawBatchOptions& raw, uint64_t size_limit) {
  const Gma start = MaskGma(raw.start.value);
  for (;;) {
    const uint64_t at = source_->offset();
    const auto piece = source_->Take(kPieceBytes);
    if (piece.empty()) break;
    if (source_->offset() > size_limit) {
      return source_->MakeError(
          ErrorCode::kNoSpace, at,
          "the object limit of " + std::to_string(size_limit) + " bytes is reached");
    }
    switch (memory_.Write(raw.engine, raw.space, start + at, piece)) {
      case FlatMemory::WriteStatus::kOk: break;
      case FlatMemory::WriteStatus::kNoSpace:
        return source_->MakeError(ErrorCode::kNoSpace, at,
                                  "the live pages limit of " +
                                      std::to_string(memory_.image().live_bytes_limit()) +
                                      " bytes is reached");
      case FlatMemory::WriteStatus::kOutOfRange:
        return source_->MakeError(ErrorCode::kUnsupported, at,
                                  "the batch does not fit its address space");
    }
  }
  if (source_->error()) return source_->error();
  const uint64_t size = source_->offset();
  if (size == 0 || size % 4 != 0 || start.value % 4 != 0) {
    return source_->MakeError(ErrorCode::kTruncated, size,
                              "a raw batch is whole dwords, one at least, at a dword address");
  }
  submission_.engine = raw.engine;
  submission_.kind = SubmissionKind::kBatch;
  submission_.addressing = AddressingMode::kFlatObjects;
  submission_.batch = {raw.space, start, size};
  return std::nullopt;
}

NextResult RawBatchReader::NextSubmission(Submission* submission) {
  if (std::exchange(yielded_, true)) return NextResult::kEnd;
  memory_.SelectEngine(submission_.engine);
  *submission = submission_;
  return NextResult::kSubmission;
}

CaptureProgress RawBatchReader::progress() const {
  return {source_->input_bytes(), source_->input_bytes_total(), source_->offset(),
          memory_.image().live_bytes()};
}

}  // namespace gvt::capture
