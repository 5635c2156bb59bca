// The device put together: which unit an access belongs to, and in which order things are reset.
//
// | region | offset          | unit                              |
// |--------|-----------------|-----------------------------------|
// | config | 0..4 KiB        | PciConfig                         |
// | BAR0   | 0..2 MiB        | RegisterAccess                    |
// | BAR0   | 8..16 MiB       | GgttWindow                        |
// | BAR2   |                 | Aperture                          |
// | BAR4   |                 | nothing: reads as zero            |
//
// A region whose decoding is off in the PCI command register is not there: all ones.
//
// Thread rule: any thread, for everything but construction and BindEngine. Guest accesses take no
// lock for registers that store; interrupts and configuration space have one small lock each, the
// device's own.
// Source: PRM SKL vol 5 "Memory Views" (layout of GTTMMADR).
#include "vgpu/device.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>

#include "base/range.h"
#include "hw/register_table.h"
#include "vgpu/aperture.h"
#include "vgpu/engine_reset.h"
#include "vgpu/ggtt_window.h"
#include "vgpu/interrupt_unit.h"
#include "vgpu/mmio_context.h"
#include "vgpu/pci_config.h"
#include "vgpu/pvinfo.h"
#include "vgpu/register_access.h"
#include "vgpu/register_file.h"
#include "vgpu/shifted_clock.h"
#include "vgpu/snapshot.h"

namespace gvt::vgpu {
namespace {

class SteadyClock final : public gpu::EngineClock {
 public:
  uint64_t NowNs() override {
    const auto elapsed = std::chrono::steady_clock::now() - start_;
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class EngineRegisters final : public gpu::RegisterPort {
 public:
  EngineRegisters(RegisterAccess& access, WrittenRegisters& written, hw::Engine engine)
      : access_(access), written_(written), engine_(engine) {}
  uint32_t Read(uint32_t offset) override { return access_.ReadByEngine(offset); }
  void Write(uint32_t offset, uint32_t value) override { access_.WriteByEngine(offset, value); }
  uint32_t* PlaceOf(uint32_t offset) override { return access_.PlaceForEngine(offset); }
  gpu::SavedRegisterSet TakeWritten() override { return written_.Take(engine_); }
  void Restore(uint32_t offset, uint32_t value) override { access_.RestoreByEngine(offset, value); }

 private:
  RegisterAccess& access_;
  WrittenRegisters& written_;
  const hw::Engine engine_;
};

class EngineInterrupts final : public gpu::InterruptPort {
 public:
  EngineInterrupts(InterruptUnit& unit, const GuestState& guest, hw::Engine engine)
      : unit_(unit), guest_(guest), engine_(engine) {}
  void Raise(gpu::EngineInterrupt interrupt) override {
    if (!guest_.failsafe.load(std::memory_order_relaxed)) unit_.Raise(engine_, interrupt);
  }

 private:
  InterruptUnit& unit_;
  const GuestState& guest_;
  const hw::Engine engine_;
};

// What a config may say is bounded here, so that nothing behind has to ask again.
DeviceConfig Bounded(DeviceConfig config) {
  constexpr uint64_t kLargest = uint64_t{1} << 31;
  config.aperture_bytes = std::bit_floor(std::clamp(config.aperture_bytes, kPageSize, kLargest));
  config.fence_count = std::min(config.fence_count, kMaxFences);
  return config;
}

hw::Platform PlatformOf(const DeviceConfig& config) {
  return hw::PlatformFromPciId(config.pci_device_id).value_or(hw::Platform::kSkl);
}

constexpr std::array kDecoded = {Region::kBar0, Region::kBar2, Region::kBar4};

void Fill(std::span<std::byte> out, uint8_t value) {
  std::fill(out.begin(), out.end(), std::byte{value});
}

}  // namespace

class Device::State final : public MessageSink {
 public:
  State(const DeviceConfig& device_config, hostif::GuestMemory& memory, DeviceHost& device_host)
      : config(Bounded(device_config)),
        host(device_host),
        clock(config.clock != nullptr ? *config.clock : own_clock),
        pci(config.pci_device_id, config.aperture_bytes),
        interrupts(file, *this, config.threads),
        written(PlatformOf(config)),
        context{PlatformOf(config), config, host, file, written, interrupts, clock, guest},
        access(context),
        ggtt(Range::Sized(config.low_gm_base, config.low_gm_bytes),
             Range::Sized(config.high_gm_base, config.high_gm_bytes)),
        aperture(memory, ggtt, file, config.fence_count) {
    FillPvinfo(config, file);
  }

