// read_gpa, write_gpa and is_valid_gfn.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kEnd = Machine::kMemoryBytes;
constexpr size_t kLengths[] = {1, 2, 3, 4, 7, 8, 64, 4095, 4096, 4097, 12289};
constexpr uint64_t kStarts[] = {0x10000, 0x10001, 0x10004, 0x10ffc, 0x10fff};

Bytes Pattern(size_t length, uint32_t seed) {
  Bytes bytes(length);
  for (size_t i = 0; i < length; ++i) {
    seed = seed * 1664525 + 1013904223;
    bytes[i] = static_cast<uint8_t>(seed >> 24);
  }
  return bytes;
}

std::string At(uint64_t gpa, size_t length) {
  return std::to_string(length) + " bytes at " + std::to_string(gpa);
}

// Runs `one` for every length and start.
Verdict ForEachPiece(const std::function<bool(uint64_t, size_t)>& one) {
  for (const size_t length : kLengths) {
    for (const uint64_t start : kStarts) {
      if (!one(start, length)) return Failed(At(start, length));
    }
  }
  return Passed();
}

Verdict ReadsWhatWasWritten(Trial& t) {
  return ForEachPiece([&](uint64_t start, size_t length) {
    const Bytes wanted = Pattern(length, static_cast<uint32_t>(start + length));
    Bytes seen(length);
    return t.calls.WriteGpa(t.handle(), start, wanted.data(), length) == 0 &&
           t.calls.ReadGpa(t.handle(), start, seen.data(), length) == 0 && seen == wanted;
  });
}

Verdict ReadsWhatTheGuestWrote(Trial& t) {
  if (t.module.guest_write == nullptr) return NotTried("no guest_write");
  for (uint64_t i = 0; i < 16; ++i) {
    const uint64_t wanted = 0x0102030405060708 * (i + 1);
    uint64_t seen = 0;
    const uint64_t at = 0x20000 + i * 4096 + i * 8;
    if (t.module.guest_write(t.machine.vm(), at, &wanted, sizeof wanted) != 0 ||
        t.calls.ReadGpa(t.handle(), at, &seen, sizeof seen) != 0 || seen != wanted) {
      return Failed(At(at, sizeof seen));
    }
  }
  return Passed();
}

Verdict GuestReadsWhatWasWritten(Trial& t) {
  if (t.module.guest_read == nullptr) return NotTried("no guest_read");
  for (uint64_t i = 0; i < 16; ++i) {
    const uint64_t wanted = 0x1122334455667788 * (i + 3);
    uint64_t seen = 0;
    const uint64_t at = 0x30000 + i * 4096 + i * 8;
    if (t.calls.WriteGpa(t.handle(), at, &wanted, sizeof wanted) != 0 ||
        t.module.guest_read(t.machine.vm(), at, &seen, sizeof seen) != 0 || seen != wanted) {
      return Failed(At(at, sizeof seen));
    }
  }
  return Passed();
}

Verdict BeginsZeroed(Trial& t) {
  Bytes page(4096);
  for (uint64_t gpa = 0x100000; gpa < 0x110000; gpa += 4096) {
    if (t.calls.ReadGpa(t.handle(), gpa, page.data(), page.size()) != 0) return Failed(At(gpa, 1));
    if (std::any_of(page.begin(), page.end(), [](uint8_t b) { return b != 0; })) {
      return Failed(At(gpa, 4096) + " are not zero");
    }
  }
  return Passed();
}

constexpr std::array<std::pair<uint64_t, size_t>, 5> kOutside = {
    {{kEnd, 1}, {kEnd - 1, 2}, {kEnd - 4096, 8192}, {uint64_t{1} << 40, 4}, {~uint64_t{0} - 3, 8}}};

Verdict ReadRefusesOutside(Trial& t) {
  Bytes buffer(8192);
  for (const auto& [gpa, length] : kOutside) {
    if (t.calls.ReadGpa(t.handle(), gpa, buffer.data(), length) >= 0)
      return Failed(At(gpa, length));
  }
  return Passed();
}

Verdict WriteRefusesOutside(Trial& t) {
  const Bytes buffer(8192);
  for (const auto& [gpa, length] : kOutside) {
    if (t.calls.WriteGpa(t.handle(), gpa, buffer.data(), length) >= 0) {
      return Failed(At(gpa, length));
    }
  }
  return Passed();
}

Verdict ReadRefusesNoHandle(Trial& t) {
  uint32_t value = 0;
  return t.calls.ReadGpa(0, 0x1000, &value, 4) < 0 ? Passed() : Failed("it succeeded");
}

