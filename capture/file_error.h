// What is wrong with a file, told so that its owner can find the place: file, offset, reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/result.h"

namespace gvt::capture {

struct FileError {
  ErrorCode code = ErrorCode::kOk;  // kIo, kTruncated, kCorrupt, kUnsupported or kNoSpace
  std::string file;                 // as the caller named it
  uint64_t offset = 0;              // bytes from the start of the uncompressed stream
  std::string reason;               // lower-case sentence without a full stop

  // "FILE: offset N: truncated: REASON".
  std::string Message() const;
};

// A T or the FileError that prevented it. Reading the wrong side is a bug: test has_value() first.
template <typename T>
class [[nodiscard]] FileResult {
 public:
  FileResult(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  FileResult(FileError error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }
  T& value() & {
    GVT_CHECK(has_value(), "caller tests has_value() first");
    return *value_;
  }
  T&& value() && {
    GVT_CHECK(has_value(), "caller tests has_value() first");
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  T* operator->() { return &value(); }
  const FileError& error() const {
    GVT_CHECK(!has_value(), "caller tests has_value() first");
    return error_;
  }

 private:
  std::optional<T> value_;
  FileError error_;
};

}  // namespace gvt::capture