  void RaiseMessage() override {
    if (!pci.msi_enabled()) return;
    messages.fetch_add(1, std::memory_order_relaxed);
    host.RaiseMsi(pci.message());
  }

  // Every access. Apart from the way that most take, which then needs no stack: what a function
  // saves there, its callers wait for.
  [[gnu::noinline]] size_t Read(Region region, uint64_t offset, std::span<std::byte> out);
  [[gnu::noinline]] size_t Write(Region region, uint64_t offset, std::span<const std::byte> data);
  // A write to a whole register.
  [[gnu::noinline]] size_t Act(uint32_t offset, uint32_t value) {
    access.WriteDword(offset, value);
    return sizeof value;
  }

  // Tells the host where the regions are, if that has changed. Whoever comes while another tells
  // leaves it to him: the host's calls are in order, and no lock is held in them.
  void TellTrapAreas() {
    uint32_t asked = trap_changes.fetch_add(1) + 1;
    if (asked != 1) return;
    do {
      const DecodedRanges now = pci.decoded();
      for (size_t i = 0; i < now.size(); ++i) {
        if (now[i] == told[i]) continue;
        if (told[i].size_bytes != 0) host.SetTrapArea(kDecoded[i], told[i], false);
        told[i] = now[i];
        if (told[i].size_bytes != 0) host.SetTrapArea(kDecoded[i], told[i], true);
      }
    } while (!trap_changes.compare_exchange_strong(asked, 0));
  }

