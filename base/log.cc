#include "base/log.h"

#include <cstdarg>
#include <cstdio>

namespace gvt {

void Log(LogSink* sink, const Event& event, LogLevel level, const char* format, ...) {
  if (sink == nullptr) return;
  sink->Note(event);
  if (!sink->Takes(level)) return;
  char text[kMaxLogLine];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length >= 0) sink->Write(level, text);
}

}  // namespace gvt
