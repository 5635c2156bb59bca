// Each attack starts from a sound context: the tables and the register state are made whole again
// before it, and the engine is reset behind it if it did not come to rest by itself.
#include "tools/gvtcore/demo_attacker.h"

#include <array>
#include <thread>

#include "base/bits.h"
#include "hw/context_image.h"

namespace gvt::tools {
namespace {

using hostif::embedded::GuestDriver;
using hostif::embedded::Machine;
using hostif::embedded::MachineOptions;

enum Kind : uint8_t {
  kUnknownCommand,
  kCommandTooLong,
  kRegisterOfStatusPage,
  kRegisterOfNeighbourEngine,
  kStoreIntoGgtt,
  kStoreNowhere,
  kBatchWithoutEnd,
  kNoiseAsCommands,
  kNoiseAsTables,
  kNoiseAsImage,
  kNoiseAsDescriptor,
  kEndlessBatch,
  kKinds,
};
constexpr std::array<const char*, kKinds> kNames = {
    "unknown command",
    "command that ends behind its batch",
    "register of the status page",
    "register of another engine",
    "store into the GGTT by a user batch",
    "store to an address without a page",
    "batch without an end",
    "noise as commands",
    "noise as page tables",
    "noise as register state",
    "noise as descriptor",
    "endless batch",
};

constexpr uint64_t kBatch = 0x400000;
constexpr uint32_t kEir = 0xb0;
constexpr uint32_t kElsp = 0x230;

constexpr uint32_t kMiBatchBufferStart = 0x31u << 23 | 1u << 8 | 1;
constexpr uint32_t kMiBatchBufferEnd = 0x0au << 23;
constexpr uint32_t kMiLoadRegisterImm = 0x22u << 23 | 1;
constexpr uint32_t kMiStoreDataImm = 0x20u << 23 | 2;
constexpr uint32_t kGgttBit = 1u << 22;

}  // namespace

Result<void> DemoAttacker::Boot(hostif::embedded::Host& host, uint32_t weight) {
  MachineOptions options;
  options.vgpu.weight = weight;
  auto machine = Machine::Create(host, options);
  if (!machine) return machine.error();
  machine_ = std::move(machine).value();
  driver_ = std::make_unique<GuestDriver>(*machine_);
  if (const Result<void> booted = driver_->Boot(); !booted) return booted;
  spinner_ = std::make_unique<DemoSpinner>(*driver_);
  if (const Result<void> prepared = spinner_->Prepare(); !prepared) return prepared;
  const auto tables = driver_->CreatePageTables();
  if (!tables) return tables.error();
  tables_ = *tables;
  const Result<Gpa> batch = driver_->AllocateAt(tables_, Gma(kBatch), 1);
  if (!batch) return batch.error();
  batch_ = *batch;
  const auto context = driver_->CreateContext(hw::Engine::kRcs, tables_);
  if (!context) return context.error();
  context_ = *context;
  const Result<Gpa> image = driver_->AllocatePages(1);
  if (!image) return image.error();
  image_ = *image;
  const Gpa state = context_.image.gpa + kPageSize;
  for (uint64_t at = 0; at < kPageSize; at += 4) {
    machine_->Store32(image_ + at, machine_->Load32(state + at));
  }
  for (const char* name : kNames) tallies_.push_back({name});
  return {};
}

void DemoAttacker::Run(const std::atomic<bool>& stop) {
  size_t next = 0;
  do {
    Attack(next);
    next = (next + 1) % kKinds;
    tries_.fetch_add(1, std::memory_order_relaxed);
  } while (!stop.load(std::memory_order_relaxed));
}

DemoAttacker::Commands DemoAttacker::BatchOf(size_t index) {
  switch (index) {
    case kUnknownCommand: return {0x7f000000, 0, kMiBatchBufferEnd};
    case kCommandTooLong: return {kMiStoreDataImm | 0x3f0, Noise(), Noise(), Noise()};
    case kRegisterOfStatusPage: return {kMiLoadRegisterImm, 0x2080, Noise(), kMiBatchBufferEnd};
    case kRegisterOfNeighbourEngine:
      return {kMiLoadRegisterImm, 0x22030, Noise(), kMiBatchBufferEnd};
    case kStoreIntoGgtt:
      return {kMiStoreDataImm | kGgttBit, Noise() & ~3u, 0, Noise(), kMiBatchBufferEnd};
    case kStoreNowhere: return {kMiStoreDataImm, 0x70000000, 0x12, Noise(), kMiBatchBufferEnd};
    case kBatchWithoutEnd: return Commands(kPageSize / 4, 0);
    case kNoiseAsCommands: {
      Commands noise(kPageSize / 4);
      for (uint32_t& dword : noise) dword = Noise();
      return noise;
    }
    case kEndlessBatch: return {kMiBatchBufferStart, Low32(kBatch), High32(kBatch)};
    default: return {kMiBatchBufferEnd};
  }
}

void DemoAttacker::Attack(size_t index) {
  AttackTally& tally = tallies_[index];
  gvtcore_vgpu_statistics_t before = {};
  before.size = sizeof before;
  gvtcore_vgpu_statistics(machine_->vgpu(), &before);
  ++tally.tries;
  machine_->Store(batch_, BatchOf(index));
  const Gpa state = context_.image.gpa + kPageSize;
  for (uint64_t at = 0; at < kPageSize; at += 4) {
    const bool is_noise = index == kNoiseAsImage && Noise() % 4 == 0;
    machine_->Store32(state + at, is_noise ? Noise() : machine_->Load32(image_ + at));
  }
  context_.tail = 0;
  DemoEvent event;
  event.workload = static_cast<uint32_t>(index);
  event.submitted_ns = clock_.NowNs();
  event.dispatched_ns = event.submitted_ns;
  Submit(index);
  Settle(&tally);
  event.interrupted_ns = clock_.NowNs();
  if (events_.size() < DemoGuest::kMaxEvents) events_.push_back(event);
  gvtcore_vgpu_statistics_t after = {};
  after.size = sizeof after;
  gvtcore_vgpu_statistics(machine_->vgpu(), &after);
  tally.refusals += after.refusals - before.refusals;
}

void DemoAttacker::Submit(size_t index) {
  const uint32_t start[] = {kMiBatchBufferStart, Low32(kBatch), High32(kBatch)};
  driver_->Append(context_, start);
  if (index == kNoiseAsDescriptor) {
    const uint32_t port = hw::EngineMmioBase(hw::Engine::kRcs) + kElsp;
    for (int i = 0; i < 4; ++i) machine_->WriteRegister(port, Noise());
    return;
  }
  if (index != kNoiseAsTables) {
    driver_->Submit(context_);
    return;
  }
  std::array<uint32_t, 8> sound{};
  for (size_t i = 0; i < sound.size(); ++i) {
    const Gpa at = tables_.root + i * sizeof(uint32_t);
    sound[i] = machine_->Load32(at);
    machine_->Store32(at, Noise());
  }
  driver_->Submit(context_);
  std::this_thread::sleep_for(std::chrono::microseconds(200));
  machine_->Store(tables_.root, sound);
}

// A little patience, then a reset, as a driver's watchdog has it.
void DemoAttacker::Settle(AttackTally* tally) {
  constexpr std::chrono::milliseconds kWatchdog{5};
  const uint32_t base = hw::EngineMmioBase(hw::Engine::kRcs);
  (void)driver_->WaitForInterrupt(hw::Engine::kRcs, 1u << 8, kWatchdog);
  const bool idle = driver_->WaitForIdle(hw::Engine::kRcs, kWatchdog);
  const bool has_error = (machine_->ReadRegister(base + kEir) & 1) != 0;
  if (has_error) {
    ++tally->stopped;
  } else if (idle) {
    ++tally->ended;
  } else {
    ++tally->reset;
  }
  if (has_error || !idle) driver_->ResetEngine(hw::Engine::kRcs);
}

}  // namespace gvt::tools
