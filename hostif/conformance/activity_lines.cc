// What becomes of work: a vGPU that is let run, or not, released, reset, restored, or left without
// its machine; and what is told of it afterwards.
#include <cerrno>
#include <string_view>
#include <thread>
#include <vector>

#include "core/mpt_vgpu.h"
#include "hostif/conformance/line.h"
#include "hostif/conformance/worker.h"

namespace gvt::hostif::conformance {
namespace {

// In which what must not happen would have.
constexpr std::chrono::milliseconds kQuiet{5};

// A guest at work on the render engine.
struct WorkTrial {
  WorkTrial(const gvtcore_module_t& module, uint32_t patience) : patience_ms(patience) {
    core = ModuleCore::Create(module);
    if (core == nullptr) {
      why = "host_init failed";
      return;
    }
    worker = Worker::Create(*core, hw::Engine::kRcs, &why);
  }
  const gvtcore_mpt_ops_t& ops() const { return core->ops(); }
  void* vgpu() { return worker->guest().vgpu(); }
  gvtcore_vgpu_t* contract() { return core::VgpuOf(vgpu()); }
  // The sequence number does not come.
  bool StaysAt(uint32_t value) const {
    std::this_thread::sleep_for(kQuiet);
    return worker->ReadSeqno() == value;
  }

