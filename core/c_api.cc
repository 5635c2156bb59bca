// The C contract (include/gvtcore/gvtcore.h) on the classes of the core.
//
// Every function checks its arguments before anything else and turns errors into codes. A structure
// of the host's is copied, as far as the host says that it goes; what lies behind is zero.
//
// Allocation: the objects themselves answer with ENOMEM. Inside them the core is built without
// exceptions, and a process that has no memory left ends there.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/direct_access.h"
#include "core/event_log.h"
#include "core/host_clock.h"
#include "core/recorder.h"
#include "core/vgpu.h"
#include "core/vgpu_config.h"
#include "gvtcore/gvtcore.h"
#include "gvtcore/mpt.h"
#include "scanner/rule.h"
#include "sched/dispatcher.h"
#include "sched/shared_lease.h"
#include "sched/stepped_engines.h"

// What a host holds on to.
struct gvtcore_instance {
  explicit gvtcore_instance(const gvtcore_config_t& config) : clock(config.now_ns, config.clock) {}

  gvt::sched::Engines& engines() {
    if (stepped) return *stepped;
    return *threads;
  }

  gvt::core::HostClock clock;
  std::unique_ptr<gvt::sched::SharedLease> lease;     // null: engines are this process's own
  std::optional<gvt::sched::SteppedEngines> stepped;  // it has no threads then
  std::optional<gvt::sched::Dispatcher> threads;
  std::atomic<uint32_t> vgpu_count{0};  // atomic: a counter
};

struct gvtcore_vgpu {
  gvtcore_vgpu(gvtcore_t& owner, const gvt::core::VgpuSettings& settings,
               const gvt::core::HostLink& link)
      : core(owner), vgpu(owner.engines(), settings, link) {}
  gvtcore_vgpu(gvtcore_t& owner, const gvt::core::VgpuSettings& settings,
               std::unique_ptr<gvt::core::Recorder> recorded_by)
      : core(owner),
        recorder(std::move(recorded_by)),
        vgpu(owner.engines(), settings, recorder->link(), recorder->hooks()) {
    recorder->Bind(&vgpu);
  }

  gvtcore_t& core;
  const std::unique_ptr<gvt::core::Recorder> recorder;  // null: nothing is recorded
  gvt::core::Vgpu vgpu;
};

gvt::vgpu::Device* gvt::core::DeviceOf(gvtcore_vgpu_t& vgpu) {
  return vgpu.recorder ? nullptr : &vgpu.vgpu.device();
}

