// Reads a boundary trace, plain or compressed, event by event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "capture/boundary_trace.h"
#include "capture/byte_source.h"

namespace gvt::capture {

// True iff the stream begins as a boundary trace does. Consumes nothing.
bool IsBoundaryTrace(ByteSource& source);

class BoundaryTraceReader {
 public:
  // Takes the source and reads the header. Errors: those of the source; kCorrupt (not a trace),
  // kTruncated, kUnsupported (another version).
  static FileResult<std::unique_ptr<BoundaryTraceReader>> Open(std::unique_ptr<ByteSource> source);

  const TraceHeader& header() const { return header_; }

  // The next event. False: the trace ends here, or error(). Every event that is given has members
  // within their ranges: region and engine exist, address + length does not wrap, data is not
  // larger than kMaxTraceData and, of a page, is one. Memory: one event.
  bool Next(TraceEvent* event);
  // Events given so far; the last one's number, counted from 1.
  uint64_t sequence() const { return sequence_; }
  // The trace ended by an event that says so. It does not if its recorder was killed.
  bool finished() const { return finished_; }
  const std::optional<FileError>& error() const { return error_; }
  // "the file's name: offset N" of an error that the caller finds in the last event.
  FileError MakeError(ErrorCode code, std::string reason) const;

 private:
  explicit BoundaryTraceReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  std::optional<FileError> ReadHeader();
  bool Byte(uint8_t* value);
  bool Number(uint64_t* value);
  bool Data(std::vector<std::byte>* data);
  bool Fail(ErrorCode code, std::string reason);
  bool ReadMembers(TraceEvent* event);
  bool ReadRegion(TraceEvent* event);
  bool IsSound(const TraceEvent& event) const;

  std::unique_ptr<ByteSource> source_;
  TraceHeader header_;
  uint64_t sequence_ = 0;
  uint64_t event_offset_ = 0;
  bool finished_ = false;
  bool ended_ = false;
  std::optional<FileError> error_;
};

}  // namespace gvt::capture
