// Invariant: a stream that keeps leaving at one place is offered again and again, and each offer
// either extends the store, or finds it extended already, or is bounded work for nothing, which the
// budget bounds in time.
#include "jit/learner.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>

#include "scanner/command_audit.h"
#include "scanner/opcode_table.h"

namespace gvt::jit {
namespace {

// Traces that one offer extends or follows: more than fit in it.
constexpr uint32_t kMaxStretchesPerOffer = 256;

uint64_t ClockNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

Learner::~Learner() {
  if (!started_) return;
  queue_.Close();
  pthread_join(thread_, nullptr);
}

bool Learner::Start() {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) {
    sigdelset(&blocked, fault);
  }
  sigset_t former;
  pthread_sigmask(SIG_SETMASK, &blocked, &former);
  started_ = pthread_create(&thread_, nullptr, &Learner::Main, this) == 0;
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
  if (started_) pthread_setname_np(thread_, "gvt-jit");
  return started_;
}

void* Learner::Main(void* self) {
  static_cast<Learner*>(self)->Run();
  return nullptr;
}

void Learner::Run() {
  budget_time_ns_ = ClockNs(CLOCK_MONOTONIC);
  while (Offer* const offer = queue_.Take()) {
    const uint64_t begin = ClockNs(CLOCK_THREAD_CPUTIME_ID);
    Learn(*offer);
    queue_.Done(offer);
    offers_done_.fetch_add(1, std::memory_order_release);
    PayFor(ClockNs(CLOCK_THREAD_CPUTIME_ID) - begin);
  }
}

// Takes `ns` from the budget, and sleeps where it is overdrawn.
void Learner::PayFor(uint64_t ns) {
  const uint64_t now = ClockNs(CLOCK_MONOTONIC);
  const uint64_t earned = (now - budget_time_ns_) / 100 * kLearningPercent;
  budget_time_ns_ = now;
  budget_ns_ = std::min(budget_ns_ + earned, kLearningBurstNs);
  if (budget_ns_ >= ns) {
    budget_ns_ -= ns;
    return;
  }
  const uint64_t owed = ns - budget_ns_;
  budget_ns_ = 0;
  const uint64_t sleep_ns = std::min<uint64_t>(owed * 100 / kLearningPercent, 1'000'000'000);
  const timespec pause{static_cast<time_t>(sleep_ns / 1'000'000'000),
                       static_cast<long>(sleep_ns % 1'000'000'000)};
  nanosleep(&pause, nullptr);
  budget_time_ns_ = ClockNs(CLOCK_MONOTONIC);
}

void Learner::Learn(const Offer& offer) {
  if (offer.generation != store_.generation()) return;
  Place place;
  place.link = offer.link != TraceStore::kNoLink ? offer.link : store_.AddRoot(offer.key);
  for (uint32_t i = 0; i < kMaxStretchesPerOffer; ++i) {
    if (place.link == TraceStore::kNoLink || !Extend(offer.segment, place)) return;
    if (!Follow(offer.segment, &place)) return;
  }
}

// Compiles what comes at `place`, if it is not known. False: there is nothing to compile.
bool Learner::Extend(const scanner::Segment& recording, const Place& place) {
  if (store_.IsCompiled(place.link)) return true;
  const Link& link = store_.link(place.link);
  if (link.kind != LinkKind::kLearnable) return false;
  const TraceStart start{place.dword, link.dword, link.commands};
  const Trace trace = BuildTrace(platform_, policy_, recording, start);
  if (trace.steps.empty()) return false;
  uint32_t root = TraceStore::kNoLink;
  if (trace.end == TraceEnd::kLandmark) {
    root = store_.AddRoot(KeyBehind(recording, trace.last_header));
  }
  const bool has_root = root != TraceStore::kNoLink || trace.end != TraceEnd::kLandmark;
  if (has_root && store_.Compile(trace, place.link, root)) return true;
  store_.Flush();
  return false;
}

// Runs what is known from `place` on, and passes a command that has to be audited: *place is where
// known ground ends. False: the recording ends there.
bool Learner::Follow(const scanner::Segment& recording, Place* place) {
  const uint32_t* const dwords = recording.dwords.data();
  const TraceRun run = store_.Run(place->link, recording, place->dword);
  place->dword = run.position;
  place->link = run.link;
  const LinkKind kind = store_.link(run.link).kind;
  if (kind == LinkKind::kLearnable) return true;
  if (kind != LinkKind::kAudit || !PassAudited(recording, &place->dword)) return false;
  place->link = store_.AddRoot(KeyBehind(recording, dwords[run.position]));
  return true;
}

// Whether control goes on behind the command at *dword, which has to be audited.
bool Learner::PassAudited(const scanner::Segment& recording, uint32_t* dword) {
  scratch_.Clear();
  const scanner::OpcodeTable& table =
      scanner::OpcodeTableFor(hw::GenerationOf(platform_), recording.engine);
  const bool goes_on =
      scanner::CommandAudit(platform_, policy_, table, recording, &scratch_).Audit(*dword, 0);
  *dword = scratch_.position;
  return goes_on;
}

}  // namespace gvt::jit