  const DeviceConfig config;
  DeviceHost& host;
  SteadyClock own_clock;
  ShiftedClock clock;
  GuestState guest;
  std::atomic<uint64_t> messages{0};  // atomic: a counter
  // atomic: how many have asked for the host to be told; whoever brings it from 0 tells
  std::atomic<uint32_t> trap_changes{0};
  DecodedRanges told;  // the teller's
  RegisterFile file;
  PciConfig pci;
  InterruptUnit interrupts;
  WrittenRegisters written;
  MmioContext context;
  RegisterAccess access;
  GgttWindow ggtt;
  Aperture aperture;
  std::array<EngineRegisters, hw::kEngineCount> engine_registers{{
      {access, written, hw::Engine::kRcs},
      {access, written, hw::Engine::kBcs},
      {access, written, hw::Engine::kVcs},
      {access, written, hw::Engine::kVcs2},
      {access, written, hw::Engine::kVecs},
  }};
  std::array<EngineInterrupts, hw::kEngineCount> engine_interrupts{{
      {interrupts, guest, hw::Engine::kRcs},
      {interrupts, guest, hw::Engine::kBcs},
      {interrupts, guest, hw::Engine::kVcs},
      {interrupts, guest, hw::Engine::kVcs2},
      {interrupts, guest, hw::Engine::kVecs},
  }};
};

size_t Device::State::Read(Region region, uint64_t offset, std::span<std::byte> out) {
  switch (region) {
    case Region::kBar0:
      if (!pci.memory_decoded()) {
        Fill(out, 0xff);
      } else if (offset >= kGgttWindow) {
        ggtt.Read(offset - kGgttWindow, out);
      } else {
        access.Read(static_cast<uint32_t>(offset), out);
      }
      break;
    case Region::kBar2:
      if (!pci.memory_decoded()) {
        Fill(out, 0xff);
      } else {
        aperture.Read(offset, out);
      }
      break;
    case Region::kBar4: Fill(out, pci.io_decoded() ? 0 : 0xff); break;
    case Region::kConfig: pci.Read(offset, out); break;
    default: Fill(out, 0xff);
  }
  return out.size();
}

size_t Device::State::Write(Region region, uint64_t offset, std::span<const std::byte> data) {
  switch (region) {
    case Region::kBar0:
      if (!pci.memory_decoded()) break;
      if (offset >= kGgttWindow) {
        ggtt.Write(offset - kGgttWindow, data);
      } else {
        access.Write(static_cast<uint32_t>(offset), data);
      }
      break;
    case Region::kBar2:
      if (pci.memory_decoded()) aperture.Write(offset, data);
      break;
    case Region::kBar4: break;
    case Region::kConfig:
      if (pci.Write(offset, data).msi_enabled) interrupts.MessagesEnabled();
      TellTrapAreas();
      break;
  }
  return data.size();
}

Device::Device(const DeviceConfig& config, hostif::GuestMemory& memory, DeviceHost& host)
    : state_(std::make_unique<State>(config, memory, host)) {
  const auto set = [this](Region region, uint64_t bytes) {
    region_sizes_[static_cast<size_t>(region)] = bytes;
  };
  set(Region::kBar0, kBar0Bytes);
  set(Region::kBar2, state_->config.aperture_bytes);
  set(Region::kBar4, kBar4Bytes);
  set(Region::kConfig, kConfigBytes);
}

Device::~Device() = default;

void Device::BindEngine(sched::VirtualExeclist* execlist) {
  state_->context.execlists[static_cast<unsigned>(execlist->engine())] = execlist;
}

size_t Device::Read(Region region, uint64_t offset, std::span<std::byte> out) {
  State& s = *state_;
  const bool stored =
      region == Region::kBar0 && s.pci.memory_decoded() && s.access.ReadStored(offset, out);
  return stored ? out.size() : s.Read(region, offset, out);
}

size_t Device::Write(Region region, uint64_t offset, std::span<const std::byte> data) {
  State& s = *state_;
  const bool whole = region == Region::kBar0 && RegisterAccess::IsDword(offset, data.size());
  if (!whole || !s.pci.memory_decoded()) return s.Write(region, offset, data);
  uint32_t value = 0;
  std::memcpy(&value, data.data(), sizeof value);
  const auto at = static_cast<uint32_t>(offset);
  return s.access.StorePlain(at, value) ? sizeof value : s.Act(at, value);
}

void Device::Reset() {
  State& s = *state_;
  ResetGt(s.context);
  s.file.ResetRange(0, hw::kMmioBytes);
  s.written.AddAll();
  FillPvinfo(s.config, s.file);
  s.interrupts.Reset();
  s.ggtt.Reset();
  s.pci.Reset();
  s.TellTrapAreas();
  s.guest.pv_seen.store(false, std::memory_order_relaxed);
  s.guest.failsafe.store(false, std::memory_order_relaxed);
}

DeviceSnapshot Device::Save() const {
  const State& s = *state_;
  DeviceSnapshot snapshot;
  s.pci.Read(0, std::as_writable_bytes(std::span(snapshot.config)));
  snapshot.registers = s.file.Save();
  snapshot.ggtt = s.ggtt.Save();
  snapshot.interrupts = s.interrupts.Save();
  snapshot.time_ns = s.context.clock.NowNs();
  snapshot.pv_seen = s.guest.pv_seen.load(std::memory_order_relaxed);
  snapshot.failsafe = s.guest.failsafe.load(std::memory_order_relaxed);
  return snapshot;
}

void Device::Restore(const DeviceSnapshot& snapshot) {
  State& s = *state_;
  s.file.Restore(snapshot.registers);
  FillPvinfoConstants(s.config, s.file);
  s.written.AddAll();
  s.interrupts.Restore(snapshot.interrupts);
  s.ggtt.Restore(snapshot.ggtt);
  s.pci.Restore(snapshot.config);
  s.clock.Set(snapshot.time_ns);
  s.guest.pv_seen.store(snapshot.pv_seen, std::memory_order_relaxed);
  s.guest.failsafe.store(snapshot.failsafe, std::memory_order_relaxed);
  s.TellTrapAreas();
}

void Device::Leave() {
  state_->pci.Reset();
  state_->TellTrapAreas();
}

gpu::RegisterPort& Device::registers(hw::Engine engine) {
  return state_->engine_registers[static_cast<unsigned>(engine)];
}

gpu::InterruptPort& Device::interrupts(hw::Engine engine) {
  return state_->engine_interrupts[static_cast<unsigned>(engine)];
}

const sched::GgttPort& Device::ggtt() const {
  return state_->ggtt;
}

gpu::EngineClock& Device::clock() {
  return state_->context.clock;
}

bool Device::failsafe() const {
  return state_->guest.failsafe.load(std::memory_order_relaxed);
}

DeviceStatistics Device::statistics() const {
  DeviceStatistics statistics;
  statistics.messages = state_->messages.load(std::memory_order_relaxed);
  statistics.engine_resets = state_->guest.engine_resets.load(std::memory_order_relaxed);
  statistics.refused_writes = state_->guest.refused_writes.load(std::memory_order_relaxed);
  return statistics;
}

}  // namespace gvt::vgpu
