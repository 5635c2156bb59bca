// One turn at a time: a guest's access, a host's call or a slice of an engine. Between turns
// nothing of the vGPU changes, so the order of the turns, what each read of guest memory and what
// the clock said in it are all that a replay needs.
//
// Guest memory is the guest's and changes at any time. What the device reads is compared with what
// the trace says so far; only what differs is appended, a page at first, the bytes that changed
// later.
//
// Invariants:
// 1. An event is appended under turn_, and nested events behind the turn's own (a read's are
//    appended while it is open).
// 2. No callback of the host's runs under turn_: messages go out when the turn is over.
// 3. The replay's memory equals, wherever the device has read, what known_ remembers.
//
// Cost of an access: two uncontended locks, an event of some ten bytes. Memory: 32 MiB of known
// pages, two blocks of the writer's.
#include "core/recorder.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace gvt::core {
namespace {

using capture::TraceEvent;
using capture::TraceEventKind;

uint64_t SteadyNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

uint32_t MibOf(uint64_t bytes) {
  return static_cast<uint32_t>(bytes >> 20);
}

capture::TraceHeader HeaderOf(const VgpuSettings& settings) {
  capture::TraceHeader header;
  header.scan = settings.scan;
  header.pci_device_id = settings.device.pci_device_id;
  header.aperture_mib = MibOf(settings.device.aperture_bytes);
  header.low_gm_base_mib = MibOf(settings.device.low_gm_base);
  header.low_gm_mib = MibOf(settings.device.low_gm_bytes);
  header.high_gm_base_mib = MibOf(settings.device.high_gm_base);
  header.high_gm_mib = MibOf(settings.device.high_gm_bytes);
  header.fence_count = settings.device.fence_count;
  return header;
}

}  // namespace

