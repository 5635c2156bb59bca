// Boundary traces: what was written is what is read; what was damaged is told with its place.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "base/address.h"
#include "capture/boundary_trace_reader.h"
#include "capture/boundary_trace_writer.h"
#include "hw/platform.h"

namespace gvt::capture {
namespace {

using Bytes = std::vector<std::byte>;
using Kind = TraceEventKind;

constexpr size_t kHeaderBytes = kTraceMagic.size() + 10 * sizeof(uint32_t);
constexpr uint64_t kLargest = ~uint64_t{0};

TraceHeader SomeHeader() {
  TraceHeader header;
  header.foreign = true;
  header.scan = false;
  header.pci_device_id = 0x1912;
  header.aperture_mib = 256;
  header.low_gm_base_mib = 64;
  header.low_gm_mib = 128;
  header.high_gm_base_mib = 512;
  header.high_gm_mib = 384;
  header.fence_count = 4;
  return header;
}

Bytes Counting(size_t size) {
  Bytes data(size);
  for (size_t i = 0; i < size; ++i) data[i] = static_cast<std::byte>(i * 7);
  return data;
}

TraceEvent Event(Kind kind, uint64_t address = 0, uint64_t length = 0, uint64_t value = 0,
                 Bytes data = {}) {
  TraceEvent event;
  event.kind = kind;
  event.address = address;
  event.length = length;
  event.value = value;
  event.data = std::move(data);
  return event;
}

// One of each kind but the end, with numbers of every length.
std::vector<TraceEvent> OneOfEach() {
  std::vector<TraceEvent> events{
      Event(Kind::kTolerance, 0x2358, 8, 0, Counting(5)),
      Event(Kind::kMemoryAdd, 0x10000, 0x7fff'f000, 1),
      Event(Kind::kMemoryRemove, uint64_t{1} << 40, kPageSize),
      Event(Kind::kRead, 0x44200, 0, 0, Counting(4)),
      Event(Kind::kWrite, 0x7f, 0, 0, Counting(1)),
      Event(Kind::kWrite, kLargest - 8, 0, 0, Counting(8)),
      Event(Kind::kSlice, 0, 0, 200'000),
      Event(Kind::kClock, 0, 0, kLargest),
      Event(Kind::kPage, 0x3000, 0, 129, Counting(kPageSize)),
      Event(Kind::kPatch, 0x3004, 0, 0, Counting(12)),
      Event(Kind::kFailed, 0x80, 0, 3),
      Event(Kind::kStore, 0x3ffc, 0, 0, Counting(kMaxTraceData)),
      Event(Kind::kInterrupt),
      Event(Kind::kSliceEnd, 0, 0, 1),
      Event(Kind::kReset),
  };
  events[0].region = 7;
  events[3].region = 2;
  events[4].region = 4;
  events[6].engine = static_cast<uint8_t>(hw::kEngineCount - 1);
  events[13].digest = 0xfedcba98;
  return events;
}

Bytes Encode(const std::vector<TraceEvent>& events, const TraceHeader& header = SomeHeader()) {
  VectorSink sink;
  BoundaryTraceWriter writer(&sink, header);
  for (const TraceEvent& event : events) writer.Append(event);
  EXPECT_TRUE(writer.Flush());
  return sink.bytes();
}

// Reads a trace to its end.
struct Reading {
  TraceHeader header;
  std::vector<TraceEvent> events;
  bool finished = false;
  std::optional<FileError> error;  // of opening or reading
};

Reading Read(std::span<const std::byte> bytes) {
  Reading reading;
  auto reader =
      BoundaryTraceReader::Open(std::move(ByteSource::OpenMemory("t.trace", bytes)).value());
  if (!reader) {
    reading.error = reader.error();
    return reading;
  }
  reading.header = (*reader)->header();
  TraceEvent event;
  while ((*reader)->Next(&event)) {
    reading.events.push_back(event);
    EXPECT_EQ((*reader)->sequence(), reading.events.size());
  }
  EXPECT_FALSE((*reader)->Next(&event)) << "nothing is read behind the end";
  reading.finished = (*reader)->finished();
  reading.error = (*reader)->error();
  return reading;
}

void ExpectSame(const TraceEvent& a, const TraceEvent& b) {
  SCOPED_TRACE(TraceEventName(b.kind));
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.region, b.region);
  EXPECT_EQ(a.engine, b.engine);
  EXPECT_EQ(a.address, b.address);
  EXPECT_EQ(a.length, b.length);
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.digest, b.digest);
  EXPECT_EQ(a.data, b.data);
}

void ExpectPrefix(const Reading& reading, const std::vector<TraceEvent>& events, size_t count) {
  ASSERT_EQ(reading.events.size(), count);
  for (size_t i = 0; i < count; ++i) ExpectSame(reading.events[i], events[i]);
}

void ExpectError(const Reading& reading, ErrorCode code, uint64_t offset, const char* reason) {
  ASSERT_TRUE(reading.error.has_value());
  EXPECT_EQ(reading.error->code, code);
  EXPECT_EQ(reading.error->file, "t.trace");
  EXPECT_EQ(reading.error->offset, offset);
  EXPECT_NE(reading.error->reason.find(reason), std::string::npos) << reading.error->reason;
  EXPECT_FALSE(reading.finished);
}

// A header and these bytes.
Bytes Raw(std::initializer_list<unsigned> tail) {
  Bytes bytes = Encode({});
  for (const unsigned byte : tail) bytes.push_back(static_cast<std::byte>(byte));
  return bytes;
}

TEST(BoundaryTrace, GivesBackItsHeader) {
  const TraceHeader header = Read(Encode({})).header;
  EXPECT_TRUE(header.foreign);
  EXPECT_FALSE(header.scan);
  EXPECT_EQ(header.pci_device_id, 0x1912u);
  EXPECT_EQ(header.aperture_mib, 256u);
  EXPECT_EQ(header.low_gm_base_mib, 64u);
  EXPECT_EQ(header.low_gm_mib, 128u);
  EXPECT_EQ(header.high_gm_base_mib, 512u);
  EXPECT_EQ(header.high_gm_mib, 384u);
  EXPECT_EQ(header.fence_count, 4u);
  EXPECT_FALSE(Read(Encode({}, TraceHeader{})).header.foreign);
  EXPECT_TRUE(Read(Encode({}, TraceHeader{})).header.scan);
}

TEST(BoundaryTrace, GivesBackOneEventOfEachKind) {
  std::vector<TraceEvent> events = OneOfEach();
  events.push_back(Event(Kind::kEnd));
  const Reading reading = Read(Encode(events));
  EXPECT_FALSE(reading.error.has_value());
  EXPECT_TRUE(reading.finished);
  ExpectPrefix(reading, events, events.size());
}

TEST(BoundaryTrace, IsTheSameWrittenByTheFunctionsForWhatComesOften) {
  const std::vector<TraceEvent> events{Event(Kind::kStore, 0x1000, 0, 0, Counting(4)),
                                       Event(Kind::kPatch, 0x2000, 0, 300, Counting(9)),
                                       Event(Kind::kFailed, 0x3000, 0, 2),
                                       Event(Kind::kClock, 0, 0, 12345), Event(Kind::kInterrupt)};
  VectorSink sink;
  BoundaryTraceWriter writer(&sink, SomeHeader());
  writer.AppendStore(0x1000, Counting(4));
  writer.AppendContent(Kind::kPatch, 300, 0x2000, Counting(9));
  writer.AppendFailed(2, 0x3000);
  writer.AppendClock(12345);
  writer.AppendInterrupt();
  ASSERT_TRUE(writer.Flush());
  EXPECT_EQ(sink.bytes(), Encode(events));
}

TEST(BoundaryTrace, PutsAReadInFrontOfWhatIsNestedInIt) {
  VectorSink sink;
  BoundaryTraceWriter writer(&sink, SomeHeader());
  writer.AppendClock(1);
  writer.OpenRead();
  // More than a block, which is not handed on in the middle.
  const size_t nested = BoundaryTraceWriter::kBlockBytes / kMaxTraceData + 2;
  for (size_t i = 0; i < nested; ++i) writer.AppendStore(i * kPageSize, Counting(kMaxTraceData));
  EXPECT_TRUE(sink.bytes().empty());
  writer.CloseRead(2, 0x5000, Counting(8));
  EXPECT_FALSE(sink.bytes().empty());
  ASSERT_TRUE(writer.Flush());
  const Reading reading = Read(sink.bytes());
  ASSERT_EQ(reading.events.size(), nested + 2);
  TraceEvent read = Event(Kind::kRead, 0x5000, 0, 0, Counting(8));
  read.region = 2;
  ExpectSame(reading.events[1], read);
  EXPECT_EQ(reading.events.back().address, (nested - 1) * kPageSize);
}

class FailingSink final : public ByteSink {
 public:
  bool Write(std::span<const std::byte>) override { return ++writes, false; }
  unsigned writes = 0;
};

TEST(BoundaryTrace, RemembersThatItsSinkFailed) {
  FailingSink sink;
  BoundaryTraceWriter writer(&sink, SomeHeader());
  EXPECT_TRUE(writer.ok());
  EXPECT_FALSE(writer.Flush());
  writer.AppendInterrupt();
  EXPECT_FALSE(writer.Flush());
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(sink.writes, 1u) << "nothing is written behind a failure";
}

TEST(BoundaryTrace, ThatIsCutGivesTheWholeEventsBeforeTheCut) {
  std::vector<TraceEvent> events = OneOfEach();
  events.push_back(Event(Kind::kEnd));
  const Bytes whole = Encode(events);
  std::vector<size_t> begins;  // of each event
  for (size_t i = 0; i <= events.size(); ++i) {
    begins.push_back(Encode({events.begin(), events.begin() + static_cast<ptrdiff_t>(i)}).size());
  }
  for (size_t cut = kHeaderBytes, event = 0; cut < whole.size(); ++cut) {
    while (begins[event + 1] <= cut) ++event;
    SCOPED_TRACE("cut at " + std::to_string(cut));
    const Reading reading = Read(std::span(whole).first(cut));
    ASSERT_EQ(reading.events.size(), event);
    ASSERT_FALSE(reading.finished);
    if (cut == begins[event]) {
      ASSERT_FALSE(reading.error.has_value()) << "a recorder may be killed between two events";
    } else {
      ExpectError(reading, ErrorCode::kTruncated, begins[event], "ends inside an event");
    }
    if (testing::Test::HasFailure()) return;
  }
}

TEST(BoundaryTrace, ThatIsCutInItsHeaderIsNotOpened) {
  const Bytes whole = Encode(OneOfEach());
  for (size_t cut = 0; cut < kHeaderBytes; ++cut) {
    SCOPED_TRACE("cut at " + std::to_string(cut));
    const Reading reading = Read(std::span(whole).first(cut));
    if (cut < kTraceMagic.size()) {
      ExpectError(reading, ErrorCode::kCorrupt, 0, "not a boundary trace");
    } else {
      ExpectError(reading, ErrorCode::kTruncated, cut, "header ends early");
    }
    EXPECT_TRUE(reading.events.empty());
  }
}

TEST(BoundaryTrace, OfAnotherVersionIsNotOpened) {
  Bytes bytes = Encode({});
  bytes[kTraceMagic.size()] = std::byte{99};
  ExpectError(Read(bytes), ErrorCode::kUnsupported, kTraceMagic.size(), "version 99");
}

TEST(BoundaryTrace, RefusesKindsRegionsAndEnginesThatDoNotExist) {
  for (const unsigned kind : {9u, 15u, 22u, 127u, 255u}) {
    ExpectError(Read(Raw({kind, 0, 0, 0})), ErrorCode::kCorrupt, kHeaderBytes, "an event of kind");
  }
  for (const unsigned region : {1u, 3u, 5u, 6u, 8u, 255u}) {
    ExpectError(Read(Raw({1, region, 0, 1, 0})), ErrorCode::kCorrupt, kHeaderBytes, "region");
    ExpectError(Read(Raw({8, region, 0, 1, 0})), ErrorCode::kCorrupt, kHeaderBytes, "region");
  }
  ExpectError(Read(Raw({3, static_cast<unsigned>(hw::kEngineCount), 1})), ErrorCode::kCorrupt,
              kHeaderBytes, "\"slice\" out of range");
}

TEST(BoundaryTrace, TakesNumbersOf64BitsAndNoMore) {
  const Reading largest =
      Read(Raw({16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
  ASSERT_EQ(largest.events.size(), 1u);
  EXPECT_EQ(largest.events[0].value, kLargest);
  for (const unsigned last : {0x02u, 0x7fu, 0x80u, 0x81u}) {
    ExpectError(Read(Raw({16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, last, 0})),
                ErrorCode::kCorrupt, kHeaderBytes, "more than 64 bits");
  }
}

TEST(BoundaryTrace, TakesDigestsOf32BitsAndNoMore) {
  const Reading largest = Read(Raw({4, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}));
  ASSERT_EQ(largest.events.size(), 1u);
  EXPECT_EQ(largest.events[0].digest, 0xffffffffu);
  ExpectError(Read(Raw({4, 0, 0x80, 0x80, 0x80, 0x80, 0x10})), ErrorCode::kCorrupt, kHeaderBytes,
              "more than 32 bits");
}

TEST(BoundaryTrace, RefusesDataBeyondItsLimitBeforeItIsRead) {
  // A store of 4097 bytes, and one of 2^63.
  ExpectError(Read(Raw({19, 0, 0x81, 0x20})), ErrorCode::kCorrupt, kHeaderBytes, "4097 bytes");
  ExpectError(Read(Raw({19, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01})),
              ErrorCode::kCorrupt, kHeaderBytes, "bytes of data");
}

TEST(BoundaryTrace, RefusesEventsWhoseMembersAreOutOfRange) {
  const std::vector<TraceEvent> wrong{Event(Kind::kRead),
                                      Event(Kind::kWrite),
                                      Event(Kind::kStore),
                                      Event(Kind::kPatch),
                                      Event(Kind::kWrite, kLargest, 0, 0, Counting(1)),
                                      Event(Kind::kStore, kLargest - 2, 0, 0, Counting(4)),
                                      Event(Kind::kPage, 0x1004, 0, 0, Counting(kPageSize)),
                                      Event(Kind::kPage, 0x1000, 0, 0, Counting(kPageSize - 1)),
                                      Event(Kind::kMemoryAdd, 0x1000, 0),
                                      Event(Kind::kMemoryAdd, 0x1008, kPageSize),
                                      Event(Kind::kMemoryAdd, 0x1000, 0x1008),
                                      Event(Kind::kMemoryAdd, kLargest - kPageSize + 1, kPageSize),
                                      Event(Kind::kMemoryRemove, 0x1000, 0),
                                      Event(Kind::kMemoryRemove, 0, kPageSize / 2),
                                      Event(Kind::kTolerance, kLargest, 1)};
  const std::vector<TraceEvent> before = OneOfEach();
  std::vector<TraceEvent> events = before;
  for (const TraceEvent& event : wrong) {
    SCOPED_TRACE(TraceEventName(event.kind));
    events = before;
    events.push_back(event);
    const Reading reading = Read(Encode(events));
    ExpectError(reading, ErrorCode::kCorrupt, Encode(before).size(), "out of range");
    EXPECT_EQ(reading.events.size(), before.size());
  }
}

TEST(BoundaryTrace, WithFlippedBitsEndsWithSoundEventsOrAnErrorWithAPlace) {
  const Bytes whole = Encode(OneOfEach());
  std::mt19937_64 random(1);
  for (unsigned round = 0; round < 2000; ++round) {
    Bytes bytes = whole;
    for (unsigned flips = 0; flips < 3; ++flips) {
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1u << random() % 8);
    }
    const Reading reading = Read(bytes);
    for (const TraceEvent& event : reading.events) {
      EXPECT_LE(event.data.size(), kMaxTraceData);
      EXPECT_GE(event.address + event.data.size(), event.address);
      EXPECT_LT(event.engine, hw::kEngineCount);
      EXPECT_NE(TraceEventName(event.kind), "unknown");
    }
    if (!reading.error) continue;
    EXPECT_LE(reading.error->offset, bytes.size());
    EXPECT_FALSE(reading.error->reason.empty());
  }
}

TEST(BoundaryTrace, HasANameForEachKindAndKnowsWhatIsNested) {
  for (const TraceEvent& event : OneOfEach()) {
    EXPECT_NE(TraceEventName(event.kind), "unknown");
    EXPECT_EQ(IsNested(event.kind), static_cast<unsigned>(event.kind) >= 16);
  }
  EXPECT_EQ(TraceEventName(static_cast<Kind>(9)), "unknown");
}

}  // namespace
}  // namespace gvt::capture