namespace {

constexpr uint32_t kMaxVgpus = 64;  // of an instance

// Those that are listed; gvtcore_mpt_type knows more names for them.
constexpr const char* kTypes[] = {"i915-GVTg_V5_8", "i915-GVTg_V5_4", "i915-GVTg_V5_2",
                                  "i915-GVTg_V5_1"};

int CodeOf(gvt::ErrorCode code) {
  switch (code) {
    case gvt::ErrorCode::kBusy: return GVTCORE_EBUSY;
    case gvt::ErrorCode::kNoSpace: return GVTCORE_ENOSPC;
    case gvt::ErrorCode::kNotFound: return GVTCORE_ENOENT;
    case gvt::ErrorCode::kUnsupported: return GVTCORE_ENOTSUP;
    case gvt::ErrorCode::kIo: return GVTCORE_ENOMEM;
    default: return GVTCORE_EINVAL;
  }
}

int CodeOf(const gvt::Result<void>& result) {
  return result ? 0 : CodeOf(result.error().code);
}

// The code of what was done to memory, which is an event if it was done.
int Noted(gvtcore_vgpu_t& vgpu, gvt::EventKind kind, gvt::Gpa start,
          const gvt::Result<void>& result) {
  if (result) vgpu.vgpu.events().Note({kind, gvt::kNoEngine, start.value});
  return CodeOf(result);
}

// `size_bytes`: what the host's structure has. False: not even the size itself.
template <typename T>
bool CopyIn(const T* from, T* to) {
  if (from == nullptr || from->size < sizeof from->size) return false;
  std::memcpy(to, from, std::min(from->size, sizeof *to));
  to->size = sizeof *to;
  return true;
}

// The mandatory members are there, and no half of a pair.
bool IsComplete(const gvtcore_host_ops_t& ops) {
  const bool interrupts = ops.raise_msi != nullptr || ops.inject_msi != nullptr;
  return interrupts && (ops.read_memory == nullptr) == (ops.write_memory == nullptr);
}

// 0: no such region.
uint64_t SizeOf(const gvtcore_vgpu_t& vgpu, uint32_t region) {
  if (region > GVTCORE_REGION_CONFIG) return 0;
  return vgpu.vgpu.device().RegionSize(static_cast<gvt::vgpu::Region>(region));
}

// All of the access is inside a region that there is.
bool IsInside(const gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset, const void* data,
              size_t length) {
  if (vgpu == nullptr || data == nullptr) return false;
  const uint64_t bytes = SizeOf(*vgpu, region);
  // A length of zero becomes one that no region has.
  return offset < bytes && length - 1 < bytes - offset;
}

// What an access is answered with that is not inside.
[[gnu::noinline]] int CodeOfAccess(const gvtcore_vgpu_t* vgpu, uint32_t region, const void* data,
                                   size_t length) {
  if (vgpu == nullptr || data == nullptr || length == 0) return GVTCORE_EINVAL;
  return SizeOf(*vgpu, region) == 0 ? GVTCORE_ENOENT : GVTCORE_EINVAL;
}

// Takes one of the places for vGPUs.
bool TakePlace(gvtcore_t& core) {
  if (core.vgpu_count.fetch_add(1) < kMaxVgpus) return true;
  core.vgpu_count.fetch_sub(1);
  return false;
}

// Makes the object. Null: *code says why.
gvtcore_vgpu_t* MakeVgpu(gvtcore_t& core, gvt::core::VgpuSettings settings,
                         const gvt::core::HostLink& link, const char* trace_path, int* code) {
  gvtcore_vgpu_t* vgpu = nullptr;
  *code = GVTCORE_ENOMEM;
  if (core.stepped) {
    settings.device.clock = settings.event_clock = &core.clock;
    settings.device.threads = gvt::Threads::kOne;
  }
  if (trace_path == nullptr) {
    vgpu = new (std::nothrow) gvtcore_vgpu(core, settings, link);
  } else if (auto recorder = gvt::core::Recorder::Create(trace_path, settings, link)) {
    settings.device.clock = recorder.get();
    settings.stall_limit_ns = 0;  // its time is another one than that of the slices
    vgpu = new (std::nothrow) gvtcore_vgpu(core, settings, std::move(recorder));
  } else {
    *code = GVTCORE_ENOENT;
  }
  if (vgpu != nullptr) *code = 0;
  return vgpu;
}

}  // namespace

