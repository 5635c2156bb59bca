// Numbers are LEB128, so that what is small costs a byte. The block is bounded: it is handed on
// between events once it is full, and a read that is open nests a bounded number of them.
#include "capture/boundary_trace_writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace gvt::capture {

BoundaryTraceWriter::BoundaryTraceWriter(ByteSink* sink, const TraceHeader& header) : sink_(sink) {
  const std::array<uint32_t, 10> words = {
      kTraceVersion,           (header.foreign ? 1u : 0u) | (header.scan ? 2u : 0u),
      header.pci_device_id,    header.aperture_mib,
      header.low_gm_base_mib,  header.low_gm_mib,
      header.high_gm_base_mib, header.high_gm_mib,
      header.fence_count,      0,
  };
  const auto magic = std::as_bytes(std::span(kTraceMagic));
  const auto bytes = std::as_bytes(std::span(words));
  block_.resize(magic.size() + bytes.size());
  std::copy(bytes.begin(), bytes.end(), std::copy(magic.begin(), magic.end(), block_.begin()));
}

void BoundaryTraceWriter::Number(uint64_t value) {
  while (value >= 0x80) {
    Byte(static_cast<uint8_t>(value | 0x80));
    value >>= 7;
  }
  Byte(static_cast<uint8_t>(value));
}

void BoundaryTraceWriter::Data(std::span<const std::byte> data) {
  GVT_CHECK(data.size() <= kMaxTraceData, "recorders cut what they append at the limit");
  Number(data.size());
  block_.insert(block_.end(), data.begin(), data.end());
}

void BoundaryTraceWriter::EndEvent() {
  if (read_at_ == kNoRead && block_.size() >= kBlockBytes) Flush();
}

void BoundaryTraceWriter::Append(const TraceEvent& event) {
  Byte(static_cast<uint8_t>(event.kind));
  switch (event.kind) {
    case TraceEventKind::kRead:
    case TraceEventKind::kWrite:
      Byte(event.region);
      Number(event.address);
      Data(event.data);
      break;
    case TraceEventKind::kSlice:
      Byte(event.engine);
      Number(event.value);
      break;
    case TraceEventKind::kSliceEnd:
      Number(event.value);
      Number(event.digest);
      break;
    case TraceEventKind::kMemoryAdd:
      Number(event.address);
      Number(event.length);
      Number(event.value);
      break;
    case TraceEventKind::kMemoryRemove:
      Number(event.address);
      Number(event.length);
      break;
    case TraceEventKind::kTolerance:
      Byte(event.region);
      Number(event.address);
      Number(event.length);
      Data(event.data);
      break;
    case TraceEventKind::kClock: Number(event.value); break;
    case TraceEventKind::kPage:
    case TraceEventKind::kPatch:
      Number(event.value);
      Number(event.address);
      Data(event.data);
      break;
    case TraceEventKind::kStore:
      Number(event.address);
      Data(event.data);
      break;
    case TraceEventKind::kFailed:
      Number(event.value);
      Number(event.address);
      break;
    case TraceEventKind::kEnd:
    case TraceEventKind::kReset:
    case TraceEventKind::kInterrupt: break;
  }
  EndEvent();
}

void BoundaryTraceWriter::AppendStore(uint64_t address, std::span<const std::byte> data) {
  Byte(static_cast<uint8_t>(TraceEventKind::kStore));
  Number(address);
  Data(data);
  EndEvent();
}

void BoundaryTraceWriter::AppendContent(TraceEventKind kind, uint64_t reads_before,
                                        uint64_t address, std::span<const std::byte> data) {
  Byte(static_cast<uint8_t>(kind));
  Number(reads_before);
  Number(address);
  Data(data);
  EndEvent();
}

void BoundaryTraceWriter::AppendFailed(uint64_t reads_before, uint64_t address) {
  Byte(static_cast<uint8_t>(TraceEventKind::kFailed));
  Number(reads_before);
  Number(address);
  EndEvent();
}

void BoundaryTraceWriter::AppendClock(uint64_t delta_ns) {
  Byte(static_cast<uint8_t>(TraceEventKind::kClock));
  Number(delta_ns);
  EndEvent();
}

void BoundaryTraceWriter::AppendInterrupt() {
  Byte(static_cast<uint8_t>(TraceEventKind::kInterrupt));
  EndEvent();
}

void BoundaryTraceWriter::CloseRead(uint8_t region, uint64_t address,
                                    std::span<const std::byte> data) {
  const size_t nested_end = block_.size();
  Byte(static_cast<uint8_t>(TraceEventKind::kRead));
  Byte(region);
  Number(address);
  Data(data);
  const auto begin = block_.begin();
  std::rotate(begin + static_cast<ptrdiff_t>(read_at_), begin + static_cast<ptrdiff_t>(nested_end),
              block_.end());
  read_at_ = kNoRead;
  EndEvent();
}

bool BoundaryTraceWriter::Flush() {
  ok_ = ok_ && sink_->Write(block_);
  block_.clear();
  return ok_;
}

}  // namespace gvt::capture
