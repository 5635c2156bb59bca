// A forward-only reader over a file or a block of memory, decompressed on the way if its magic
// bytes say so.
//
// Memory is constant: one buffer of the stored bytes, one of the decompressed ones, plus the
// decompressor's bounded state. Views point into those buffers (or straight into the caller's
// memory when nothing is compressed), so large payloads are copied once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/decompressor.h"
#include "capture/file_error.h"

namespace gvt::capture {

class ByteSource {
 public:
  // The largest Peek().
  static constexpr size_t kMaxPeekBytes = 4096;

  // Opens `path`, "-" = standard input. Errors: kIo with the text of errno.
  static FileResult<std::unique_ptr<ByteSource>> OpenFile(const std::string& path);
  // Over bytes that outlive the source; `name` stands for the file in errors.
  static FileResult<std::unique_ptr<ByteSource>> OpenMemory(const std::string& name,
                                                            std::span<const std::byte> bytes);

  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  ~ByteSource();

  // 1..max_bytes bytes, consumed; valid until the next call. Empty at the end of the stream and
  // after an error: test error().
  std::span<const std::byte> Take(size_t max_bytes);

  // Up to `bytes` (<= kMaxPeekBytes) without consuming; fewer only at the end or an error.
  std::span<const std::byte> Peek(size_t bytes);

  // Copies out.size() bytes; returns how many there were.
  size_t Read(std::span<std::byte> out);

  // Consumes up to `bytes`; returns how many there were.
  uint64_t Skip(uint64_t bytes);

  // Uncompressed bytes consumed.
  uint64_t offset() const { return offset_; }
  // Stored bytes consumed, and their total (0: unknown).
  uint64_t input_bytes() const { return input_bytes_; }
  uint64_t input_bytes_total() const { return input_bytes_total_; }
  const std::string& name() const { return name_; }

  // Why the stream ended early; nullopt at a proper end.
  const std::optional<FileError>& error() const { return error_; }
  // An error of the caller's at `at`, with this file's name.
  FileError MakeError(ErrorCode code, uint64_t at, std::string reason) const;

 private:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}

  std::optional<FileError> Start();
  // Appends at least one byte to the view, keeping what is unread; false at the end or an error.
  bool Fill();
  bool FillStored();
  size_t Decompress(std::span<std::byte> out);
  // More stored bytes into stored_; false at the end of the input or an error.
  bool ReadInput();
  // Ends the stream `good` bytes after the view with an error; returns `good`.
  size_t Fail(ErrorCode code, size_t good, std::string reason);

  std::string name_;
  int fd_ = -1;
  std::vector<std::byte> input_buffer_;  // files only
  std::span<const std::byte> stored_;    // read but not yet consumed, as stored
  bool input_ended_ = false;
  std::unique_ptr<Decompressor> decompressor_;  // nullptr: stored bytes are the stream
  std::vector<std::byte> output_buffer_;  // decompressed; or a joined view for Peek across buffers
  std::span<const std::byte> view_;       // the stream's next bytes
  bool ended_ = false;
  uint64_t offset_ = 0;
  uint64_t input_bytes_ = 0;
  uint64_t input_bytes_total_ = 0;
  std::optional<FileError> error_;
};

}  // namespace gvt::capture
