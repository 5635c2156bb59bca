#include "tests/sim/sim_guest.h"

#include <algorithm>
#include <chrono>

#include "base/bits.h"
#include "tests/gpu_soft/commands.h"

namespace gvt::sim {
namespace {

using hostif::embedded::GuestContext;
using hostif::embedded::GuestDriver;
using hostif::embedded::Machine;
using hostif::embedded::MachineOptions;
using soft_test::BatchEnd;
using soft_test::BatchStart;
using soft_test::kUseGgtt;
using soft_test::Program;
using soft_test::SemaphoreWait;
using soft_test::StoreDword;
using soft_test::UserInterrupt;

constexpr uint64_t kMemoryBytes = uint64_t{4} << 20;
constexpr uint64_t kBatch = 0x400000;
constexpr uint64_t kData = 0x800000;
constexpr uint64_t kWait = kData + 8;     // where a waiter waits for 1
constexpr uint64_t kResult = kData + 16;  // what the last batch stored

constexpr uint32_t kSwitchBit = 1u << 8;
constexpr uint32_t kPromotes = 1u << 0 | 1u << 1;
constexpr uint32_t kElementSwitch = 1u << 2;
constexpr uint32_t kLiteRestore = 1u << 15;

uint32_t IdOf(const GuestContext& context) {
  return High32(context.descriptor);
}

}  // namespace

SimGuest::SimGuest(hostif::embedded::Host& host, uint32_t weight) {
  MachineOptions options;
  options.memory_bytes = kMemoryBytes;
  options.vgpu.weight = weight;
  auto made = Machine::Create(host, options);
  if (!made) {
    failure_ = "no machine";
    return;
  }
  machine_ = std::move(made).value();
  driver_ = std::make_unique<GuestDriver>(*machine_);
  if (!driver_->Boot()) failure_ = "no device";
  seqnos_ = *driver_->AllocateGgtt(1);
  ports_[0].engine = hw::Engine::kBcs;
  ports_[1].engine = hw::Engine::kVecs;
  for (Port& port : ports_) MakeJobs(port);
}

void SimGuest::MakeJobs(Port& port) {
  for (Job& job : port.jobs) {
    job = Job{};
    job.tables = *driver_->CreatePageTables();
    job.context = *driver_->CreateContext(port.engine, job.tables);
    job.batch = *driver_->AllocateAt(job.tables, Gma(kBatch), 1);
    job.data = *driver_->AllocateAt(job.tables, Gma(kData), 1);
  }
}

Gpa SimGuest::SeqnoAt(const Job& job) const {
  return seqnos_.gpa + uint64_t{IdOf(job.context) >> 5} * 16;
}

void SimGuest::Fail(const Port& port, const std::string& text) {
  if (failure_.empty()) failure_ = std::string(hw::EngineName(port.engine)) + ": " + text;
}

void SimGuest::Act(Random& random) {
  Port& port = ports_[Below(random, 2)];
  Job& job = port.jobs[Below(random, 2)];
  const uint32_t what = Below(random, 100);
  if (what < 50) {
    Look(port);
    if (port.pending.empty()) Submit(port, random);
  } else if (what < 75) {
    Release(job);
  } else if (what < 97 || resets_left_ == 0) {
    Look(port);
  } else {
    Reset(port);
  }
}

// A batch that is written while an older request of it may still run: the same kind of batch, so
// that whichever of them runs, it does what both stand for.
void SimGuest::WriteBatch(Job& job, Random& random) {
  const bool is_busy = job.completed != job.submitted;
  if (is_busy) return;
  job.kind = static_cast<Kind>(Below(random, 3));
  job.is_held = job.kind != Kind::kStores;
  const uint32_t value = job.submitted + 1;
  machine_->Store32(job.data + (kWait - kData), 0);
  switch (job.kind) {
    case Kind::kStores: {
      std::vector<uint32_t> commands;
      for (uint32_t i = Below(random, 8); i > 0; --i) {
        const auto store = StoreDword(kData + 64 + 4 * i, i);
        commands.insert(commands.end(), store.begin(), store.end());
      }
      machine_->Store(job.batch, Program({commands, StoreDword(kResult, value), BatchEnd()}));
      break;
    }
    case Kind::kSpins:
      machine_->Store(job.batch, Program({StoreDword(kResult, value), BatchStart(kBatch)}));
      break;
    case Kind::kWaits:
      machine_->Store(
          job.batch, Program({SemaphoreWait(kWait, 1, 1), StoreDword(kResult, value), BatchEnd()}));
      break;
  }
}

void SimGuest::Submit(Port& port, Random& random) {
  Pair pair{Below(random, 2)};
  if (Below(random, 3) == 0) pair.push_back(1 - pair[0]);
  // i915 does not put a context in both ports, but for a lite restore of what runs.
  if (!port.running.empty() && pair.size() == 2 && pair[0] != port.running[0]) pair.pop_back();
  if (!port.running.empty() && port.running.size() == 2) return;
  for (const size_t index : pair) {
    Job& job = port.jobs[index];
    WriteBatch(job, random);
    ++job.submitted;
    ++requests_;
    driver_->Append(job.context,
                    Program({BatchStart(kBatch),
                             StoreDword(seqnos_.gma.value + uint64_t{IdOf(job.context) >> 5} * 16,
                                        job.submitted, kUseGgtt),
                             UserInterrupt()}));
  }
  const GuestContext* second = pair.size() == 2 ? &port.jobs[pair[1]].context : nullptr;
  if (!driver_->Submit(port.jobs[pair[0]].context, second)) Fail(port, "the queue has no room");
  port.pending = pair;
}

void SimGuest::Release(Job& job) {
  if (!job.is_held) return;
  job.is_held = false;
  if (job.kind == Kind::kWaits) machine_->Store32(job.data + (kWait - kData), 1);
  // The jump at the end of the spinner becomes the end.
  constexpr uint64_t kJump = 4 * sizeof(uint32_t);
  if (job.kind == Kind::kSpins) machine_->Store(job.batch + kJump, BatchEnd());
}

void SimGuest::Reset(Port& port) {
  --resets_left_;
  Look(port);
  driver_->ResetEngine(port.engine);
  port.running.clear();
  port.pending.clear();
  MakeJobs(port);
}

void SimGuest::TakeEntry(Port& port, uint64_t entry) {
  const uint32_t status = Low32(entry);
  digest_.Add(entry);
  if ((status & kPromotes) != 0) {
    if (port.pending.empty()) return Fail(port, "promotes what was not written");
    const bool is_restore = (status & kLiteRestore) != 0;
    if (is_restore != !port.running.empty()) return Fail(port, "promotes over what runs");
    if (is_restore && port.running[0] != port.pending[0]) return Fail(port, "restores another");
    port.running = std::exchange(port.pending, {});
    return;
  }
  if (port.running.empty()) return Fail(port, "retires what does not run");
  const Job& job = port.jobs[port.running[0]];
  if (High32(entry) != IdOf(job.context)) return Fail(port, "retires another context");
  const bool has_next = port.running.size() == 2;
  if (has_next != ((status & kElementSwitch) != 0)) return Fail(port, "wrong successor");
  if (machine_->Load32(SeqnoAt(job)) != job.submitted && port.pending.empty()) {
    return Fail(port, "retires a context that is not done");
  }
  port.running.erase(port.running.begin());
}

void SimGuest::Look(Port& port) {
  const std::vector<uint64_t> entries = driver_->TakeStatus(port.engine);
  for (const uint64_t entry : entries) TakeEntry(port, entry);
  if (!entries.empty() &&
      !driver_->WaitForInterrupt(port.engine, kSwitchBit, std::chrono::milliseconds(0))) {
    Fail(port, "an entry without an interrupt");
  }
  LookAtJobs(port);
}

void SimGuest::LookAtJobs(Port& port) {
  for (Job& job : port.jobs) {
    const uint32_t seen = machine_->Load32(SeqnoAt(job));
    digest_.Add(seen);
    if (seen < job.completed || seen > job.submitted) return Fail(port, "a wrong sequence number");
    if (job.is_held && seen == job.submitted && seen != job.completed) {
      return Fail(port, "done before it was let go");
    }
    job.completed = seen;
  }
}

void SimGuest::LetGo() {
  for (Port& port : ports_) {
    for (Job& job : port.jobs) Release(job);
  }
}

bool SimGuest::IsDone() {
  bool done = true;
  for (Port& port : ports_) {
    Look(port);
    done = done && port.running.empty() && port.pending.empty();
    for (const Job& job : port.jobs) done = done && job.completed == job.submitted;
  }
  return done;
}

}  // namespace gvt::sim
