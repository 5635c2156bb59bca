// enable_page_track and disable_page_track.
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>

#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {
namespace {

constexpr uint64_t kFrame = 0x20;
constexpr uint64_t kAt = kFrame << 12;
constexpr uint64_t kPage = 4096;

// Tracking cannot be tried, or is refused by the default.
std::optional<Verdict> TracksNothing(Trial& t) {
  if (t.table.enable_page_track == nullptr) {
    return Default(t.calls.EnablePageTrack(t.handle(), kFrame) == -EOPNOTSUPP,
                   "tables are looked at where the guest submits");
  }
  if (t.module.guest_write == nullptr) return NotTried("no guest_write");
  return std::nullopt;
}

int GuestWrite(Trial& t, uint64_t at, uint32_t value) {
  return t.module.guest_write(t.machine.vm(), at, &value, sizeof value);
}

bool Track(Trial& t) {
  return t.calls.EnablePageTrack(t.handle(), kFrame) == 0;
}

Verdict TellsOfWrites(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (!Track(t)) return Failed("it was refused");
  for (const uint32_t offset : {0u, 4092u, 4u, 4088u}) {
    const uint32_t value = 0x1000 + offset;
    const uint64_t at = kAt + offset;
    if (GuestWrite(t, at, value) != 0) return Failed("the guest cannot write");
    const std::vector<ToldWrite> told = t.machine.vgpu().TakeTold();
    if (told.size() != 1) return Failed(std::to_string(told.size()) + " writes were told of one");
    if (told[0].gpa != at) return Failed("another address was told");
    if (told[0].data.size() != sizeof value ||
        std::memcmp(told[0].data.data(), &value, sizeof value) != 0) {
      return Failed("other data was told");
    }
  }
  return Passed();
}

Verdict LeavesNeighbours(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (!Track(t)) return Failed("it was refused");
  GuestWrite(t, kAt - 4, 1);
  GuestWrite(t, kAt + 4096, 1);
  return t.machine.vgpu().TakeTold().empty() ? Passed() : Failed("another page's write was told");
}

Verdict Stores(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (!Track(t)) return Failed("it was refused");
  GuestWrite(t, kAt + 16, 0xabcd1234);
  uint32_t seen = 0;
  t.calls.ReadGpa(t.handle(), kAt + 16, &seen, sizeof seen);
  return seen == 0xabcd1234 ? Passed() : Failed("the write is lost");
}

Verdict ReadsAreFree(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (t.module.guest_read == nullptr) return NotTried("no guest_read");
  const uint32_t mark = 0x77;
  t.calls.WriteGpa(t.handle(), kAt + 8, &mark, sizeof mark);
  if (!Track(t)) return Failed("it was refused");
  uint32_t seen = 0;
  if (t.module.guest_read(t.machine.vm(), kAt + 8, &seen, sizeof seen) != 0 || seen != mark) {
    return Failed("the guest cannot read the page");
  }
  return t.machine.vgpu().TakeTold().empty() ? Passed() : Failed("a read was told");
}

Verdict OwnWritesAreFree(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (!Track(t)) return Failed("it was refused");
  const uint32_t value = 5;
  if (t.calls.WriteGpa(t.handle(), kAt, &value, sizeof value) != 0) return Failed("refused");
  return t.machine.vgpu().TakeTold().empty() ? Passed() : Failed("the core's own write was told");
}

Verdict DoesNotNest(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (!Track(t) || !Track(t)) return Failed("the second was refused");
  GuestWrite(t, kAt, 1);
  if (t.machine.vgpu().TakeTold().size() != 1) return Failed("a write was not told once");
  t.calls.DisablePageTrack(t.handle(), kFrame);
  GuestWrite(t, kAt, 2);
  return t.machine.vgpu().TakeTold().empty() ? Passed() : Failed("one disable did not end it");
}

Verdict WantsMemory(Trial& t) {
  for (const uint64_t gfn : {Machine::kPages, uint64_t{1} << 51}) {
    if (t.calls.EnablePageTrack(t.handle(), gfn) >= 0) return Failed(std::to_string(gfn));
  }
  return Passed();
}

Verdict NoHandle(Trial& t) {
  return t.calls.EnablePageTrack(0, kFrame) < 0 ? Passed() : Failed("it succeeded");
}

Verdict EndsTracking(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (!Track(t)) return Failed("it was refused");
  if (t.calls.DisablePageTrack(t.handle(), kFrame) != 0) return Failed("it was refused");
  GuestWrite(t, kAt, 0x99);
  if (!t.machine.vgpu().TakeTold().empty()) return Failed("a write was told");
  uint32_t seen = 0;
  t.calls.ReadGpa(t.handle(), kAt, &seen, sizeof seen);
  if (seen != 0x99) return Failed("the write is lost");
  return Track(t) ? Passed() : Failed("it cannot be tracked again");
}

Verdict EndsNothing(Trial& t) {
  return t.calls.DisablePageTrack(t.handle(), kFrame + 1) == 0 ? Passed() : Failed("an error");
}

Verdict ManyPages(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  constexpr uint64_t kFrom = 0x40;
  constexpr uint64_t kCount = 64;
  for (uint64_t i = 0; i < kCount; ++i) {
    if (t.calls.EnablePageTrack(t.handle(), kFrom + 3 * i) != 0) {
      return Failed("page " + std::to_string(i) + " was refused");
    }
  }
  for (uint64_t i = 0; i < kCount; i += 9) {
    GuestWrite(t, (kFrom + 3 * i) << 12, 1);
    GuestWrite(t, (kFrom + 3 * i + 1) << 12, 1);
    if (t.machine.vgpu().TakeTold().size() != 1) return Failed("page " + std::to_string(i));
  }
  return Passed();
}

Verdict ManyThreads(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  constexpr uint64_t kFrom = 0x100;
  constexpr uint64_t kEach = 8;
  std::array<int, 3> codes{};
  std::array<std::thread, 3> threads;
  for (size_t n = 0; n < threads.size(); ++n) {
    threads[n] = std::thread([&t, code = &codes[n], from = kFrom + n * kEach] {
      for (uint64_t gfn = from; gfn < from + kEach && *code == 0; ++gfn) {
        *code = t.calls.EnablePageTrack(t.handle(), gfn);
        if (*code == 0 && gfn % 2 != 0) *code = t.calls.DisablePageTrack(t.handle(), gfn);
      }
    });
  }
  // Meanwhile the guest writes elsewhere.
  for (uint32_t i = 0; i < 16; ++i) GuestWrite(t, kAt, i);
  for (std::thread& thread : threads) thread.join();
  for (const int code : codes) {
    if (code != 0) return Failed("error " + std::to_string(code));
  }
  t.machine.vgpu().TakeTold();
  for (uint64_t gfn = kFrom; gfn < kFrom + threads.size() * kEach; gfn += 5) {
    GuestWrite(t, gfn << 12, 1);
    if (t.machine.vgpu().TakeTold().size() != (gfn % 2 == 0 ? 1 : 0)) {
      return Failed("frame " + std::to_string(gfn));
    }
  }
  return Passed();
}

Verdict MemoryTakesTracking(Trial& t) {
  if (const auto verdict = TracksNothing(t)) return *verdict;
  if (t.module.memory_remove == nullptr) return NotTried("no memory_remove");
  if (!Track(t) || t.calls.EnablePageTrack(t.handle(), kFrame + 2) != 0) {
    return Failed("it was refused");
  }
  if (t.module.memory_remove(t.machine.vm(), kAt, kPage) != 0) return Failed("not removed");
  if (t.calls.DisablePageTrack(t.handle(), kFrame) != 0) return Failed("an error");
  GuestWrite(t, kAt + 2 * kPage, 1);
  return t.machine.vgpu().TakeTold().size() == 1 ? Passed() : Failed("another page is forgotten");
}

constexpr Line kLines[] = {
    {"enable-page-track.told", "enable_page_track", "a write is told once, with its data", false,
     &TellsOfWrites},
    {"enable-page-track.neighbours", "enable_page_track", "writes to other pages are not", false,
     &LeavesNeighbours},
    {"enable-page-track.stored", "enable_page_track", "the write is also stored", false, &Stores},
    {"enable-page-track.reads", "enable_page_track", "the guest reads as before", false,
     &ReadsAreFree},
    {"enable-page-track.own-writes", "enable_page_track", "what write_gpa stores is not told",
     false, &OwnWritesAreFree},
    {"enable-page-track.again", "enable_page_track", "twice is once", false, &DoesNotNest},
    {"enable-page-track.many", "enable_page_track", "64 scattered pages at once", false,
     &ManyPages},
    {"enable-page-track.concurrent", "enable_page_track", "several threads may call at once", false,
     &ManyThreads},
    {"enable-page-track.outside", "enable_page_track", "a frame without memory is an error", false,
     &WantsMemory},
    {"enable-page-track.no-handle", "enable_page_track", "without a handle it is an error", true,
     &NoHandle},
    {"disable-page-track.ends", "disable_page_track", "writes are plain again", false,
     &EndsTracking},
    {"disable-page-track.gone", "disable_page_track", "a frame whose memory has gone is no error",
     false, &MemoryTakesTracking},
    {"disable-page-track.untracked", "disable_page_track", "a frame not tracked is no error", true,
     &EndsNothing},
};

}  // namespace

std::span<const Line> TrackLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