// A turn of the guest's or the host's.
class Recorder::Turn {
 public:
  explicit Turn(Recorder& recorder) : recorder_(recorder) {
    const std::lock_guard next(recorder_.next_);
    recorder_.turn_.lock();
  }
  ~Turn() { recorder_.LeaveTurn(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Recorder& recorder_;
};

std::unique_ptr<Recorder> Recorder::Create(const std::string& path, const VgpuSettings& settings,
                                           const HostLink& link) {
  std::unique_ptr<Recorder> recorder(new Recorder(path, settings, link));
  return recorder->file_.is_open() ? std::move(recorder) : nullptr;
}

Recorder::Recorder(const std::string& path, const VgpuSettings& settings, const HostLink& link)
    : link_(link),
      start_ns_(SteadyNs()),
      file_(path, /*buffered=*/false),
      packed_(&file_),
      writer_(&packed_, HeaderOf(settings)) {}

Recorder::~Recorder() {
  TellAreas(areas_);  // of the vGPU's end
  writer_.Append(TraceEvent{});
  if (!writer_.Flush() && link_.ops.log != nullptr) {
    link_.ops.log(link_.host, GVTCORE_LOG_ERROR, "the boundary trace is not complete");
  }
}

HostLink Recorder::link() {
  HostLink link = link_;
  if (link_.ops.raise_msi != nullptr) link.ops.raise_msi = &Recorder::RaiseMsi;
  if (link_.ops.inject_msi != nullptr) link.ops.inject_msi = &Recorder::InjectMsi;
  if (link_.ops.read_memory != nullptr) link.ops.read_memory = &Recorder::ReadMemory;
  if (link_.ops.write_memory != nullptr) link.ops.write_memory = &Recorder::WriteMemory;
  if (link_.ops.set_trap_area != nullptr) link.ops.set_trap_area = &Recorder::SetTrapArea;
  if (link_.ops.log != nullptr) link.ops.log = &Recorder::Log;
  link.host = this;
  return link;
}

void Recorder::Log(void* self, gvtcore_log_level_t level, const char* text) {
  const HostLink& link = static_cast<Recorder*>(self)->link_;
  link.ops.log(link.host, level, text);
}

// Runs in somebody's turn.
void Recorder::RaiseMsi(void* self, uint32_t /*vector*/) {
  auto* recorder = static_cast<Recorder*>(self);
  recorder->writer_.AppendInterrupt();
  ++recorder->messages_;
}

void Recorder::InjectMsi(void* self, uint64_t address, uint32_t data) {
  auto* recorder = static_cast<Recorder*>(self);
  recorder->message_address_ = address;
  recorder->message_data_ = data;
  RaiseMsi(self, 0);
}

int Recorder::ReadMemory(void* self, uint64_t gpa, void* data, size_t length) {
  const HostLink& link = static_cast<Recorder*>(self)->link_;
  return link.ops.read_memory(link.host, gpa, data, length);
}

int Recorder::WriteMemory(void* self, uint64_t gpa, const void* data, size_t length) {
  const HostLink& link = static_cast<Recorder*>(self)->link_;
  return link.ops.write_memory(link.host, gpa, data, length);
}

// Runs in somebody's turn; or at the vGPU's end, when nobody takes one.
void Recorder::SetTrapArea(void* self, uint32_t region, uint64_t gpa, uint64_t length, int on) {
  static_cast<Recorder*>(self)->areas_.push_back({region, gpa, length, on});
}

void Recorder::TellAreas(const std::vector<TrapArea>& areas) const {
  for (const TrapArea& area : areas) {
    link_.ops.set_trap_area(link_.host, area.region, area.gpa, area.length, area.on);
  }
}

void Recorder::LeaveTurn() {
  const uint32_t messages = std::exchange(messages_, 0);
  const uint64_t address = message_address_;
  const uint32_t data = message_data_;
  const std::vector<TrapArea> areas = std::exchange(areas_, {});
  turn_.unlock();
  TellAreas(areas);
  for (uint32_t i = 0; i < messages; ++i) {
    if (link_.ops.inject_msi != nullptr) {
      link_.ops.inject_msi(link_.host, address, data);
    } else {
      link_.ops.raise_msi(link_.host, 0);
    }
  }
}

size_t Recorder::Read(vgpu::Region region, uint64_t offset, std::span<std::byte> out) {
  const size_t bytes = out.size();
  while (!out.empty()) {
    const std::span<std::byte> piece = out.first(std::min(out.size(), capture::kMaxTraceData));
    const Turn turn(*this);
    writer_.OpenRead();
    vgpu_->device().Read(region, offset, piece);
    writer_.CloseRead(static_cast<uint8_t>(region), offset, piece);
    offset += piece.size();
    out = out.subspan(piece.size());
  }
  return bytes;
}

size_t Recorder::Write(vgpu::Region region, uint64_t offset, std::span<const std::byte> data) {
  const size_t bytes = data.size();
  while (!data.empty()) {
    const auto piece = data.first(std::min(data.size(), capture::kMaxTraceData));
    TraceEvent event;
    event.kind = TraceEventKind::kWrite;
    event.region = static_cast<uint8_t>(region);
    event.address = offset;
    event.data.assign(piece.begin(), piece.end());
    const Turn turn(*this);
    writer_.Append(event);
    vgpu_->device().Write(region, offset, piece);
    offset += piece.size();
    data = data.subspan(piece.size());
  }
  return bytes;
}

void Recorder::Reset() {
  TraceEvent event;
  event.kind = TraceEventKind::kReset;
  const Turn turn(*this);
  writer_.Append(event);
  vgpu_->device().Reset();
}

Result<void> Recorder::AddMemory(Gpa start, uint64_t size_bytes, void* address, bool read_only) {
  TraceEvent event;
  event.kind = TraceEventKind::kMemoryAdd;
  event.address = start.value;
  event.length = size_bytes;
  event.value = read_only ? 1 : 0;
  const Turn turn(*this);
  const Result<void> added = vgpu_->memory().Add(start, size_bytes, address, read_only);
  if (added) writer_.Append(event);
  return added;
}

Result<void> Recorder::RemoveMemory(Gpa start, uint64_t size_bytes) {
  TraceEvent event;
  event.kind = TraceEventKind::kMemoryRemove;
  event.address = start.value;
  event.length = size_bytes;
  const Turn turn(*this);
  const Result<void> removed = vgpu_->memory().Remove(start, size_bytes);
  if (!removed) return removed;
  writer_.Append(event);
  known_.Forget(start.page(), size_bytes >> kPageShift);
  return removed;
}

Result<void> Recorder::MoveMemory(Gpa start, uint64_t size_bytes, void* address) {
  const Turn turn(*this);
  return vgpu_->memory().Move(start, size_bytes, address);
}

uint64_t Recorder::BeginSlice(hw::Engine engine, uint64_t slice_ns) {
  engine_queue_.lock();
  {
    const std::lock_guard next(next_);
    turn_.lock();
  }
  TraceEvent event;
  event.kind = TraceEventKind::kSlice;
  event.engine = static_cast<uint8_t>(engine);
  event.value = std::min(slice_ns, kRecordedSliceNs);
  writer_.Append(event);
  digest_.Clear();
  return event.value;
}

void Recorder::EndSlice(hw::Engine /*engine*/, bool more) {
  TraceEvent event;
  event.kind = TraceEventKind::kSliceEnd;
  event.value = more ? 1 : 0;
  event.digest = digest_.value();
  writer_.Append(event);
  LeaveTurn();
  engine_queue_.unlock();
}

uint64_t Recorder::NowNs() {
  const uint64_t now = std::max(SteadyNs() - start_ns_, clock_ns_);
  writer_.AppendClock(now - clock_ns_);
  clock_ns_ = now;
  return now;
}

bool Recorder::MayAccess(Gpa /*at*/, uint64_t /*size_bytes*/) {
  return true;
}

void Recorder::WasRead(Gpa from, std::span<const std::byte> data) {
  if (looks_) return;
  digest_.Add(from.value, data);
  while (!data.empty()) {
    const size_t piece = std::min<size_t>(data.size(), kPageSize - from.page_offset());
    WasReadInPage(from, data.first(piece));
    from = from + piece;
    data = data.subspan(piece);
  }
  ++reads_;
}

void Recorder::WasReadInPage(Gpa from, std::span<const std::byte> data) {
  KnownPages::Page* page = known_.Find(from.page());
  if (page != nullptr) {
    std::byte* known = page->data() + from.page_offset();
    if (std::memcmp(known, data.data(), data.size()) == 0) return;
    std::memcpy(known, data.data(), data.size());
    writer_.AppendContent(TraceEventKind::kPatch, std::exchange(reads_, 0), from.value, data);
    return;
  }
  // All of the page as it is now, and over it what the device saw, which the guest may have
  // changed since.
  page = known_.Add(from.page());
  const Gpa start(from.value - from.page_offset());
  looks_ = true;
  if (!vgpu_->memory().Read(start, *page)) page->fill(std::byte{0});
  looks_ = false;
  std::memcpy(page->data() + from.page_offset(), data.data(), data.size());
  writer_.AppendContent(TraceEventKind::kPage, std::exchange(reads_, 0), start.value, *page);
}

void Recorder::WasWritten(Gpa to, std::span<const std::byte> data) {
  while (!data.empty()) {
    const size_t piece = std::min<size_t>(data.size(), kPageSize - to.page_offset());
    writer_.AppendStore(to.value, data.first(piece));
    if (KnownPages::Page* page = known_.Find(to.page())) {
      std::memcpy(page->data() + to.page_offset(), data.data(), piece);
    }
    to = to + piece;
    data = data.subspan(piece);
  }
}

void Recorder::HasFailed(Gpa at) {
  if (!looks_) writer_.AppendFailed(std::exchange(reads_, 0), at.value);
}

}  // namespace gvt::core
