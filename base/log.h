// Lines of text for whoever operates the host: what was refused, what failed.
//
// A line costs a guest nothing to cause, so every sink bounds how many it takes; nothing may depend
// on a line being seen.
#pragma once

#include <cstdint>

#include "base/event.h"

namespace gvt {

enum class LogLevel : uint8_t { kError = 0, kWarning = 1, kInfo = 2, kDebug = 3 };

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Whether a line would be taken now; one that is not counts as left out. Thread rule: any thread.
  virtual bool Takes(LogLevel level) = 0;
  // One line without a newline. Thread rule: any thread; no lock of a leaf is held.
  virtual void Write(LogLevel level, const char* text) = 0;
  // What the line is about; also if the line is not taken. Thread rule: as Write.
  virtual void Note(const Event& /*event*/) {}
};

// Bytes of a line, the terminating zero included; what is longer is cut.
inline constexpr int kMaxLogLine = 256;

// Notes the event, then printf to `sink`. Nothing is formatted if there is none, or it does not
// take the line.
[[gnu::format(printf, 4, 5)]] void Log(LogSink* sink, const Event& event, LogLevel level,
                                       const char* format, ...);

}  // namespace gvt
