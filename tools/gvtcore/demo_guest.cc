// A guest keeps memory as its capture has it: before each workload it stores the pages that are not
// as they should be, as the driver and the programs of that time did. The ring is its own: a
// timestamp, the commands of the capture's ring, an interrupt. So the guest itself knows when its
// work began, on its own clock.
//
// Invariant: nothing is stored while a workload runs.
#include "tools/gvtcore/demo_guest.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/bits.h"
#include "gpu/engine_clock.h"
#include "hw/context_image.h"
#include "hw/register_policy.h"

namespace gvt::tools {
namespace {

using hostif::embedded::GgttPage;
using hostif::embedded::GuestContext;
using hostif::embedded::GuestDriver;
using hostif::embedded::Machine;
using hostif::embedded::MachineOptions;

constexpr uint64_t kOwnPages = 256;  // of memory: status pages, ring, spinner and its tables
constexpr std::chrono::milliseconds kPatience{10'000};

constexpr uint32_t kUserInterrupt = 1u << 0;
constexpr uint32_t kContextSwitch = 1u << 8;
constexpr uint32_t kEir = 0xb0;
constexpr uint32_t kExeclistStatus = 0x234;
constexpr uint32_t kAnyList = 3u << 3;
constexpr uint32_t kTimestamp = 0x358;
constexpr uint32_t kForceToNonPriv = 0x4d0;

constexpr uint32_t kMiUserInterrupt = 0x02u << 23;
constexpr uint32_t kMiStoreRegisterMem = 0x24u << 23 | 1u << 22 | 2;  // into the GGTT
constexpr uint32_t kMiStoreDataImm = 0x20u << 23 | 2;
constexpr uint32_t kMiBatchBufferStart = 0x31u << 23 | 1u << 8 | 1;
constexpr uint32_t kMiBatchBufferEnd = 0x0au << 23;

uint16_t DeviceIdOf(hw::Platform platform) {
  return platform == hw::Platform::kKbl ? 0x5916 : 0x1912;
}

uint64_t NsOfTicks(uint64_t ticks) {
  return ticks * (1'000'000'000 / 1'000'000) / (gpu::kTimestampHz / 1'000'000);
}

}  // namespace

Result<void> DemoSpinner::Prepare() {
  constexpr uint64_t kBatch = 0x100000;
  const auto tables = driver_.CreatePageTables();
  if (!tables) return tables.error();
  const Result<Gpa> batch = driver_.AllocateAt(*tables, Gma(kBatch), 1);
  if (!batch) return batch.error();
  batch_ = *batch;
  const Result<GuestContext> context = driver_.CreateContext(hw::Engine::kRcs, *tables);
  if (!context) return context.error();
  context_ = *context;
  return {};
}

void DemoSpinner::Start() {
  constexpr uint32_t kBatch = 0x100000;
  hostif::embedded::GuestPorts& machine = driver_.machine();
  // It stores, for a batch that does nothing is not given the engine for long.
  const uint32_t batch[] = {kMiStoreDataImm, kBatch + 0x800, 0, 1, kMiBatchBufferStart, kBatch, 0};
  machine.Store(batch_, batch);
  const uint32_t start[] = {kMiBatchBufferStart, kBatch, 0};
  driver_.Append(context_, start);
  driver_.Submit(context_);
}

bool DemoSpinner::Stop() {
  driver_.machine().Store32(batch_, kMiBatchBufferEnd);
  return driver_.WaitForIdle(hw::Engine::kRcs, kPatience);
}

Result<void> DemoGuest::Boot(hostif::embedded::Host& host, uint32_t weight) {
  MachineOptions options;
  options.memory_bytes = (capture_.end_page + kOwnPages) << kPageShift;
  options.vgpu.pci_device_id = DeviceIdOf(capture_.platform);
  options.vgpu.weight = weight;
  auto machine = Machine::Create(host, options);
  if (!machine) return machine.error();
  machine_ = std::move(machine).value();
  driver_ = std::make_unique<GuestDriver>(*machine_, capture_.platform, capture_.end_page,
                                          capture_.free_ggtt_page);
  if (const Result<void> booted = driver_->Boot(); !booted) return booted;
  for (const hw::Engine engine :
       {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs, hw::Engine::kVecs}) {
    const uint32_t base = hw::EngineMmioBase(engine);
    const auto& slots = hw::StockNonPrivilegeSlots(capture_.platform, engine);
    for (uint32_t i = 0; i < slots.size(); ++i) {
      machine_->WriteRegister(base + kForceToNonPriv + 4 * i, slots[i]);
    }
  }
  const Result<GgttPage> ring = driver_->AllocateGgtt(GuestDriver::kRingBytes >> kPageShift);
  if (!ring) return ring.error();
  ring_ = *ring;
  const Result<GgttPage> stamp = driver_->AllocateGgtt(1);
  if (!stamp) return stamp.error();
  stamp_ = *stamp;
  spinner_ = std::make_unique<DemoSpinner>(*driver_);
  if (const Result<void> prepared = spinner_->Prepare(); !prepared) return prepared;
  MeasureClock();
  return {};
}

// The device's clock between two looks at ours; of many, the pair that lies closest.
void DemoGuest::MeasureClock() {
  constexpr unsigned kTries = 64;
  const uint32_t timestamp = hw::EngineMmioBase(hw::Engine::kRcs) + kTimestamp;
  uint64_t closest = std::numeric_limits<uint64_t>::max();
  for (unsigned i = 0; i < kTries; ++i) {
    const uint64_t before = clock_.NowNs();
    const uint64_t ticks = machine_->ReadRegister(timestamp);
    const uint64_t after = clock_.NowNs();
    if (after - before >= closest) continue;
    closest = after - before;
    clock_offset_ns_ =
        static_cast<int64_t>(before + closest / 2) - static_cast<int64_t>(NsOfTicks(ticks));
  }
}

uint64_t DemoGuest::DispatchedNs() const {
  const uint64_t ticks = machine_->Load32(stamp_.gpa);
  return static_cast<uint64_t>(static_cast<int64_t>(NsOfTicks(ticks)) + clock_offset_ns_);
}

void DemoGuest::Run(const std::atomic<bool>& stop) {
  uint32_t next = 0;
  do {
    RunWorkload(next);
    next = (next + 1) % static_cast<uint32_t>(capture_.workloads.size());
  } while (!stop.load(std::memory_order_relaxed));
}

void DemoGuest::Prepare(const DemoWorkload& workload) {
  for (const DemoMapping& mapping : workload.mappings) {
    const auto [it, is_new] = mapped_.try_emplace(mapping.page, mapping.entry);
    if (!is_new && it->second == mapping.entry) continue;
    it->second = mapping.entry;
    machine_->WriteGgttEntry(mapping.page, mapping.entry);
  }
  for (const DemoMemory& memory : workload.memory) {
    const auto [it, is_new] = present_.try_emplace(memory.page, memory.content);
    if (!is_new && it->second == memory.content) continue;
    it->second = memory.content;
    machine_->Store(Gpa(memory.page << kPageShift), capture_.contents[memory.content]);
  }
}

// Returns the tail.
uint32_t DemoGuest::WriteRing(const DemoWorkload& workload) {
  const uint32_t timestamp = hw::EngineMmioBase(workload.engine) + kTimestamp;
  const uint32_t stamp[] = {kMiStoreRegisterMem, timestamp, Low32(stamp_.gma.value), 0};
  const Gpa start = ring_.gpa;
  machine_->Store(start, stamp);
  machine_->Store(start + sizeof stamp, workload.ring);
  uint32_t tail = static_cast<uint32_t>(sizeof stamp + workload.ring.size() * 4);
  machine_->Store32(start + tail, kMiUserInterrupt);
  tail += 4;
  if (tail % 8 != 0) {
    machine_->Store32(start + tail, 0);
    tail += 4;
  }
  const Gpa image(workload.image_page << kPageShift);
  const auto set = [&](size_t dword, uint32_t value) {
    machine_->Store32(image + dword * 4, value);
  };
  set(hw::kContextRingStart, Low32(ring_.gma.value));
  set(hw::kContextRingCtl, (GuestDriver::kRingBytes - static_cast<uint32_t>(kPageSize)) | 1);
  set(hw::kContextRingHead, 0);
  set(hw::kContextRingTail, tail);
  present_.erase(workload.image_page);
  return tail;
}

void DemoGuest::RunWorkload(uint32_t index) {
  const DemoWorkload& workload = capture_.workloads[index];
  Prepare(workload);
  WriteRing(workload);
  GuestContext context;
  context.engine = workload.engine;
  context.descriptor = workload.descriptor;
  DemoEvent event;
  event.engine = workload.engine;
  event.workload = index;
  ++tally_.submitted;
  event.submitted_ns = clock_.NowNs();
  const bool done = driver_->Submit(context) &&
                    driver_->WaitForInterrupt(workload.engine, kUserInterrupt, kPatience);
  event.interrupted_ns = clock_.NowNs();
  if (!done || !WaitUntilIdle(workload.engine)) {
    ++tally_.lost;
    driver_->ResetEngine(workload.engine);
    return Forget(workload);
  }
  event.dispatched_ns = DispatchedNs();
  ++tally_.completed;
  tally_.commands += workload.commands;
  completed_.fetch_add(1, std::memory_order_relaxed);
  if (events_.size() < kMaxEvents) events_.push_back(event);
  if (checks_) Check(workload, index);
  Forget(workload);
}

// A context that is left is saved before its engine is idle.
bool DemoGuest::WaitUntilIdle(hw::Engine engine) {
  constexpr std::chrono::milliseconds kLook{20};
  const uint32_t base = hw::EngineMmioBase(engine);
  const uint64_t end = clock_.NowNs() + uint64_t{10'000'000'000};
  while ((machine_->ReadRegister(base + kExeclistStatus) & kAnyList) != 0) {
    if ((machine_->ReadRegister(base + kEir) & 1) != 0 || clock_.NowNs() > end) return false;
    (void)driver_->WaitForInterrupt(engine, kContextSwitch, kLook);
  }
  return true;
}

// What the workload wrote is not what the next one expects.
void DemoGuest::Forget(const DemoWorkload& workload) {
  for (const DemoMemory& memory : workload.memory) {
    if (!memory.effects.empty()) present_.erase(memory.page);
  }
}

void DemoGuest::Check(const DemoWorkload& workload, uint32_t index) {
  for (const DemoMemory& memory : workload.memory) {
    if (memory.effects.empty() || memory.page == workload.image_page) continue;
    ++tally_.pages_checked;
    const DemoPage& before = capture_.contents[memory.content];
    auto effect = memory.effects.begin();
    for (size_t i = 0; i < before.size(); ++i) {
      uint32_t expected = before[i];
      bool is_time = false;
      if (effect != memory.effects.end() && effect->dword == i) {
        expected = effect->value;
        is_time = effect->is_time;
        ++effect;
      }
      const Gpa at(memory.page << kPageShift | i * sizeof(uint32_t));
      const uint32_t found = machine_->Load32(at);
      if (is_time || found == expected) continue;
      if (tally_.pages_wrong++ == 0) {
        tally_.first_wrong = fmt::format("workload {}, {:#x}: model {:#x}, memory {:#x}", index,
                                         at.value, expected, found);
      }
      break;
    }
  }
}

}  // namespace gvt::tools