Verdict WriteRefusesNoHandle(Trial& t) {
  const uint32_t value = 0;
  return t.calls.WriteGpa(0, 0x1000, &value, 4) < 0 ? Passed() : Failed("it succeeded");
}

Verdict WriteLeavesNeighbours(Trial& t) {
  const Bytes before = Pattern(size_t{4} * 4096, 1);
  Bytes after(before.size());
  constexpr uint64_t kBase = 0x40000;
  for (const size_t length : {size_t{1}, size_t{5}, size_t{4096}}) {
    const Bytes middle = Pattern(length, 2);
    Bytes wanted = before;
    std::copy(middle.begin(), middle.end(), wanted.begin() + 4095);
    if (t.calls.WriteGpa(t.handle(), kBase, before.data(), before.size()) != 0 ||
        t.calls.WriteGpa(t.handle(), kBase + 4095, middle.data(), length) != 0 ||
        t.calls.ReadGpa(t.handle(), kBase, after.data(), after.size()) != 0 || after != wanted) {
      return Failed(At(kBase + 4095, length));
    }
  }
  return Passed();
}

Verdict ReadLeavesNeighbours(Trial& t) {
  Bytes buffer(64, 0xa5);
  if (t.calls.ReadGpa(t.handle(), 0x100000, buffer.data() + 8, 5) != 0) return Failed("refused");
  const auto is_mark = [](uint8_t b) { return b == 0xa5; };
  const bool kept = std::all_of(buffer.begin(), buffer.begin() + 8, is_mark) &&
                    std::all_of(buffer.begin() + 13, buffer.end(), is_mark);
  return kept ? Passed() : Failed("bytes beside the buffer changed");
}

Verdict WorksOnStrangeThreads(Trial& t) {
  int code = -1;
  std::thread([&] {
    uint64_t value = 0;
    code = t.calls.ReadGpa(t.handle(), 0x1000, &value, sizeof value);
  }).join();
  return code == 0 ? Passed() : Failed("error " + std::to_string(code));
}

// One thread stores two words in turn, the other must see one of them.
template <typename Word>
bool Tears(Trial& t, Word one, Word other) {
  constexpr uint64_t kAt = 0x50008;
  constexpr int kRounds = 2000;
  t.calls.WriteGpa(t.handle(), kAt, &one, sizeof one);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint32_t i = 0; !stop.load(); ++i) {
      const Word value = (i & 1) != 0 ? one : other;
      t.calls.WriteGpa(t.handle(), kAt, &value, sizeof value);
    }
  });
  bool torn = false;
  for (int i = 0; i < kRounds && !torn; ++i) {
    Word seen = 0;
    t.calls.ReadGpa(t.handle(), kAt, &seen, sizeof seen);
    torn = seen != one && seen != other;
  }
  stop.store(true);
  writer.join();
  return torn;
}

Verdict WordsAreWhole(Trial& t) {
  if (Tears<uint32_t>(t, 0x11111111, 0xeeeeeeee)) return Failed("a dword came in parts");
  if (Tears<uint64_t>(t, 0x1111111111111111, 0xeeeeeeeeeeeeeeee)) {
    return Failed("a qword came in parts");
  }
  return Passed();
}

