// Encodes a boundary trace into a sink.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "capture/boundary_trace.h"
#include "capture/byte_sink.h"

namespace gvt::capture {

// Events are encoded into a block and handed to the sink in blocks of about kBlockBytes that end
// between two events. Failure of the sink is kept: ok() turns false and nothing more is written.
// Thread rule: one thread.
class BoundaryTraceWriter {
 public:
  static constexpr size_t kBlockBytes = size_t{64} << 10;

  // `sink` outlives the writer. Writes the header.
  BoundaryTraceWriter(ByteSink* sink, const TraceHeader& header);
  BoundaryTraceWriter(const BoundaryTraceWriter&) = delete;
  BoundaryTraceWriter& operator=(const BoundaryTraceWriter&) = delete;

  // Appends an event. `event.data` may have at most kMaxTraceData bytes; members that its kind does
  // not name are ignored.
  void Append(const TraceEvent& event);
  // The same without a TraceEvent, for what comes often. `data` as above.
  void AppendStore(uint64_t address, std::span<const std::byte> data);
  void AppendContent(TraceEventKind kind, uint64_t reads_before, uint64_t address,
                     std::span<const std::byte> data);
  void AppendFailed(uint64_t reads_before, uint64_t address);
  void AppendClock(uint64_t delta_ns);
  void AppendInterrupt();

  // A read's answer is known only when its nested events have been appended. Between OpenRead and
  // CloseRead the block grows; CloseRead puts the read in front of them.
  void OpenRead() { read_at_ = block_.size(); }
  void CloseRead(uint8_t region, uint64_t address, std::span<const std::byte> data);

  // Hands on what is encoded. False: not all of the trace was stored.
  bool Flush();
  bool ok() const { return ok_; }

 private:
  static constexpr size_t kNoRead = ~size_t{0};

  void Byte(uint8_t value) { block_.push_back(std::byte{value}); }
  void Number(uint64_t value);
  void Data(std::span<const std::byte> data);
  void EndEvent();

  ByteSink* sink_;
  std::vector<std::byte> block_;
  size_t read_at_ = kNoRead;
  bool ok_ = true;
};

}  // namespace gvt::capture
