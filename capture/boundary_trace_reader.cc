// Invariants: 1. nothing is allocated by a number that the file states before the number was
// compared with its limit; 2. after the end or an error nothing is read again; 3. an error names
// the offset of the event that it is in.
//
// Cost: a copy of the event's data.
#include "capture/boundary_trace_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/address.h"
#include "hw/platform.h"

namespace gvt::capture {
namespace {

constexpr size_t kHeaderWords = 10;

bool IsRegion(uint8_t region) {
  return region == 0 || region == 2 || region == 4 || region == 7;
}

}  // namespace

bool IsBoundaryTrace(ByteSource& source) {
  const auto head = source.Peek(kTraceMagic.size());
  return head.size() == kTraceMagic.size() &&
         std::memcmp(head.data(), kTraceMagic.data(), head.size()) == 0;
}

FileResult<std::unique_ptr<BoundaryTraceReader>> BoundaryTraceReader::Open(
    std::unique_ptr<ByteSource> source) {
  std::unique_ptr<BoundaryTraceReader> reader(new BoundaryTraceReader(std::move(source)));
  if (auto error = reader->ReadHeader()) return *std::move(error);
  return reader;
}

std::optional<FileError> BoundaryTraceReader::ReadHeader() {
  if (!IsBoundaryTrace(*source_)) {
    if (source_->error()) return source_->error();
    return source_->MakeError(ErrorCode::kCorrupt, 0, "not a boundary trace");
  }
  source_->Skip(kTraceMagic.size());
  std::array<uint32_t, kHeaderWords> words{};
  if (source_->Read(std::as_writable_bytes(std::span(words))) != sizeof words) {
    if (source_->error()) return source_->error();
    return source_->MakeError(ErrorCode::kTruncated, source_->offset(), "the header ends early");
  }
  if (words[0] != kTraceVersion) {
    return source_->MakeError(ErrorCode::kUnsupported, kTraceMagic.size(),
                              "version " + std::to_string(words[0]) + " of the format");
  }
  header_.foreign = (words[1] & 1) != 0;
  header_.scan = (words[1] & 2) != 0;
  header_.pci_device_id = words[2];
  header_.aperture_mib = words[3];
  header_.low_gm_base_mib = words[4];
  header_.low_gm_mib = words[5];
  header_.high_gm_base_mib = words[6];
  header_.high_gm_mib = words[7];
  header_.fence_count = words[8];
  return std::nullopt;
}

FileError BoundaryTraceReader::MakeError(ErrorCode code, std::string reason) const {
  return source_->MakeError(code, event_offset_, std::move(reason));
}

bool BoundaryTraceReader::Fail(ErrorCode code, std::string reason) {
  error_ = source_->error() ? *source_->error() : MakeError(code, std::move(reason));
  return false;
}

bool BoundaryTraceReader::Byte(uint8_t* value) {
  const auto piece = source_->Take(1);
  if (piece.empty()) return Fail(ErrorCode::kTruncated, "the trace ends inside an event");
  *value = std::to_integer<uint8_t>(piece[0]);
  return true;
}

bool BoundaryTraceReader::Number(uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t piece = 0;
    if (!Byte(&piece)) return false;
    if (shift == 63 && piece > 1) break;
    *value |= uint64_t{piece & 0x7fu} << shift;
    if ((piece & 0x80) == 0) return true;
  }
  return Fail(ErrorCode::kCorrupt, "a number of more than 64 bits");
}

bool BoundaryTraceReader::Data(std::vector<std::byte>* data) {
  uint64_t size = 0;
  if (!Number(&size)) return false;
  if (size > kMaxTraceData) {
    return Fail(ErrorCode::kCorrupt, "an event with " + std::to_string(size) + " bytes of data");
  }
  data->resize(static_cast<size_t>(size));
  if (source_->Read(*data) == data->size()) return true;
  return Fail(ErrorCode::kTruncated, "the trace ends inside an event");
}

bool BoundaryTraceReader::ReadRegion(TraceEvent* event) {
  if (!Byte(&event->region)) return false;
  if (IsRegion(event->region)) return true;
  return Fail(ErrorCode::kCorrupt, "region " + std::to_string(event->region));
}

bool BoundaryTraceReader::ReadMembers(TraceEvent* event) {
  uint64_t digest = 0;
  switch (event->kind) {
    case TraceEventKind::kRead:
    case TraceEventKind::kWrite:
      return ReadRegion(event) && Number(&event->address) && Data(&event->data);
    case TraceEventKind::kSlice: return Byte(&event->engine) && Number(&event->value);
    case TraceEventKind::kSliceEnd:
      if (!Number(&event->value) || !Number(&digest)) return false;
      if (digest > UINT32_MAX) return Fail(ErrorCode::kCorrupt, "a digest of more than 32 bits");
      event->digest = static_cast<uint32_t>(digest);
      return true;
    case TraceEventKind::kMemoryAdd:
      return Number(&event->address) && Number(&event->length) && Number(&event->value);
    case TraceEventKind::kMemoryRemove: return Number(&event->address) && Number(&event->length);
    case TraceEventKind::kTolerance:
      return ReadRegion(event) && Number(&event->address) && Number(&event->length) &&
             Data(&event->data);
    case TraceEventKind::kClock: return Number(&event->value);
    case TraceEventKind::kPage:
    case TraceEventKind::kPatch:
      return Number(&event->value) && Number(&event->address) && Data(&event->data);
    case TraceEventKind::kStore: return Number(&event->address) && Data(&event->data);
    case TraceEventKind::kFailed: return Number(&event->value) && Number(&event->address);
    case TraceEventKind::kEnd:
    case TraceEventKind::kReset:
    case TraceEventKind::kInterrupt: return true;
  }
  return Fail(ErrorCode::kCorrupt,
              "an event of kind " + std::to_string(static_cast<unsigned>(event->kind)));
}

bool BoundaryTraceReader::IsSound(const TraceEvent& event) const {
  const uint64_t size = std::max<uint64_t>(event.length, event.data.size());
  if (event.address + size < event.address) return false;
  switch (event.kind) {
    case TraceEventKind::kRead:
    case TraceEventKind::kWrite:
    case TraceEventKind::kPatch:
    case TraceEventKind::kStore: return !event.data.empty();
    case TraceEventKind::kPage:
      return event.data.size() == kPageSize && event.address % kPageSize == 0;
    case TraceEventKind::kSlice: return event.engine < hw::kEngineCount;
    case TraceEventKind::kMemoryAdd:
    case TraceEventKind::kMemoryRemove:
      return event.length != 0 && event.address % kPageSize == 0 && event.length % kPageSize == 0;
    default: return true;
  }
}

bool BoundaryTraceReader::Next(TraceEvent* event) {
  if (ended_) return false;
  ended_ = true;
  event_offset_ = source_->offset();
  const auto first = source_->Take(1);
  if (first.empty()) {
    error_ = source_->error();
    return false;
  }
  std::vector<std::byte> data = std::move(event->data);
  data.clear();
  *event = TraceEvent{};
  event->data = std::move(data);
  event->kind = static_cast<TraceEventKind>(first[0]);
  if (!ReadMembers(event)) return false;
  if (!IsSound(*event)) {
    return Fail(ErrorCode::kCorrupt,
                "members of \"" + std::string(TraceEventName(event->kind)) + "\" out of range");
  }
  ++sequence_;
  finished_ = event->kind == TraceEventKind::kEnd;
  ended_ = finished_;
  return true;
}

}  // namespace gvt::capture
