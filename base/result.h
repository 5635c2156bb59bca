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

namespace internal {

// Either side of a Result, and which. For a trivially copyable T the compiler's own copy, move and
// destructor are the right ones. (Two structs, because clang 14 does not let a requires-clause
// choose among special members.)
template <typename T, bool kTrivial = std::is_trivially_copyable_v<T>>
struct ResultStorage {
  constexpr explicit ResultStorage(T v) : value(std::move(v)), has_value(true) {}
  constexpr explicit ResultStorage(Error e) : error(e), has_value(false) {}

  union {
    T value;
    Error error;
  };
  bool has_value;
};

template <typename T>
struct ResultStorage<T, false> {
  explicit ResultStorage(T v) : value(std::move(v)), has_value(true) {}
  explicit ResultStorage(Error e) : error(e), has_value(false) {}
  ResultStorage(ResultStorage&& other) noexcept : error(), has_value(other.has_value) {
    if (has_value) {
      new (&value) T(std::move(other.value));
    } else {
      error = other.error;
    }
  }
  ResultStorage& operator=(ResultStorage&&) = delete;
  ~ResultStorage() {
    if (has_value) value.~T();
  }

  union {
    T value;
    Error error;
  };
  bool has_value;
};

}  // namespace internal

// A value of T or an Error. Reading the wrong side is a bug (GVT_CHECK), so test has_value() first.
// Where T is not trivially copyable a Result can be moved into place, but neither copied nor
// assigned.
template <typename T>
class [[nodiscard]] Result {
 public:
  static_assert(!std::is_reference_v<T> && !std::is_same_v<T, Error>);

  // Implicit, so that `return value;` and `return Error{...};` both read as what they are.
  constexpr Result(T value) : storage_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  constexpr Result(Error error) : storage_(error) {}         // NOLINT(google-explicit-constructor)

  constexpr bool has_value() const { return storage_.has_value; }
  constexpr explicit operator bool() const { return has_value(); }

  constexpr T& value() & {
    GVT_CHECK(has_value(), "caller tests has_value() first");
    return storage_.value;
  }
  constexpr const T& value() const& {
    GVT_CHECK(has_value(), "caller tests has_value() first");
    return storage_.value;
  }
  constexpr T&& value() && {
    GVT_CHECK(has_value(), "caller tests has_value() first");
    return std::move(storage_.value);
  }
  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T&& operator*() && { return std::move(*this).value(); }
  constexpr T* operator->() { return &value(); }
  constexpr const T* operator->() const { return &value(); }

  constexpr Error error() const {
    GVT_CHECK(!has_value(), "caller tests has_value() first");
    return storage_.error;
  }

 private:
  internal::ResultStorage<T> storage_;
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
