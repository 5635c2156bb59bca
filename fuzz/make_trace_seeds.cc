// Boundary traces: one of each event, and a device that works a little.
#include <array>
#include <cstring>

#include "capture/boundary_trace_writer.h"
#include "fuzz/seed_writer.h"

namespace gvt::fuzz {
namespace {

using capture::TraceEvent;
using capture::TraceEventKind;

capture::TraceHeader SkylakeHeader(bool foreign) {
  capture::TraceHeader header;
  header.foreign = foreign;
  header.pci_device_id = 0x1912;
  header.aperture_mib = 256;
  header.low_gm_mib = 256;
  header.high_gm_base_mib = 256;
  header.high_gm_mib = 3840;
  header.fence_count = 4;
  return header;
}

TraceEvent Access(TraceEventKind kind, uint8_t region, uint64_t address, uint32_t value) {
  TraceEvent event;
  event.kind = kind;
  event.region = region;
  event.address = address;
  event.data.resize(sizeof value);
  std::memcpy(event.data.data(), &value, sizeof value);
  return event;
}

TraceEvent Numbers(TraceEventKind kind, uint64_t address, uint64_t length, uint64_t value) {
  TraceEvent event;
  event.kind = kind;
  event.address = address;
  event.length = length;
  event.value = value;
  return event;
}

void Write(SeedWriter* out, const std::string& name, bool foreign,
           const std::vector<TraceEvent>& events) {
  capture::VectorSink sink;
  capture::BoundaryTraceWriter writer(&sink, SkylakeHeader(foreign));
  for (const TraceEvent& event : events) writer.Append(event);
  writer.Append(TraceEvent{});
  writer.Flush();
  const std::span bytes(sink.bytes());
  out->Write("boundary_trace", name,
             {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

void MakeTraceSeeds(SeedWriter* out) {
  const TraceEvent decode = Access(TraceEventKind::kWrite, 7, 4, 7);
  const TraceEvent memory = Numbers(TraceEventKind::kMemoryAdd, 0, 1u << 20, 0);
  const TraceEvent map = Access(TraceEventKind::kWrite, 0, 0x800000, 0x1001);
  TraceEvent page = Numbers(TraceEventKind::kPage, 0x1000, 0, 0);
  page.data.resize(4096);
  page.data[0] = std::byte{5};
  TraceEvent patch = Access(TraceEventKind::kPatch, 0, 0x1000, 9);
  patch.value = 1;  // one read after the page
  TraceEvent tolerance = Numbers(TraceEventKind::kTolerance, 0x2358, 8, 0);
  tolerance.data.assign(4, std::byte{'t'});
  TraceEvent slice;
  slice.kind = TraceEventKind::kSlice;
  slice.value = 200'000;
  Write(out, "config", false, {Access(TraceEventKind::kRead, 7, 0, 0x19128086)});
  Write(out, "differs", false, {Access(TraceEventKind::kRead, 7, 0, 0)});
  Write(out, "foreign", true,
        {tolerance, decode, Access(TraceEventKind::kRead, 0, 0x2358, 77),
         Access(TraceEventKind::kRead, 0, 0x78000, 0x76544776)});
  Write(out, "aperture", false,
        {memory, decode, map, Access(TraceEventKind::kRead, 2, 0, 5), page,
         Access(TraceEventKind::kRead, 2, 0, 9), patch, Access(TraceEventKind::kWrite, 2, 0, 1),
         Access(TraceEventKind::kStore, 0, 0x1000, 1),
         Numbers(TraceEventKind::kMemoryRemove, 0, 0x2000, 0),
         Access(TraceEventKind::kRead, 2, 0, 0), Numbers(TraceEventKind::kFailed, 0x1000, 0, 1)});
  Write(out, "clock", false,
        {decode, Access(TraceEventKind::kRead, 0, 0x2358, 12),
         Numbers(TraceEventKind::kClock, 0, 0, 1000)});
  Write(out, "idle-slice", false,
        {decode, slice, Numbers(TraceEventKind::kSliceEnd, 0, 0, 0),
         Numbers(TraceEventKind::kReset, 0, 0, 0)});
  std::vector<TraceEvent> submission{memory, decode, map};
  for (const uint32_t value : {0u, 0u, 1u << 5, 0x119u}) {
    submission.push_back(Access(TraceEventKind::kWrite, 0, 0x2230, value));
  }
  submission.push_back(slice);
  submission.push_back(Numbers(TraceEventKind::kFailed, 0x1000, 0, 0));
  Write(out, "submission", false, submission);
}

}  // namespace gvt::fuzz
