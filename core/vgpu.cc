// The composition of a vGPU.
//
// Invariants:
// 1. Members are declared so that what is used outlives what uses it: log, memory, shadow, device,
// auditor,
//    engines.
// 2. An execlist is with the engines while the vGPU is active: at most from the end of
//    construction to the beginning of destruction. Nothing else lets an engine's thread in.
#include "core/vgpu.h"

#include "jit/make_engine.h"
#include "sched/segment_auditor.h"

namespace gvt::core {
namespace {

// The GT2 parts that are modelled have one video engine.
constexpr hw::Engine kEngines[] = {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                   hw::Engine::kVecs};

}  // namespace

Vgpu::EngineUnit::EngineUnit(Vgpu& owner, hw::Engine engine)
    : memory(owner.settings_.platform, engine, owner.memory_, owner.shadow_, owner.device_.ggtt(),
             owner.settings_.scan ? owner.scan_.get() : nullptr, owner.settings_.policy,
             &owner.log_),
      streamer(owner.settings_.platform, engine,
               gpu::SoftStreamerPorts{memory, owner.device_.registers(engine),
                                      owner.device_.interrupts(engine), memory,
                                      owner.device_.clock(), &owner.log_}),
      execlist(sched::EnginePorts{engine, &streamer, &memory, &owner.device_.registers(engine),
                                  &owner.device_.interrupts(engine), owner.hooks_.slices,
                                  &owner.log_, owner.settings_.stall_limit_ns,
                                  owner.settings_.device.threads}) {}

Vgpu::Vgpu(sched::Engines& engines, const VgpuSettings& settings, const HostLink& link,
           const BoundaryHooks& hooks)
    : engines_(engines),
      settings_(settings),
      link_(link),
      hooks_(hooks),
      events_(settings.event_clock),
      log_(link.ops, link.host, nullptr, &events_),
      host_memory_(link_),
      memory_(hooks.memory, host_memory_.exists() ? &host_memory_ : nullptr,
              settings.device.threads),
      shadow_(memory_),
      device_(settings_.device, memory_, *this),
      scan_(jit::MakeScanEngine(settings_.platform, settings_.policy)) {
  for (const hw::Engine engine : kEngines) {
    auto& unit = units_[static_cast<size_t>(engine)];
    unit = std::make_unique<EngineUnit>(*this, engine);
    device_.BindEngine(&unit->execlist);
  }
  SetActive(true);
}

Vgpu::~Vgpu() {
  SetActive(false);
  device_.Leave();
}

void Vgpu::SetActive(bool active) {
  const std::lock_guard lock(activity_);
  if (active == active_) return;
  active_ = active;
  LetEnginesIn(active);
  events_.Note({active ? EventKind::kActivated : EventKind::kDeactivated});
}

void Vgpu::LetEnginesIn(bool in) {
  for (const auto& unit : units_) {
    if (!unit) continue;
    if (in) {
      engines_.Attach(&unit->execlist, settings_.share);
    } else {
      engines_.Detach(&unit->execlist);
    }
  }
}

template <typename Work>
void Vgpu::WhilePaused(Work work) {
  const std::lock_guard lock(activity_);
  if (active_) LetEnginesIn(false);
  work();
  if (active_) LetEnginesIn(true);
}

std::vector<std::byte> Vgpu::SaveState() {
  VgpuSnapshot snapshot;
  WhilePaused([&] {
    for (size_t i = 0; i < units_.size(); ++i) {
      if (units_[i]) snapshot.engines[i] = units_[i]->execlist.Save();
    }
    snapshot.device = device_.Save();  // behind the engines: they write into registers
  });
  std::vector<std::byte> state = EncodeState(settings_, snapshot);
  events_.Note({EventKind::kSaved, kNoEngine, state.size()});
  return state;
}

std::optional<capture::FileError> Vgpu::RestoreState(std::span<const std::byte> state) {
  auto snapshot = DecodeState(settings_, state);
  if (!snapshot) {
    if (log_.Takes(LogLevel::kError)) {
      log_.Write(LogLevel::kError, ("not restored: " + snapshot.error().Message()).c_str());
    }
    return snapshot.error();
  }
  WhilePaused([&] {
    for (size_t i = 0; i < units_.size(); ++i) {
      if (!units_[i]) continue;
      units_[i]->execlist.Restore(snapshot->engines[i].value_or(sched::ExeclistSnapshot{}));
      units_[i]->memory.RequestInvalidate();
    }
    device_.Restore(snapshot->device);  // behind the engines: a reset writes into registers
  });
  events_.Note({EventKind::kRestored, kNoEngine, state.size()});
  return std::nullopt;
}

void Vgpu::RaiseMsi(const vgpu::MsiMessage& message) {
  if (link_.ops.inject_msi != nullptr) {
    link_.ops.inject_msi(link_.host, message.address, message.data);
  } else {
    link_.ops.raise_msi(link_.host, 0);
  }
}

void Vgpu::SetTrapArea(vgpu::Region region, const vgpu::DecodedRange& where, bool on) {
  events_.Note(
      {on ? EventKind::kRegionMapped : EventKind::kRegionUnmapped, kNoEngine, where.address});
  if (link_.ops.set_trap_area == nullptr) return;
  link_.ops.set_trap_area(link_.host, static_cast<uint32_t>(region), where.address,
                          where.size_bytes, on ? 1 : 0);
}

void Vgpu::WakeEngine(hw::Engine engine) {
  engines_.Wake(engine);
}

void Vgpu::InvalidateTlb(hw::Engine engine) {
  if (EngineUnit* unit = UnitOf(engine)) unit->memory.RequestInvalidate();
}

void Vgpu::SetScan(bool on) {
  for (const auto& unit : units_) {
    if (unit) unit->memory.SetScan(on ? scan_.get() : nullptr);
  }
}

void Vgpu::Fill(gvtcore_vgpu_statistics_t* statistics) const {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  const vgpu::DeviceStatistics device = device_.statistics();
  statistics->interrupts = device.messages;
  statistics->engine_resets = device.engine_resets;
  const shadow::ShadowCounters& shadow = shadow_.counters();
  statistics->ptes_converted = shadow.entries.load(kRelaxed);
  statistics->tables_shadowed = shadow.tables.load(kRelaxed);
  for (const auto& substituted : shadow.substituted) {
    statistics->ptes_substituted += substituted.load(kRelaxed);
  }
  for (size_t i = 0; i < units_.size(); ++i) {
    if (!units_[i]) continue;
    const sched::AuditCounters& audit = units_[i]->memory.counters();
    const sched::ExeclistCounters& execlist = units_[i]->execlist.counters();
    statistics->submissions += execlist.submissions.load(kRelaxed);
    statistics->segments += audit.segments.load(kRelaxed);
    statistics->batches += audit.batches.load(kRelaxed);
    statistics->commands += audit.commands.load(kRelaxed);
    statistics->scanned_bytes += audit.scanned_bytes.load(kRelaxed);
    statistics->refusals += audit.refusals.load(kRelaxed);
    statistics->engine_busy_ns[i] = execlist.busy_ns.load(kRelaxed);
    for (size_t rule = 0; rule < audit.refusals_by_rule.size(); ++rule) {
      statistics->refusals_by_rule[rule] += audit.refusals_by_rule[rule].load(kRelaxed);
    }
    statistics->stalls += execlist.stalls.load(kRelaxed);
  }
}

}  // namespace gvt::core
