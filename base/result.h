// Result<T>: a value or an Error, without exceptions.
//
// Core folders are built with -fno-exceptions. A call that can fail for a reason outside our
// control (host error, capacity, a bad file) returns Result<T>; a bug is a GVT_CHECK
// (base/check.h); a guest fault is an ordinary value of its own type (scanner/verdict.h) and never
// an Error. Member names are those of std::expected, which neither GCC 12 nor clang 14 has.
//
// Thread rule: plain values, no sharing. Cost: Result of a word-sized T is 16 bytes and trivially
// copyable.
#pragma once

#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace gvt {

// What went wrong, in one word. The sentence for people is made by ErrorMessage().
enum class ErrorCode : uint8_t {
  kOk = 0,           // never stored in an Error
  kInvalidArgument,  // the caller's own value is out of range
  kNotFound,         // a file, object or mapping that was named does not exist
  kIo,               // the operating system refused; detail = errno
  kTruncated,        // input ended inside an item; detail = bytes or dwords missing
  kCorrupt,          // input contradicts its own format; detail = the offending value
  kUnsupported,      // well-formed, but not something this build handles; detail = the value
  kNoSpace,          // a named limit was reached; detail = the limit, in the unit of the site
  kBusy,             // would have to wait
};

// Where an error was made: one enumerator a place, so that a report from the field names the line's
// purpose, not its number.
using ErrorSite = uint16_t;

struct Error {
  ErrorCode code = ErrorCode::kOk;
  ErrorSite site = 0;
  uint32_t detail = 0;

  friend constexpr bool operator==(const Error&, const Error&) = default;
};
static_assert(sizeof(Error) == 8);

// Short lower-case noun of a code: "truncated", "corrupt", ... Never null.
const char* ErrorCodeName(ErrorCode code);

// A value of T or an Error. Reading the wrong side is a bug (GVT_CHECK), so test has_value() first.
template <typename T>
class [[nodiscard]] Result {
 public:
  static_assert(!std::is_reference_v<T> && !std::is_same_v<T, Error>);

  constexpr Result(T value)
      : value_(std::move(value)), has_value_(true) {}  // NOLINT(google-explicit-constructor)
  constexpr Result(Error error)
      : error_(error), has_value_(false) {}  // NOLINT(google-explicit-constructor)

  Result(const Result&) requires(std::is_trivially_copyable_v<T>) = default;
  Result& operator=(const Result&) requires(std::is_trivially_copyable_v<T>) = default;
  Result(Result&& other) noexcept requires(!std::is_trivially_copyable_v<T>)
      : has_value_(other.has_value_) {
    if (has_value_) {
      new (&value_) T(std::move(other.value_));
    } else {
      error_ = other.error_;
    }
  }
  Result& operator=(Result&&) = delete;
  ~Result() requires(std::is_trivially_destructible_v<T>) = default;
  ~Result() requires(!std::is_trivially_destructible_v<T>) {
    if (has_value_) value_.~T();
  }

  constexpr bool has_value() const { return has_value_; }
  constexpr explicit operator bool() const { return has_value_; }

  constexpr T& value() & {
    GVT_CHECK(has_value_, "caller tests has_value() first");
    return value_;
  }
  constexpr const T& value() const& {
    GVT_CHECK(has_value_, "caller tests has_value() first");
    return value_;
  }
  constexpr T&& value() && {
    GVT_CHECK(has_value_, "caller tests has_value() first");
    return std::move(value_);
  }
  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T&& operator*() && { return std::move(*this).value(); }
  constexpr T* operator->() { return &value(); }
  constexpr const T* operator->() const { return &value(); }

  constexpr Error error() const {
    GVT_CHECK(!has_value_, "caller tests has_value() first");
    return error_;
  }

 private:
  union {
    T value_;
    Error error_;
  };
  bool has_value_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  constexpr Result() = default;
  constexpr Result(Error error) : error_(error) {}  // NOLINT(google-explicit-constructor)

  constexpr bool has_value() const { return error_.code == ErrorCode::kOk; }
  constexpr explicit operator bool() const { return has_value(); }
  constexpr Error error() const {
    GVT_CHECK(!has_value(), "caller tests has_value() first");
    return error_;
  }

 private:
  Error error_;
};

static_assert(sizeof(Result<uint64_t>) == 16 && std::is_trivially_copyable_v<Result<uint64_t>>);

}  // namespace gvt
