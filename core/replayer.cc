// The trace is followed event by event. Top-level events are done; what the device then asks its
// ports (guest memory, clock, interrupt) is answered from, or compared with, the nested events that
// come next. The engines have no threads here: a recorded slice is run where it stands.
//
// Invariants:
// 1. head_ is the event that comes next; what was done with is taken.
// 2. What the trace says about a read is applied before that read and no other: it counts them.
// 3. A store, an interrupt or a question to the clock that is not next in the trace is a
//    difference, and so is an event that the device did not come to.
// 4. From the first difference or error on the device gets no answers: its accesses fail and its
//    clock stands at the end of time, so that whatever runs ends.
//
// A trace of a foreign device has no nested events: its clock ticks with each question, its engines
// never run, and only reads are compared.
#include "core/replayer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

#include "capture/read_digest.h"
#include "core/replay_memory.h"
#include "core/vgpu.h"
#include "gpu/engine_clock.h"
#include "hostif/access_observer.h"
#include "sched/stepped_engines.h"

namespace gvt::core {
namespace {

using capture::TraceEvent;
using capture::TraceEventKind;

constexpr size_t kMaxTolerances = 1024;

std::string Hex(uint64_t value) {
  char text[2 + 16 + 1];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

// The first bytes, as numbers are written: most significant first.
std::string HexOf(std::span<const std::byte> data) {
  if (data.size() <= sizeof(uint64_t)) {
    uint64_t value = 0;
    std::memcpy(&value, data.data(), data.size());
    return Hex(value);
  }
  return std::to_string(data.size()) + " bytes";
}

std::string RegionName(uint8_t region) {
  return region == 7 ? "config" : "BAR" + std::to_string(region);
}

VgpuSettings SettingsFor(const capture::TraceHeader& header, gpu::EngineClock* clock, bool* valid) {
  gvtcore_vgpu_config_t config = {};
  config.size = sizeof config;
  config.pci_device_id = static_cast<uint16_t>(header.pci_device_id);
  config.aperture_mib = header.aperture_mib;
  config.low_gm_base_mib = header.low_gm_base_mib;
  config.low_gm_mib = header.low_gm_mib;
  config.high_gm_base_mib = header.high_gm_base_mib;
  config.high_gm_mib = header.high_gm_mib;
  config.fence_count = header.fence_count;
  config.flags = header.scan ? 0 : GVTCORE_VGPU_NO_SCAN;
  const std::optional<VgpuSettings> settings = SettingsOf(config);
  *valid = settings.has_value() && header.pci_device_id <= 0xffff;
  VgpuSettings made = settings.value_or(VgpuSettings{});
  made.stall_limit_ns = 0;  // as in a recording: slices are not repeated to the nanosecond
  made.device.clock = clock;
  return made;
}

class Replayer final : public hostif::AccessObserver, public gpu::EngineClock {
 public:
  Replayer(std::unique_ptr<capture::BoundaryTraceReader> reader, const ReplayOptions& options)
      : reader_(std::move(reader)),
        foreign_(reader_->header().foreign),
        vgpu_(engines_, SettingsFor(reader_->header(), this, &valid_), LinkTo(this),
              BoundaryHooks{this, nullptr}),
        memory_(vgpu_.memory(), options.live_bytes_limit) {
    result_.header = reader_->header();
  }

  ReplayResult Run() {
    if (!valid_) {
      result_.error = reader_->MakeError(ErrorCode::kUnsupported,
                                         "the header names a vGPU that this build does not make");
    } else {
      Take();
      while (!stopped() && has_head_ && head_.kind != TraceEventKind::kEnd) Step();
      if (has_head_) result_.finished = head_.kind == TraceEventKind::kEnd;
    }
    result_.events = reader_->sequence();
    result_.refused_writes = vgpu_.device().statistics().refused_writes;
    result_.failsafe = vgpu_.device().failsafe();
    stop_ = true;
    return std::move(result_);
  }

  // gpu::EngineClock
  uint64_t NowNs() override;
  // hostif::AccessObserver
  bool MayAccess(Gpa at, uint64_t size_bytes) override;
  void WasRead(Gpa from, std::span<const std::byte> data) override;
  void WasWritten(Gpa to, std::span<const std::byte> data) override;
  void HasFailed(Gpa at) override;

 private:
  static HostLink LinkTo(Replayer* replayer) {
    HostLink link;
    link.ops.size = sizeof link.ops;
    link.ops.raise_msi = &Replayer::RaiseMsi;
    link.host = replayer;
    return link;
  }
  static void RaiseMsi(void* self, uint32_t vector);

  bool stopped() const { return stop_ || result_.difference || result_.error; }
  bool HeadIs(TraceEventKind kind) const { return has_head_ && head_.kind == kind; }
  uint64_t sequence() const { return reader_->sequence(); }
  std::string HeadText() const;

  void Take();
  void Step();
  void Settle(uint64_t number, const char* what);
  void Differ(uint64_t number, std::string text);
  void Fail(ErrorCode code, std::string reason);
  bool IsInRegion(const TraceEvent& event);
  void DoRead();
  void DoWrite();
  void DoSlice();
  void DoMemory();
  void AddTolerance();
  ReplayTolerance* ToleranceFor(const TraceEvent& event);

  std::unique_ptr<capture::BoundaryTraceReader> reader_;
  const bool foreign_;
  ReplayResult result_;
  TraceEvent head_;
  bool has_head_ = false;
  bool stop_ = false;
  bool valid_ = false;
  bool fails_ = false;  // the access at hand, as it did when recorded
  uint64_t clock_ns_ = 0;
  uint64_t reads_ = 0;  // since the last event about a read
  capture::ReadDigest digest_;
  sched::SteppedEngines engines_{*this};  // never stepped: slices come from the trace
  Vgpu vgpu_;
  ReplayMemory memory_;
};

void Replayer::Take() {
  has_head_ = reader_->Next(&head_);
  if (!has_head_ && reader_->error() && !result_.difference) result_.error = reader_->error();
}

// A trace that just ends, because its recorder was killed, says nothing about what came then.
void Replayer::Differ(uint64_t number, std::string text) {
  if (!has_head_) stop_ = true;
  if (!stopped()) result_.difference = ReplayDifference{number, std::move(text)};
}

void Replayer::Fail(ErrorCode code, std::string reason) {
  if (!stopped()) result_.error = reader_->MakeError(code, std::move(reason));
}

std::string Replayer::HeadText() const {
  std::string text(TraceEventName(head_.kind));
  if (head_.address != 0) text += " at " + Hex(head_.address);
  if (head_.kind == TraceEventKind::kStore) text += " of " + HexOf(head_.data);
  return text;
}

// ---- what the device asks ----

uint64_t Replayer::NowNs() {
  if (stopped()) return ~uint64_t{0};
  if (foreign_) return clock_ns_ += 1000;
  if (!HeadIs(TraceEventKind::kClock)) {
    Differ(sequence(), "recorded: " + HeadText() + "; now: the clock is read");
    return ~uint64_t{0};
  }
  clock_ns_ += head_.value;
  ++result_.clocks;
  Take();
  return clock_ns_;
}

void Replayer::RaiseMsi(void* self, uint32_t /*vector*/) {
  auto* replayer = static_cast<Replayer*>(self);
  if (replayer->foreign_ || replayer->stopped()) return;
  if (!replayer->HeadIs(TraceEventKind::kInterrupt)) {
    replayer->Differ(replayer->sequence(),
                     "recorded: " + replayer->HeadText() + "; now: an interrupt");
    return;
  }
  ++replayer->result_.interrupts;
  replayer->Take();
}

bool Replayer::MayAccess(Gpa at, uint64_t /*size_bytes*/) {
  const auto is_content = [this] {
    return HeadIs(TraceEventKind::kPage) || HeadIs(TraceEventKind::kPatch);
  };
  while (!stopped() && is_content() && head_.value == reads_) {
    const Result<void> put = memory_.Put(Gpa(head_.address), head_.data);
    if (!put) {
      const bool full = put.error().code == ErrorCode::kNoSpace;
      Fail(full ? ErrorCode::kNoSpace : ErrorCode::kCorrupt,
           full ? "more guest pages than the limit" : "content of a page that the guest lacks");
      return false;
    }
    ++result_.pages;
    reads_ = 0;
    Take();
  }
  if (stopped()) return false;
  fails_ = HeadIs(TraceEventKind::kFailed) && head_.value == reads_;
  if (fails_) {
    reads_ = 0;
    if (head_.address != at.value) {
      Differ(sequence(), "recorded: " + HeadText() + "; now: an access at " + Hex(at.value));
    }
    Take();
    return false;
  }
  if (memory_.Touch(at)) return true;
  Fail(ErrorCode::kNoSpace, "more guest pages than the limit");
  return false;
}

void Replayer::HasFailed(Gpa at) {
  if (std::exchange(fails_, false) || foreign_) return;
  Differ(sequence(),
         "recorded: " + HeadText() + "; now: an access at " + Hex(at.value) + " meets no page");
}

void Replayer::WasRead(Gpa from, std::span<const std::byte> data) {
  digest_.Add(from.value, data);
  ++reads_;
}

void Replayer::WasWritten(Gpa to, std::span<const std::byte> data) {
  while (!data.empty() && !stopped() && !foreign_) {
    const size_t piece = std::min<size_t>(data.size(), kPageSize - to.page_offset());
    const bool as_recorded = HeadIs(TraceEventKind::kStore) && head_.address == to.value &&
                             std::ranges::equal(head_.data, data.first(piece));
    if (!as_recorded) {
      return Differ(sequence(), "recorded: " + HeadText() + "; now: store at " + Hex(to.value) +
                                    " of " + HexOf(data.first(piece)));
    }
    ++result_.stores;
    Take();
    to = to + piece;
    data = data.subspan(piece);
  }
}

// ---- what the host does ----

// The event of that number is done: what was nested in it is used up.
void Replayer::Settle(uint64_t number, const char* what) {
  if (stopped() || !has_head_ || !IsNested(head_.kind)) return;
  Differ(sequence(), "recorded: " + HeadText() + "; now: nothing more in the " + what +
                         " of event " + std::to_string(number));
}

bool Replayer::IsInRegion(const TraceEvent& event) {
  const uint64_t size = vgpu_.device().RegionSize(static_cast<vgpu::Region>(event.region));
  if (event.address < size && event.data.size() <= size - event.address) return true;
  Fail(ErrorCode::kCorrupt, "an access beyond the end of " + RegionName(event.region));
  return false;
}

ReplayTolerance* Replayer::ToleranceFor(const TraceEvent& event) {
  for (ReplayTolerance& row : result_.tolerances) {
    if (row.region == event.region && event.address >= row.begin && event.address < row.end) {
      return &row;
    }
  }
  return nullptr;
}

void Replayer::DoRead() {
  const uint64_t number = sequence();
  const TraceEvent read = std::exchange(head_, TraceEvent{});
  if (!IsInRegion(read)) return;
  Take();
  std::vector<std::byte> answer(read.data.size());
  vgpu_.device().Read(static_cast<vgpu::Region>(read.region), read.address, answer);
  Settle(number, "read");
  ++result_.reads;
  if (stopped() || answer == read.data) return;
  if (ReplayTolerance* tolerance = ToleranceFor(read)) {
    ++tolerance->count;
    return;
  }
  Differ(number, "read of " + RegionName(read.region) + " at " + Hex(read.address) + ": recorded " +
                     HexOf(read.data) + ", now " + HexOf(answer));
}

void Replayer::DoWrite() {
  const uint64_t number = sequence();
  const TraceEvent write = std::exchange(head_, TraceEvent{});
  if (!IsInRegion(write)) return;
  Take();
  vgpu_.device().Write(static_cast<vgpu::Region>(write.region), write.address, write.data);
  ++result_.writes;
  Settle(number, "write");
}

void Replayer::DoSlice() {
  const uint64_t number = sequence();
  sched::VirtualExeclist* execlist = vgpu_.execlist(static_cast<hw::Engine>(head_.engine));
  if (foreign_ || execlist == nullptr) {
    return Fail(ErrorCode::kCorrupt, "a slice of an engine that there is not");
  }
  const uint64_t slice_ns = head_.value;
  Take();
  digest_.Clear();
  const bool more = execlist->RunSlice(slice_ns);
  ++result_.slices;
  Settle(number, "slice");
  if (stopped()) return;
  if (!has_head_) return;
  if (!HeadIs(TraceEventKind::kSliceEnd)) {
    return Fail(ErrorCode::kCorrupt, "a slice without an end");
  }
  if ((head_.value != 0) != more) {
    return Differ(sequence(), std::string("end of the slice of event ") + std::to_string(number) +
                                  (more ? ": recorded idle, now more to run"
                                        : ": recorded more to run, now idle"));
  }
  if (head_.digest != digest_.value()) {
    return Differ(sequence(), "the slice of event " + std::to_string(number) +
                                  " read other memory than recorded");
  }
  Take();
}

void Replayer::DoMemory() {
  const bool adds = head_.kind == TraceEventKind::kMemoryAdd;
  const Gpa start(head_.address);
  const Result<void> done = adds ? memory_.Add(start, head_.length, head_.value != 0)
                                 : memory_.Remove(start, head_.length);
  if (!done) {
    const bool full = done.error().code == ErrorCode::kNoSpace;
    return Fail(full ? ErrorCode::kNoSpace : ErrorCode::kCorrupt,
                std::string(full ? "no room for" : "impossible") + " guest memory at " +
                    Hex(head_.address) + ", " + Hex(head_.length) + " bytes");
  }
  Take();
}

void Replayer::AddTolerance() {
  if (result_.tolerances.size() >= kMaxTolerances) {
    return Fail(ErrorCode::kNoSpace, "more than " + std::to_string(kMaxTolerances) + " tolerances");
  }
  ReplayTolerance row;
  row.region = head_.region;
  row.begin = head_.address;
  row.end = head_.address + head_.length;
  for (const std::byte letter : head_.data) row.reason += std::to_integer<char>(letter);
  result_.tolerances.push_back(std::move(row));
  Take();
}

void Replayer::Step() {
  switch (head_.kind) {
    case TraceEventKind::kRead: return DoRead();
    case TraceEventKind::kWrite: return DoWrite();
    case TraceEventKind::kSlice: return DoSlice();
    case TraceEventKind::kReset: {
      const uint64_t number = sequence();
      Take();
      vgpu_.device().Reset();
      ++result_.resets;
      return Settle(number, "reset");
    }
    case TraceEventKind::kMemoryAdd:
    case TraceEventKind::kMemoryRemove: return DoMemory();
    case TraceEventKind::kTolerance: return AddTolerance();
    default:
      return Fail(ErrorCode::kCorrupt,
                  std::string(TraceEventName(head_.kind)) + " where nothing is done");
  }
}

}  // namespace

ReplayResult Replay(std::unique_ptr<capture::BoundaryTraceReader> reader,
                    const ReplayOptions& options) {
  Replayer replayer(std::move(reader), options);
  return replayer.Run();
}

}  // namespace gvt::core