Verdict ThreadsDoNotMix(Trial& t) {
  std::atomic<int> wrong{0};
  std::array<std::thread, 4> threads;
  for (uint32_t n = 0; n < threads.size(); ++n) {
    threads[n] = std::thread([&t, &wrong, n] {
      const uint64_t at = 0x60000 + n * uint64_t{0x4000};
      for (uint32_t i = 0; i < 100; ++i) {
        const Bytes wanted = Pattern(5000, n * 1000 + i);
        Bytes seen(wanted.size());
        t.calls.WriteGpa(t.handle(), at, wanted.data(), wanted.size());
        t.calls.ReadGpa(t.handle(), at, seen.data(), seen.size());
        if (seen != wanted) wrong.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return wrong.load() == 0 ? Passed() : Failed("one thread's bytes came to another");
}

Verdict MachinesAreApart(Trial& t) {
  const std::unique_ptr<Machine> other = Machine::Create(t.module);
  if (other == nullptr) return Failed("there is no second virtual machine");
  const uint32_t mark = 0x600dcafe;
  uint32_t seen = 0;
  if (t.calls.WriteGpa(t.handle(), 0x7000, &mark, 4) != 0 ||
      t.calls.ReadGpa(other->handle(), 0x7000, &seen, 4) != 0) {
    return Failed("refused");
  }
  return seen == 0 ? Passed() : Failed("a guest sees the memory of another");
}

Verdict RemovedIsGone(Trial& t) {
  if (t.module.memory_remove == nullptr) return NotTried("no memory_remove");
  uint32_t value = 1;
  if (t.module.memory_remove(t.machine.vm(), 0x200000, 0x10000) != 0) return Failed("not removed");
  if (t.calls.ReadGpa(t.handle(), 0x204000, &value, 4) >= 0) return Failed("read_gpa succeeded");
  if (t.calls.WriteGpa(t.handle(), 0x204000, &value, 4) >= 0) return Failed("write_gpa succeeded");
  if (t.calls.ReadGpa(t.handle(), 0x210000, &value, 4) < 0) return Failed("too much is gone");
  return Passed();
}

Verdict RemovedUnderWay(Trial& t) {
  if (t.module.memory_remove == nullptr) return NotTried("no memory_remove");
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    Bytes page(4096);
    while (!stop.load()) {
      for (uint64_t gpa = 0x200000; gpa < 0x220000; gpa += 4096) {
        t.calls.WriteGpa(t.handle(), gpa, page.data(), page.size());
        t.calls.ReadGpa(t.handle(), gpa, page.data(), page.size());
      }
    }
  });
  bool removed = true;
  for (uint64_t gpa = 0x200000; gpa < 0x220000; gpa += 4096) {
    removed = removed && t.module.memory_remove(t.machine.vm(), gpa, 4096) == 0;
  }
  stop.store(true);
  worker.join();
  uint32_t value = 0;
  if (!removed) return Failed("not removed");
  return t.calls.ReadGpa(t.handle(), 0x21f000, &value, 4) < 0 ? Passed() : Failed("still there");
}

Verdict FramesAreValid(Trial& t) {
  if (!t.calls.IsValidFrame(t.handle(), 0x10)) return Failed("a frame of memory is not");
  if (!t.calls.IsValidFrame(t.handle(), Machine::kPages - 1)) return Failed("the last is not");
  for (const uint64_t gfn : {Machine::kPages, uint64_t{1} << 28, uint64_t{1} << 51}) {
    if (t.calls.IsValidFrame(t.handle(), gfn)) return Failed("frame " + std::to_string(gfn));
  }
  return Passed();
}

Verdict NoHandleNoFrame(Trial& t) {
  return t.calls.IsValidFrame(0, 0x10) ? Failed("it is") : Passed();
}

constexpr Line kLines[] = {
    {"read-gpa.round-trip", "read_gpa", "any length and alignment comes back as it was written",
     true, &ReadsWhatWasWritten},
    {"read-gpa.sees-guest", "read_gpa", "what the guest stored is read", true,
     &ReadsWhatTheGuestWrote},
    {"read-gpa.zeroed", "read_gpa", "memory of a new machine is zero", true, &BeginsZeroed},
    {"read-gpa.outside", "read_gpa", "a byte that is not there is an error", true,
     &ReadRefusesOutside},
    {"read-gpa.no-handle", "read_gpa", "without a handle it is an error", true,
     &ReadRefusesNoHandle},
    {"read-gpa.neighbours", "read_gpa", "nothing beside the buffer is touched", true,
     &ReadLeavesNeighbours},
    {"read-gpa.any-thread", "read_gpa", "threads that are not the machine's may call", true,
     &WorksOnStrangeThreads},
    {"read-gpa.whole-words", "read_gpa", "aligned words of 4 and 8 bytes are one access", true,
     &WordsAreWhole},
    {"read-gpa.apart", "read_gpa", "machines do not see each other's memory", true,
     &MachinesAreApart},
    {"write-gpa.seen-by-guest", "write_gpa", "the guest reads what was stored", true,
     &GuestReadsWhatWasWritten},
    {"write-gpa.outside", "write_gpa", "a byte that is not there is an error", true,
     &WriteRefusesOutside},
    {"write-gpa.no-handle", "write_gpa", "without a handle it is an error", true,
     &WriteRefusesNoHandle},
    {"write-gpa.neighbours", "write_gpa", "nothing beside the range is touched", true,
     &WriteLeavesNeighbours},
    {"write-gpa.concurrent", "write_gpa", "several threads may call at once", true,
     &ThreadsDoNotMix},
    {"write-gpa.gone", "write_gpa", "memory that was removed is gone, and no more of it", true,
     &RemovedIsGone},
    {"write-gpa.going", "write_gpa", "memory may be removed during accesses", true,
     &RemovedUnderWay},
    {"is-valid-gfn.memory", "is_valid_gfn", "says which frames are memory", true, &FramesAreValid},
    {"is-valid-gfn.no-handle", "is_valid_gfn", "without a handle no frame is", true,
     &NoHandleNoFrame},
};

}  // namespace

std::span<const Line> MemoryLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
