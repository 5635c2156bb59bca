// One atomic qword an entry. A narrower write changes its bytes of the qword in one step, so an
// engine sees each entry as some write left it; a guest that writes an entry in two halves shows
// the engine what is in between, as it would on hardware.
//
// An entry may hold anything. Whether its page exists is found out when it is used.
//
// Source: PRM SKL vol 5 "Memory Views" (GGTT), linux v6.1 gvt/gtt.c emulate_ggtt_mmio_write.
#include "vgpu/ggtt_window.h"

#include <algorithm>
#include <cstring>

#include "base/bits.h"

namespace gvt::vgpu {

Gpa GgttWindow::Translate(Gma address) const {
  const uint64_t index = address.page();
  if (index >= hw::kGgttEntries || !Owns(index)) return sched::kNoPage;
  const hw::GgttEntry entry(Entry(index).load(std::memory_order_acquire));
  if (!entry.present()) return sched::kNoPage;
  return Gpa(entry.address() + address.page_offset());
}

void GgttWindow::Read(uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const uint64_t first = offset % hw::kEntryBytes;
    const uint64_t index = offset / hw::kEntryBytes;
    const size_t count = std::min<size_t>(hw::kEntryBytes - first, out.size());
    uint64_t value = 0;
    if (index < hw::kGgttEntries && Owns(index)) {
      value = Entry(index).load(std::memory_order_acquire) >> (8 * first);
    }
    std::memcpy(out.data(), &value, count);
    out = out.subspan(count);
    offset += count;
  }
}

void GgttWindow::Write(uint64_t offset, std::span<const std::byte> data) {
  while (!data.empty()) {
    const auto first = static_cast<unsigned>(offset % hw::kEntryBytes);
    const uint64_t index = offset / hw::kEntryBytes;
    const size_t count = std::min<size_t>(hw::kEntryBytes - first, data.size());
    if (index < hw::kGgttEntries && Owns(index)) {
      uint64_t value = 0;
      std::memcpy(&value, data.data(), count);
      const uint64_t select = LowMask64(static_cast<unsigned>(8 * count)) << (8 * first);
      const std::atomic_ref<uint64_t> entry = Entry(index);
      uint64_t old = entry.load(std::memory_order_relaxed);
      const uint64_t shifted = value << (8 * first);
      while (!entry.compare_exchange_weak(old, (old & ~select) | (shifted & select),
                                          std::memory_order_acq_rel)) {
      }
      written_[index / kPartEntries].store(true, std::memory_order_release);
    }
    data = data.subspan(count);
    offset += count;
  }
}

void GgttWindow::Reset() {
  for (uint64_t part = 0; part < written_.size(); ++part) {
    if (!written_[part].exchange(false, std::memory_order_acq_rel)) continue;
    for (uint64_t i = part * kPartEntries; i < (part + 1) * kPartEntries; ++i) {
      Entry(i).store(0, std::memory_order_release);
    }
  }
}

ValueRuns GgttWindow::Save() const {
  ValueRuns runs;
  for (uint64_t part = 0; part < written_.size(); ++part) {
    if (!written_[part].load(std::memory_order_acquire)) continue;
    for (uint64_t i = part * kPartEntries; i < (part + 1) * kPartEntries; ++i) {
      AppendValue(&runs, static_cast<uint32_t>(i), Entry(i).load(std::memory_order_acquire));
    }
  }
  return runs;
}

void GgttWindow::Restore(const ValueRuns& runs) {
  Reset();
  for (const ValueRun& run : runs) {
    const uint64_t end = std::min<uint64_t>(uint64_t{run.first} + run.count, hw::kGgttEntries);
    for (uint64_t i = run.first; i < end; ++i) {
      if (!Owns(i)) continue;
      Entry(i).store(run.value, std::memory_order_release);
      written_[i / kPartEntries].store(true, std::memory_order_release);
    }
  }
}

}  // namespace gvt::vgpu
