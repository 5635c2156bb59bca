// Source: Intel SDM vol 1 section 3.4.3.3 (EFLAGS.TF); sigaction(2), proc(5).
#include "tests/steady/write_watch.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace gvt::steady {
namespace {

constexpr uintptr_t kPage = 4096;
constexpr greg_t kTrapFlag = 0x100;

struct Range {
  uintptr_t begin = 0;
  uintptr_t end = 0;
};

// What is written while all is closed; in pages of its own.
struct Notes {
  std::array<Range, 1024> closed;
  size_t closed_count;
  std::array<uintptr_t, 2> open;  // pages that the instruction at hand may write
  size_t open_count;
  size_t count;
  std::array<uintptr_t, WriteWatch::kMaxNoted> noted;
};
constexpr size_t kNotesBytes = (sizeof(Notes) + kPage - 1) / kPage * kPage;
Notes* notes = nullptr;

void Demand(bool condition) {
  if (!condition) std::abort();
}

void Protect(Range range, int protection) {
  Demand(mprotect(reinterpret_cast<void*>(range.begin), range.end - range.begin, protection) == 0);
}

bool IsClosed(uintptr_t address) {
  return std::any_of(
      notes->closed.begin(), notes->closed.begin() + notes->closed_count,
      [&](const Range& range) { return address >= range.begin && address < range.end; });
}

void OnStore(int, siginfo_t* information, void* context) {
  const auto address = reinterpret_cast<uintptr_t>(information->si_addr);
  Demand(IsClosed(address) && notes->open_count < notes->open.size());
  // The second page of a store across two is the same store.
  if (notes->open_count == 0) {
    if (notes->count < notes->noted.size()) notes->noted[notes->count] = address;
    ++notes->count;
  }
  const uintptr_t page = address / kPage * kPage;
  notes->open[notes->open_count++] = page;
  Protect({page, page + kPage}, PROT_READ | PROT_WRITE);
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
}

void OnStep(int, siginfo_t*, void* context) {
  for (; notes->open_count > 0; --notes->open_count) {
    const uintptr_t page = notes->open[notes->open_count - 1];
    Protect({page, page + kPage}, PROT_READ);
  }
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
}

void Handle(int signal, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  Demand(sigaction(signal, &action, nullptr) == 0);
}

// The stack of the calling thread, with its thread-local memory, which the C library puts there.
Range OwnMemory() {
  pthread_attr_t attributes;
  void* stack = nullptr;
  size_t bytes = 0;
  Demand(pthread_getattr_np(pthread_self(), &attributes) == 0);
  Demand(pthread_attr_getstack(&attributes, &stack, &bytes) == 0);
  pthread_attr_destroy(&attributes);
  const auto begin = reinterpret_cast<uintptr_t>(stack);
  return {begin, begin + bytes};
}

// Adds what of `range` is not in one of `spared`.
void AddClosed(Range range, std::span<const Range> spared) {
  if (range.begin >= range.end) return;
  for (const Range& hole : spared) {
    if (hole.end <= range.begin || hole.begin >= range.end) continue;
    AddClosed({range.begin, hole.begin}, spared);
    return AddClosed({hole.end, range.end}, spared);
  }
  Demand(notes->closed_count < notes->closed.size());
  notes->closed[notes->closed_count++] = range;
}

void FindClosed() {
  const auto own_notes = reinterpret_cast<uintptr_t>(notes);
  const Range spared[] = {OwnMemory(), {own_notes, own_notes + kNotesBytes}};
  std::FILE* const maps = std::fopen("/proc/self/maps", "r");
  Demand(maps != nullptr);
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    Range range;
    char access[5] = {};
    const bool is_region = std::sscanf(line, "%lx-%lx %4s", &range.begin, &range.end, access) == 3;
    if (is_region && access[1] == 'w') AddClosed(range, spared);
  }
  std::fclose(maps);
}

}  // namespace

WriteWatch::WriteWatch() {
  Demand(notes == nullptr);
  void* const memory =
      mmap(nullptr, kNotesBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Demand(memory != MAP_FAILED);
  notes = static_cast<Notes*>(memory);
  Handle(SIGSEGV, OnStore);
  Handle(SIGTRAP, OnStep);
}

WriteWatch::~WriteWatch() {
  signal(SIGSEGV, SIG_DFL);
  signal(SIGTRAP, SIG_DFL);
  munmap(notes, kNotesBytes);
  notes = nullptr;
}

void WriteWatch::Start() {
  notes->closed_count = 0;
  FindClosed();
  for (size_t i = 0; i < notes->closed_count; ++i) Protect(notes->closed[i], PROT_READ);
}

void WriteWatch::Stop() {
  for (size_t i = 0; i < notes->closed_count; ++i) {
    Protect(notes->closed[i], PROT_READ | PROT_WRITE);
  }
}

size_t WriteWatch::count() const {
  return notes->count;
}

std::span<const uintptr_t> WriteWatch::noted() const {
  return {notes->noted.data(), std::min(notes->count, kMaxNoted)};
}

}  // namespace gvt::steady