extern "C" {

const char* gvtcore_error_text(int code) {
  switch (code) {
    case 0: return "success";
    case GVTCORE_EINVAL: return "argument out of range";
    case GVTCORE_ENOMEM: return "out of memory, threads or address space";
    case GVTCORE_ENOSPC: return "a limit is reached";
    case GVTCORE_EBUSY: return "overlaps something in use";
    case GVTCORE_ENOENT: return "no such thing";
    case GVTCORE_ENOTSUP: return "not supported";
    default: return "unknown error";
  }
}

int gvtcore_create(gvtcore_t** out) {
  gvtcore_config_t config = {};
  config.size = sizeof config;
  return gvtcore_create_with(&config, out);
}

int gvtcore_create_with(const gvtcore_config_t* config, gvtcore_t** out) {
  if (out == nullptr) return GVTCORE_EINVAL;
  *out = nullptr;
  gvtcore_config_t known = {};
  if (!CopyIn(config, &known) || (known.flags & ~GVTCORE_STEPPED) != 0) return GVTCORE_EINVAL;
  const bool is_stepped = (known.flags & GVTCORE_STEPPED) != 0;
  if (is_stepped ? known.lease_path != nullptr : known.now_ns != nullptr) return GVTCORE_EINVAL;
  std::unique_ptr<gvtcore_t> core(new (std::nothrow) gvtcore_t(known));
  if (!core) return GVTCORE_ENOMEM;
  if (known.lease_path != nullptr) {
    auto lease = gvt::sched::SharedLease::Join(known.lease_path);
    if (!lease) return CodeOf(lease.error().code);
    core->lease = std::move(lease).value();
  }
  if (is_stepped) {
    core->stepped.emplace(core->clock);
  } else {
    core->threads.emplace(core->lease.get());
    if (const int code = CodeOf(core->threads->Start()); code != 0) return code;
  }
  *out = core.release();
  return 0;
}

int gvtcore_step(gvtcore_t* core, uint32_t engine) {
  if (core == nullptr || engine >= gvt::hw::kEngineCount) return GVTCORE_EINVAL;
  if (!core->stepped) return GVTCORE_ENOTSUP;
  return core->stepped->Step(static_cast<gvt::hw::Engine>(engine)) ? 1 : 0;
}

void gvtcore_destroy(gvtcore_t* core) {
  delete core;
}

int gvtcore_vgpu_create(gvtcore_t* core, const gvtcore_vgpu_config_t* config,
                        const gvtcore_host_ops_t* ops, void* host, gvtcore_vgpu_t** out) {
  if (core == nullptr || out == nullptr) return GVTCORE_EINVAL;
  *out = nullptr;
  gvtcore_vgpu_config_t known = {};
  gvt::core::HostLink link;
  link.host = host;
  if (!CopyIn(config, &known) || !CopyIn(ops, &link.ops)) return GVTCORE_EINVAL;
  const auto settings = gvt::core::SettingsOf(known);
  if (!settings || !IsComplete(link.ops)) return GVTCORE_EINVAL;
  if (!TakePlace(*core)) return GVTCORE_ENOSPC;
  int code = 0;
  *out = MakeVgpu(*core, *settings, link, known.trace_path, &code);
  if (*out == nullptr) core->vgpu_count.fetch_sub(1);
  return code;
}

void gvtcore_vgpu_destroy(gvtcore_vgpu_t* vgpu) {
  if (vgpu == nullptr) return;
  gvtcore_t& core = vgpu->core;
  delete vgpu;
  core.vgpu_count.fetch_sub(1);
}

int gvtcore_vgpu_reset(gvtcore_vgpu_t* vgpu) {
  if (vgpu == nullptr) return GVTCORE_EINVAL;
  if (vgpu->recorder) {
    vgpu->recorder->Reset();
  } else {
    vgpu->vgpu.device().Reset();
  }
  vgpu->vgpu.events().Note({gvt::EventKind::kReset});
  return 0;
}

int gvtcore_vgpu_activate(gvtcore_vgpu_t* vgpu) {
  if (vgpu == nullptr) return GVTCORE_EINVAL;
  vgpu->vgpu.SetActive(true);
  return 0;
}

int gvtcore_vgpu_deactivate(gvtcore_vgpu_t* vgpu) {
  if (vgpu == nullptr) return GVTCORE_EINVAL;
  vgpu->vgpu.SetActive(false);
  return 0;
}

int gvtcore_vgpu_set_scan(gvtcore_vgpu_t* vgpu, int on) {
  if (vgpu == nullptr) return GVTCORE_EINVAL;
  if (vgpu->recorder) return GVTCORE_ENOTSUP;
  vgpu->vgpu.SetScan(on != 0);
  return 0;
}

int64_t gvtcore_vgpu_save(gvtcore_vgpu_t* vgpu, void* data, size_t room) {
  if (vgpu == nullptr || (data == nullptr && room != 0)) return GVTCORE_EINVAL;
  if (vgpu->recorder) return GVTCORE_ENOTSUP;
  const std::vector<std::byte> state = vgpu->vgpu.SaveState();
  if (state.size() <= room) std::memcpy(data, state.data(), state.size());
  return static_cast<int64_t>(state.size());
}

int gvtcore_vgpu_restore(gvtcore_vgpu_t* vgpu, const void* state, size_t length) {
  if (vgpu == nullptr || state == nullptr) return GVTCORE_EINVAL;
  if (vgpu->recorder) return GVTCORE_ENOTSUP;
  const auto error = vgpu->vgpu.RestoreState({static_cast<const std::byte*>(state), length});
  return error ? CodeOf(error->code) : 0;
}

int64_t gvtcore_vgpu_region_size(const gvtcore_vgpu_t* vgpu, uint32_t region) {
  if (vgpu == nullptr) return GVTCORE_EINVAL;
  const uint64_t size = SizeOf(*vgpu, region);
  return size != 0 ? static_cast<int64_t>(size) : GVTCORE_ENOENT;
}

int64_t gvtcore_vgpu_read(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset, void* data,
                          size_t length) {
  if (!IsInside(vgpu, region, offset, data, length)) {
    return CodeOfAccess(vgpu, region, data, length);
  }
  const auto where = static_cast<gvt::vgpu::Region>(region);
  const std::span out(static_cast<std::byte*>(data), length);
  if (vgpu->recorder) [[unlikely]]
    return static_cast<int64_t>(vgpu->recorder->Read(where, offset, out));
  return static_cast<int64_t>(vgpu->vgpu.device().Read(where, offset, out));
}

int64_t gvtcore_vgpu_write(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset, const void* data,
                           size_t length) {
  if (!IsInside(vgpu, region, offset, data, length)) {
    return CodeOfAccess(vgpu, region, data, length);
  }
  const auto where = static_cast<gvt::vgpu::Region>(region);
  const std::span in(static_cast<const std::byte*>(data), length);
  if (vgpu->recorder) [[unlikely]]
    return static_cast<int64_t>(vgpu->recorder->Write(where, offset, in));
  return static_cast<int64_t>(vgpu->vgpu.device().Write(where, offset, in));
}

int gvtcore_vgpu_memory_add(gvtcore_vgpu_t* vgpu, uint64_t gpa, uint64_t length, void* address,
                            uint32_t flags) {
  if (vgpu == nullptr || address == nullptr) return GVTCORE_EINVAL;
  if ((flags & ~GVTCORE_MEMORY_READ_ONLY) != 0) return GVTCORE_EINVAL;
  const bool read_only = (flags & GVTCORE_MEMORY_READ_ONLY) != 0;
  const gvt::Gpa start(gpa);
  return Noted(*vgpu, gvt::EventKind::kMemoryAdded, start,
               vgpu->recorder ? vgpu->recorder->AddMemory(start, length, address, read_only)
                              : vgpu->vgpu.memory().Add(start, length, address, read_only));
}

int gvtcore_vgpu_memory_remove(gvtcore_vgpu_t* vgpu, uint64_t gpa, uint64_t length) {
  if (vgpu == nullptr) return GVTCORE_EINVAL;
  const gvt::Gpa start(gpa);
  return Noted(*vgpu, gvt::EventKind::kMemoryRemoved, start,
               vgpu->recorder ? vgpu->recorder->RemoveMemory(start, length)
                              : vgpu->vgpu.memory().Remove(start, length));
}

int gvtcore_vgpu_memory_move(gvtcore_vgpu_t* vgpu, uint64_t gpa, uint64_t length, void* address) {
  if (vgpu == nullptr || address == nullptr) return GVTCORE_EINVAL;
  const gvt::Gpa start(gpa);
  return Noted(*vgpu, gvt::EventKind::kMemoryMoved, start,
               vgpu->recorder ? vgpu->recorder->MoveMemory(start, length, address)
                              : vgpu->vgpu.memory().Move(start, length, address));
}

int gvtcore_type(const gvtcore_t* core, uint32_t index, gvtcore_type_t* type) {
  if (core == nullptr || type == nullptr || type->size < sizeof type->size) return GVTCORE_EINVAL;
  if (index >= std::size(kTypes)) return GVTCORE_ENOENT;
  gvtcore_vgpu_config_t config = {};
  gvtcore_mpt_type(kTypes[index], &config);
  gvtcore_type_t all = {};
  all.size = std::min(type->size, sizeof all);
  all.name = kTypes[index];
  all.low_gm_mib = config.low_gm_mib;
  all.high_gm_mib = config.high_gm_mib;
  all.fence_count = config.fence_count;
  all.weight = config.weight;
  // A vGPU has all of a GGTT: sizes do not take from each other.
  all.available = kMaxVgpus - std::min(kMaxVgpus, core->vgpu_count.load());
  std::memcpy(type, &all, all.size);
  return 0;
}

int gvtcore_vgpu_events(const gvtcore_vgpu_t* vgpu, uint64_t from, gvtcore_event_t* events,
                        uint32_t room) {
  if (vgpu == nullptr || (events == nullptr && room != 0)) return GVTCORE_EINVAL;
  return static_cast<int>(vgpu->vgpu.events().Read(from, {events, room}));
}

const char* gvtcore_event_name(uint32_t kind) {
  return gvt::core::EventName(kind);
}

const char* gvtcore_rule_name(uint32_t rule) {
  static_assert(gvt::scanner::kRuleCount <= GVTCORE_RULE_SLOTS);
  if (rule >= gvt::scanner::kRuleCount) return nullptr;
  return gvt::scanner::RuleName(static_cast<gvt::scanner::Rule>(rule)).data();
}

int gvtcore_vgpu_statistics(const gvtcore_vgpu_t* vgpu, gvtcore_vgpu_statistics_t* statistics) {
  if (vgpu == nullptr || statistics == nullptr) return GVTCORE_EINVAL;
  if (statistics->size < sizeof statistics->size) return GVTCORE_EINVAL;
  gvtcore_vgpu_statistics_t all = {};
  all.size = std::min(statistics->size, sizeof all);
  vgpu->vgpu.Fill(&all);
  std::memcpy(statistics, &all, all.size);
  return 0;
}

}  // extern "C"