  const uint32_t patience_ms;
  std::unique_ptr<ModuleCore> core;
  std::string why;  // there is no worker; empty: there is
  std::unique_ptr<Worker> worker;
};

// Runs `line` on a guest of its own that has stored 1 already. `line`: empty: it is kept.
template <std::string (*line)(WorkTrial& trial)>
Verdict AtWork(const gvtcore_module_t& module, const Options& options) {
  if (std::string why = MissingForGuest(module); !why.empty()) return NotTried(why);
  WorkTrial trial(module, options.patience_ms);
  std::string why = trial.why;
  if (why.empty()) why = trial.worker->Run(1, options.patience_ms);
  if (why.empty()) why = line(trial);
  return why.empty() ? Passed() : Failed(why);
}

std::string WaitsUntilActive(WorkTrial& t) {
  for (uint32_t i = 2; i <= 4; ++i) {
    t.ops().vgpu_deactivate(t.vgpu());
    t.ops().vgpu_deactivate(t.vgpu());
    if (std::string why = t.worker->Submit(i); !why.empty()) return why;
    if (!t.StaysAt(i - 1)) return "it works though it is not active";
    t.ops().vgpu_activate(t.vgpu());
    t.ops().vgpu_activate(t.vgpu());
    if (!t.worker->WaitForSeqno(i, t.patience_ms)) return "what waited is lost";
  }
  return {};
}

// As of new: the driver comes up, and works.
std::string WorksAgain(WorkTrial& t) {
  if (!t.worker->BootAgain()) return "the driver does not come up again";
  return t.worker->Run(0x51, t.patience_ms);
}

std::string DropsWhatWaits(WorkTrial& t) {
  t.ops().vgpu_deactivate(t.vgpu());
  if (std::string why = t.worker->Submit(2); !why.empty()) return why;
  t.ops().vgpu_release(t.vgpu());
  t.ops().vgpu_activate(t.vgpu());
  return t.StaysAt(1) ? WorksAgain(t) : "work of before the release is done";
}

std::string ResetsAsNew(WorkTrial& t) {
  if (!t.worker->SubmitEndless()) return "the engine takes no more";
  if (std::string why = t.worker->Submit(2); !why.empty()) return why;
  t.ops().vgpu_reset(t.vgpu());
  constexpr uint32_t kBar0 = 0x10;
  if ((t.worker->guest().ReadConfig(kBar0) & ~0xfu) != 0) return "a region has kept its place";
  return t.StaysAt(1) ? WorksAgain(t) : "work of before the reset is done";
}

std::string MachineMayGo(WorkTrial& t) {
  if (!t.worker->SubmitEndless()) return "the engine takes no more";
  t.worker->guest().DestroyVm();
  if (t.core->HandleOf(t.vgpu()) != 0) return "a handle of a machine that is gone";
  // What comes late is answered, by a device whose guest has no memory.
  constexpr uint32_t kVendor = 0x8086;
  if ((t.worker->guest().ReadConfig(0) & 0xffff) != kVendor) return "the function does not answer";
  uint32_t value = 0;
  constexpr uint64_t kAt = ModuleGuest::kBar0At;
  if (t.ops().emulate_mmio_read(t.vgpu(), kAt, &value, 4) != 0) return "a register does not answer";
  t.ops().vgpu_reset(t.vgpu());
  return {};
}

std::string CountsWhatHappened(WorkTrial& t) {
  for (uint32_t i = 2; i <= 4; ++i) {
    if (std::string why = t.worker->Run(i, t.patience_ms); !why.empty()) return why;
  }
  if (!t.worker->WaitForIdle()) return "the engine does not come to rest";
  uint64_t messages = t.worker->guest().interrupts();
  while (t.worker->guest().WaitForInterrupt(messages, kQuiet)) ++messages;
  gvtcore_vgpu_statistics_t counted = {};
  counted.size = sizeof counted;
  if (gvtcore_vgpu_statistics(t.contract(), &counted) != 0) return "refused";
  if (counted.submissions < 4 || counted.segments < 4) return "fewer submissions than there were";
  if (counted.refusals != 0) return "refusals, of what is allowed";
  if (counted.interrupts < 4 || messages > counted.interrupts) {
    return std::to_string(messages) + " interrupts came, " + std::to_string(counted.interrupts) +
           " were sent";
  }
  counted.size = 0;
  return gvtcore_vgpu_statistics(t.contract(), &counted) == GVTCORE_EINVAL ? "" : "no size";
}

// What no guest here, and no right host, gives a cause for.
bool IsTrouble(std::string_view event) {
  for (const char* name : {"reset", "command-refused", "command-error", "page-missing",
                           "context-missing", "stalled", "failsafe"}) {
    if (event == name) return true;
  }
  return false;
}

std::string LogsWhatHappened(WorkTrial& t) {
  std::vector<gvtcore_event_t> events(GVTCORE_EVENT_SLOTS);
  uint64_t next = 0;
  uint64_t last_ns = 0;
  // Empty: those since the last call are sound, and `wanted` is among them, or nothing has to be.
  const auto take = [&](std::string_view wanted) -> std::string {
    const int count = gvtcore_vgpu_events(t.contract(), next, events.data(), GVTCORE_EVENT_SLOTS);
    bool found = wanted.empty();
    for (int i = 0; i < count; ++i) {
      const gvtcore_event_t& event = events[static_cast<size_t>(i)];
      const char* name = gvtcore_event_name(event.kind);
      if (event.number != next++ || event.time_ns < last_ns || name == nullptr) return "disorder";
      last_ns = event.time_ns;
      found = found || name == wanted;
      if (name != wanted && IsTrouble(name)) return std::string("an event ") + name;
    }
    return found ? "" : "no event " + std::string(wanted);
  };
  std::string why = take("activated");
  t.ops().vgpu_deactivate(t.vgpu());
  if (why.empty()) why = take("deactivated");
  t.ops().vgpu_reset(t.vgpu());
  if (why.empty()) why = take("reset");
  return why;
}

std::string RefusesOtherStates(WorkTrial& t) {
  const int64_t length = t.ops().vgpu_save(t.vgpu(), nullptr, 0);
  if (length <= 0) return "no state";
  std::vector<unsigned char> state(static_cast<size_t>(length), 0x5a);
  const auto restore = [&](size_t bytes) {
    return t.ops().vgpu_restore(t.vgpu(), state.data(), bytes);
  };
  if (restore(state.size()) >= 0) return "bytes that are no state are taken";
  if (t.ops().vgpu_save(t.vgpu(), state.data(), 1) != length || state[0] != 0x5a) {
    return "a state is written where there is no room";
  }
  if (t.ops().vgpu_save(t.vgpu(), state.data(), state.size()) != length) return "it is not saved";
  if (restore(0) >= 0 || restore(state.size() / 2) >= 0) return "a part of one is taken";
  state[state.size() / 2] ^= 1;
  if (restore(state.size()) >= 0) return "a damaged one is taken";
  if (t.ops().vgpu_restore(t.vgpu(), nullptr, 1) >= 0) return "none is taken";
  return t.worker->Run(2, t.patience_ms);  // all is as it was
}

constexpr Line kLines[] = {
    {"vgpu-activate.waits", "vgpu_activate", "what is submitted to a vGPU that is not active waits",
     true, nullptr, &AtWork<&WaitsUntilActive>},
    {"vgpu-release.drops", "vgpu_release", "what waits is dropped, and the vGPU is as new", true,
     nullptr, &AtWork<&DropsWhatWaits>},
    {"vgpu-reset.anew", "vgpu_reset", "a busy engine stops, and the driver comes up again", true,
     nullptr, &AtWork<&ResetsAsNew>},
    {"vgpu-restore.refuses", "vgpu_restore", "what is no state changes nothing", true, nullptr,
     &AtWork<&RefusesOtherStates>},
    {"set-handle.at-work", "set_handle", "the machine may go while an engine works on it", true,
     nullptr, &AtWork<&MachineMayGo>},
    {"statistics.counted", "gvtcore_vgpu_statistics", "counters say what happened", true, nullptr,
     &AtWork<&CountsWhatHappened>},
    {"events.in-order", "gvtcore_vgpu_events",
     "events are told in order, and none that nobody caused", true, nullptr,
     &AtWork<&LogsWhatHappened>},
};

}  // namespace

std::span<const Line> ActivityLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
