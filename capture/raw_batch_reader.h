// A file of plain dwords, taken as one batch: `gvtcore scan --raw`, crash inputs, batches cut out
// of other tools.
#pragma once

#include <memory>
#include <optional>

#include "capture/byte_source.h"
#include "capture/capture_file.h"
#include "capture/flat_memory.h"

namespace gvt::capture {

class RawBatchReader final : public CaptureFile {
 public:
  // Reads the whole file. options.raw and options.platform are set. Errors: kUnsupported (no
  // platform, or the batch does not fit the address space), kTruncated (empty, or not a multiple of
  // 4 bytes), kNoSpace (object_bytes_limit, live_bytes_limit), and those of the source.
  static FileResult<std::unique_ptr<RawBatchReader>> Open(std::unique_ptr<ByteSource> source,
                                                          const CaptureOptions& options);

  const CaptureInfo& info() const override { return info_; }
  NextResult NextSubmission(Submission* submission) override;
  const FlatMemory& memory() const override { return memory_; }
  const std::optional<FileError>& error() const override { return error_; }
  CaptureProgress progress() const override;

 private:
  RawBatchReader(std::unique_ptr<ByteSource> source, uint64_t live_bytes_limit)
      : source_(std::move(source)), memory_(live_bytes_limit) {}
  std::optional<FileError> Load(const RawBatchOptions& raw, uint64_t size_limit);

  std::unique_ptr<ByteSource> source_;
  FlatMemory memory_;
  CaptureInfo info_;
  Submission submission_;
  bool yielded_ = false;
  std::optional<FileError> error_;  // always nullopt: Open reads everything
};

}  // namespace gvt::capture
