// Streaming input with decompression.
//
// Two stages: stored bytes (from a descriptor or the caller's memory) and the stream made of them.
// The stream's unread part is always one contiguous view, so that callers parse headers and copy
// payloads without a buffer of their own.
//
// 1. view_ is the unread part of the stream that is in memory; offset_ counts what was taken before
// it.
// 2. Fill() moves the unread rest (always < kMaxPeekBytes, as only Peek fills while something is
// unread) to the front of
//    output_buffer_, so the buffer never grows.
// 3. After an error or the end, nothing is read again.
#include "capture/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace gvt::capture {
namespace {

constexpr size_t kInputBytes = size_t{64} << 10;
constexpr size_t kOutputBytes = size_t{256} << 10;
static_assert(ByteSource::kMaxPeekBytes < kOutputBytes);

// Moves `bytes`, which may lie inside `buffer`, to its front; returns how many.
size_t MoveToFront(std::span<const std::byte> bytes, std::vector<std::byte>& buffer) {
  if (!bytes.empty()) std::memmove(buffer.data(), bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace

FileResult<std::unique_ptr<ByteSource>> ByteSource::OpenFile(const std::string& path) {
  auto source = std::unique_ptr<ByteSource>(new ByteSource(path));
  const bool standard_input = path == "-";
  source->fd_ = standard_input ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (source->fd_ < 0) return source->MakeError(ErrorCode::kIo, 0, std::strerror(errno));
  struct stat status {};
  if (fstat(source->fd_, &status) == 0 && S_ISREG(status.st_mode)) {
    source->input_bytes_total_ = static_cast<uint64_t>(status.st_size);
  }
  source->input_buffer_.resize(kInputBytes);
  if (auto error = source->Start()) return *std::move(error);
  return source;
}

FileResult<std::unique_ptr<ByteSource>> ByteSource::OpenMemory(const std::string& name,
                                                               std::span<const std::byte> bytes) {
  auto source = std::unique_ptr<ByteSource>(new ByteSource(name));
  source->stored_ = bytes;
  source->input_ended_ = true;
  source->input_bytes_ = bytes.size();
  source->input_bytes_total_ = bytes.size();
  if (auto error = source->Start()) return *std::move(error);
  return source;
}

ByteSource::~ByteSource() {
  if (fd_ >= 0) close(fd_);
}

std::optional<FileError> ByteSource::Start() {
  // Magic bytes are at most six; a pipe may give them piecemeal, so the first read is repeated
  // until they are there.
  while (stored_.size() < 6 && !input_ended_) {
    if (!ReadInput() && error_) return error_;
  }
  const Compression compression = DetectCompression(stored_);
  if (compression == Compression::kNone) return std::nullopt;
  decompressor_ = MakeDecompressor(compression);
  if (decompressor_ == nullptr) {
    return MakeError(ErrorCode::kNoSpace, 0, "no memory for the decompressor");
  }
  return std::nullopt;
}

size_t ByteSource::Fail(ErrorCode code, size_t good, std::string reason) {
  ended_ = true;
  error_ = MakeError(code, offset_ + view_.size() + good, std::move(reason));
  return good;
}

FileError ByteSource::MakeError(ErrorCode code, uint64_t at, std::string reason) const {
  return FileError{code, name_, at, std::move(reason)};
}

bool ByteSource::ReadInput() {
  if (input_ended_) return false;
  const size_t kept = MoveToFront(stored_, input_buffer_);
  ssize_t got = 0;
  do {
    got = read(fd_, input_buffer_.data() + kept, input_buffer_.size() - kept);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    Fail(ErrorCode::kIo, 0, std::strerror(errno));
    return false;
  }
  if (got == 0) input_ended_ = true;
  stored_ = std::span<const std::byte>(input_buffer_).first(kept + static_cast<size_t>(got));
  input_bytes_ += static_cast<uint64_t>(got);
  return got > 0;
}

size_t ByteSource::Decompress(std::span<std::byte> out) {
  for (;;) {
    if (stored_.empty() && !input_ended_ && !ReadInput() && error_) return 0;
    size_t produced = 0;
    const DecodeStatus status = decompressor_->Decode(&stored_, input_ended_, out, &produced);
    switch (status) {
      case DecodeStatus::kMore: break;
      case DecodeStatus::kEnd: ended_ = true; return produced;
      case DecodeStatus::kTruncated:
        return Fail(ErrorCode::kTruncated, produced, "the compressed stream ends early");
      case DecodeStatus::kCorrupt:
        return Fail(ErrorCode::kCorrupt, produced, "the compressed stream is damaged");
      case DecodeStatus::kMemory:
        return Fail(ErrorCode::kNoSpace, produced,
                    "the compressed stream needs more than 512 MiB to decode");
    }
    if (produced != 0) return produced;
  }
}

bool ByteSource::FillStored() {
  // The stream is the stored bytes themselves: hand the whole block over as the view.
  if (stored_.empty() && !ReadInput()) {
    ended_ = true;
    return false;
  }
  view_ = std::exchange(stored_, {});
  return true;
}

bool ByteSource::Fill() {
  if (ended_) return false;
  if (decompressor_ == nullptr && view_.empty()) return FillStored();
  if (output_buffer_.empty()) output_buffer_.resize(kOutputBytes);
  const size_t kept = MoveToFront(view_, output_buffer_);
  view_ = std::span<const std::byte>(output_buffer_).first(kept);
  const std::span<std::byte> room = std::span(output_buffer_).subspan(kept);
  size_t got = 0;
  if (decompressor_ != nullptr) {
    got = Decompress(room);
  } else if (!stored_.empty() || ReadInput()) {
    got = std::min(room.size(), stored_.size());
    std::memcpy(room.data(), stored_.data(), got);
    stored_ = stored_.subspan(got);
  } else {
    ended_ = true;
  }
  view_ = std::span<const std::byte>(output_buffer_).first(kept + got);
  return got != 0;
}

std::span<const std::byte> ByteSource::Take(size_t max_bytes) {
  if (view_.empty() && !Fill()) return {};
  const auto taken = view_.first(std::min(max_bytes, view_.size()));
  view_ = view_.subspan(taken.size());
  offset_ += taken.size();
  return taken;
}

std::span<const std::byte> ByteSource::Peek(size_t bytes) {
  GVT_CHECK(bytes <= kMaxPeekBytes, "callers peek at headers of a size they fixed");
  while (view_.size() < bytes && Fill()) {
  }
  return view_.first(std::min(bytes, view_.size()));
}

size_t ByteSource::Read(std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    const auto piece = Take(out.size() - done);
    if (piece.empty()) break;
    std::memcpy(out.data() + done, piece.data(), piece.size());
    done += piece.size();
  }
  return done;
}

uint64_t ByteSource::Skip(uint64_t bytes) {
  uint64_t done = 0;
  while (done < bytes) {
    const uint64_t left = bytes - done;
    const auto piece = Take(left < kOutputBytes ? static_cast<size_t>(left) : kOutputBytes);
    if (piece.empty()) break;
    done += piece.size();
  }
  return done;
}

}  // namespace gvt::capture
