// GVT_CHECK: the process stops because our own code is wrong.
//
// No guest-controlled value, file content or host answer may reach a check: those are values or
// Errors. The second argument says why that is so, and is printed when the check fails.
#pragma once

namespace gvt {

// Prints the failed condition with its reason to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const char* why);

}  // namespace gvt

#define GVT_CHECK(condition, why)                              \
  do {                                                         \
    if (!(condition)) [[unlikely]] {                           \
      ::gvt::CheckFailed(__FILE__, __LINE__, #condition, why); \
    }                                                          \
  } while (false)

// As GVT_CHECK, but only in builds without NDEBUG: for conditions that cost time on a hot path.
#ifdef NDEBUG
#define GVT_DCHECK(condition, why) \
  do {                             \
  } while (false)
#else
#define GVT_DCHECK(condition, why) GVT_CHECK(condition, why)
#endif

// Marks a function of a hot path; the line above it names the benchmark that watches it.
#define GVT_HOT [[gnu::hot]]
