// Invariants:
// 1. Code, constants and links are written before the link that leads to them is published.
//    Published ones never change until a flush. Code is made only where none was since processors
//    last forgot what they had fetched ahead.
// 2. A flush closes all roots first, then waits: nobody can be in, or get to, what is reused.
// 3. Everything is bounded by the arena's size; a guest that makes it full makes it forget.
#include "jit/trace_store.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "base/check.h"

namespace gvt::jit {
namespace {

constexpr RootKey kValid = RootKey{1} << 63;
constexpr RootKey kStart = RootKey{1} << 62;
// Scans that leave through a link before what follows is compiled.
constexpr uint8_t kHeat = 2;
// Name of a trace that nobody needs twice: engine, the header that it begins with, where its tree
// has that, and how many traces there were before.
std::string NameOf(const Trace& trace, uint32_t dword, uint64_t number) {
  char name[80];
  std::snprintf(name, sizeof name, "gvt_trace_%.*s_%08x_at_%u_n%llu",
                static_cast<int>(hw::EngineName(trace.engine).size()),
                hw::EngineName(trace.engine).data(),
                trace.checks.empty() ? 0 : trace.checks[0].value, dword,
                static_cast<unsigned long long>(number));
  return name;
}

// int3: what unused code memory holds after a flush.
constexpr uint8_t kBreakpoint = 0xcc;

RootKey ContextOf(const scanner::Segment& segment) {
  return RootKey{static_cast<uint8_t>(segment.engine)} << 32 |
         RootKey{static_cast<uint8_t>(segment.kind)} << 40 |
         RootKey{static_cast<uint8_t>(segment.space)} << 48 | RootKey{segment.privileged} << 56;
}

size_t SlotOf(RootKey key) {
  return static_cast<size_t>(key * 0x9e3779b97f4a7c15u >> 54) % TraceStore::kMaxRoots;
}

}  // namespace

RootKey KeyOfStart(const scanner::Segment& segment, uint32_t header) {
  return kValid | kStart | ContextOf(segment) | header;
}

RootKey KeyBehind(const scanner::Segment& segment, uint32_t header) {
  return kValid | ContextOf(segment) | header;
}

Result<std::unique_ptr<TraceStore>> TraceStore::Create(const ArenaSizes& sizes) {
  Result<std::unique_ptr<CodeArena>> arena = CodeArena::Create(sizes);
  if (!arena) return arena.error();
  return std::unique_ptr<TraceStore>(new TraceStore(std::move(*arena)));
}

TraceStore::TraceStore(std::unique_ptr<CodeArena> arena)
    : arena_(std::move(arena)),
      names_(CodeNames::Create()),
      links_(reinterpret_cast<Link*>(arena_->links().data()),
             arena_->links().size() / sizeof(Link)),
      constants_(reinterpret_cast<uint32_t*>(arena_->constants().data()),
                 arena_->constants().size() / sizeof(uint32_t)),
      heat_(std::make_unique<std::atomic<uint8_t>[]>(links_.size())) {
  Reset();
}

void TraceStore::Reset() {
  code_used_ = EmitLeave(arena_->code());
  leave_ = arena_->ToExecute(arena_->code().data());
  constants_used_ = 0;
  links_used_ = 1;
  roots_used_ = 0;
}

uint32_t TraceStore::FindRoot(RootKey key) const {
  // At most half of the slots are taken, so that there is an empty one behind any.
  for (size_t i = SlotOf(key);; i = (i + 1) % kMaxRoots) {
    const RootKey found = roots_[i].key.load(std::memory_order_acquire);
    if (found == key) return roots_[i].link;
    if (found == 0) return kNoLink;
  }
}

bool TraceStore::Heat(uint32_t number) const {
  const auto heat = static_cast<uint8_t>(heat_[number].load(std::memory_order_relaxed) + 1);
  heat_[number].store(heat % kHeat, std::memory_order_relaxed);
  return heat >= kHeat;
}

uint32_t TraceStore::AddRoot(RootKey key) {
  const uint32_t known = FindRoot(key);
  if (known != kNoLink) return known;
  if (roots_used_ >= kMaxRoots / 2 || links_used_ >= links_.size()) return kNoLink;
  Link& link = links_[links_used_];
  link.dword = 0;
  link.commands = 0;
  link.kind = LinkKind::kLearnable;
  link.alternatives = 0;
  link.code.store(leave_, std::memory_order_release);
  size_t i = SlotOf(key);
  while (roots_[i].key.load(std::memory_order_relaxed) != 0) i = (i + 1) % kMaxRoots;
  roots_[i].link = links_used_;
  roots_[i].key.store(key, std::memory_order_release);
  ++roots_used_;
  return links_used_++;
}

// The segment's dwords are read by emitted code alone, between the two ends that it is given.
TraceRun TraceStore::Run(uint32_t number, const scanner::Segment& segment,
                         uint32_t position) const {
  const uint32_t* const dwords = segment.dwords.data();
  const auto base = reinterpret_cast<uintptr_t>(dwords);
  const Link& start = links_[number];
  const auto code = reinterpret_cast<TraceFunction>(
      reinterpret_cast<uintptr_t>(start.code.load(std::memory_order_acquire)));
  // Code that hangs on a link in a tree counts from the tree's root, which may lie before the copy.
  const uintptr_t cursor = base + (uintptr_t{position} - start.dword) * sizeof(uint32_t);
  RunState state;
  TraceRun run;
  run.link = number;
  state.cursor = cursor;
  if (code != reinterpret_cast<TraceFunction>(reinterpret_cast<uintptr_t>(leave_))) {
    run.link =
        code(cursor, base + segment.dwords.size_bytes(), &state, segment.start.value - base, 0);
  }
  const Link& left = link(run.link);
  run.position = static_cast<uint32_t>((state.cursor - base) / sizeof(uint32_t) + left.dword);
  run.commands = static_cast<uint32_t>(state.commands) + left.commands - start.commands;
  return run;
}

bool TraceStore::Compile(const Trace& trace, uint32_t link, uint32_t root) {
  const EmitTarget target{arena_->code().subspan(code_used_), constants_.subspan(constants_used_),
                          links_, links_used_, arena_->code().data()};
  const Emitted emitted = EmitTrace(trace, links_[link].alternatives, root, target);
  if (emitted.code_bytes == 0) return false;
  for (uint32_t i = 0; i < emitted.links; ++i) {
    links_[links_used_ + i].code.store(leave_, std::memory_order_relaxed);
    heat_[links_used_ + i].store(0, std::memory_order_relaxed);
  }
  code_used_ += emitted.code_bytes;
  constants_used_ += emitted.constants;
  links_used_ += emitted.links;
  published_.fetch_add(1, std::memory_order_release);
  links_[link].code.store(arena_->ToExecute(target.code.data()), std::memory_order_release);
  const uint64_t number = traces_.fetch_add(1, std::memory_order_relaxed);
  if (names_ != nullptr) {
    names_->Add({arena_->ToExecute(target.code.data()), emitted.code_bytes},
                NameOf(trace, links_[link].dword, number));
  }
  return true;
}

void TraceStore::Flush() {
  for (Root& root : roots_) root.key.store(0, std::memory_order_release);
  quiescence_.Await();
  // What was offered before names links that are gone.
  generation_.fetch_add(1, std::memory_order_release);
  flushes_.fetch_add(1, std::memory_order_relaxed);
  if (names_ != nullptr) names_->Forget();
  std::fill_n(arena_->code().data(), code_used_, kBreakpoint);
  SynchronizeFetches();
  Reset();
}

StoreStatistics TraceStore::statistics() const {
  StoreStatistics statistics;
  statistics.traces = traces_.load(std::memory_order_relaxed);
  statistics.flushes = flushes_.load(std::memory_order_relaxed);
  return statistics;
}

}  // namespace gvt::jit
