// The five ports of a streamer, as plain as can be: pages in a map, registers in a map, a clock
// that a test turns, segments that are copied and measured but not audited.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "gpu/engine_clock.h"
#include "gpu/interrupt_port.h"
#include "gpu/memory_port.h"
#include "gpu/register_port.h"
#include "gpu/segment_port.h"
#include "hw/command_table.h"
#include "hw/register_table.h"

namespace gvt::soft_test {

// Where a page that no test has written comes from; nullptr: it is not mapped.
using PageSource = std::function<const std::byte*(hw::AddressSpace, uint64_t page)>;
using PageBytes = std::array<uint32_t, kPageSize / 4>;

// Each set of page tables (by its first root) is a space of its own. Thread rule: any thread.
class FakeMemory final : public gpu::MemoryPort {
 public:
  void SetSource(PageSource source) { source_ = std::move(source); }
  // Makes zeroed pages for [address, address + bytes).
  void Map(hw::AddressSpace space, uint64_t address, uint64_t bytes) {
    for (uint64_t page = address >> 12; page <= (address + bytes - 1) >> 12; ++page) {
      pages_[KeyOf(space)].try_emplace(page);
    }
  }
  void Unmap(hw::AddressSpace space, uint64_t address) {
    pages_[KeyOf(space)].erase(address >> 12);
  }
  void MakeReadOnly(hw::AddressSpace space, uint64_t address) {
    read_only_.insert({KeyOf(space), address >> 12});
  }
  // Maps as needed.
  void Put(hw::AddressSpace space, uint64_t address, std::span<const uint32_t> dwords) {
    if (dwords.empty()) return;
    Map(space, address, dwords.size_bytes());
    for (size_t i = 0; i < dwords.size(); ++i) {
      *Dword(KeyOf(space), address + 4 * i, false) = dwords[i];
    }
  }
  uint32_t Get(hw::AddressSpace space, uint64_t address) {
    uint32_t value = 0;
    return Load32(space, Gma(address), &value) ? value : 0xdeadbeef;
  }
  // Another set of page tables, for what the test does next.
  void Select(uint64_t root) { root_ = root; }
  unsigned invalidations() const { return invalidations_; }
  // Everything there is, by space and page.
  const std::map<uint64_t, std::map<uint64_t, PageBytes>>& pages() const { return pages_; }

  bool Read(hw::AddressSpace space, Gma address, std::span<std::byte> out) override {
    for (size_t done = 0; done < out.size();) {
      const std::byte* from = Byte(space, address.value + done, false);
      if (from == nullptr) return false;
      const size_t count = InPage(address.value + done, out.size() - done);
      std::memcpy(out.data() + done, from, count);
      done += count;
    }
    return true;
  }
  bool Write(hw::AddressSpace space, Gma address, std::span<const std::byte> data) override {
    for (size_t done = 0; done < data.size();) {
      std::byte* to = Byte(space, address.value + done, true);
      if (to == nullptr) return false;
      const size_t count = InPage(address.value + done, data.size() - done);
      std::memcpy(to, data.data() + done, count);
      done += count;
    }
    return true;
  }
  bool Load32(hw::AddressSpace space, Gma address, uint32_t* out) override {
    const std::lock_guard lock(mutex_);
    const uint32_t* dword = Dword(KeyOf(space), address.value, false);
    if (dword != nullptr) *out = *dword;
    return dword != nullptr;
  }
  bool Load64(hw::AddressSpace space, Gma address, uint64_t* out) override {
    uint32_t low = 0;
    uint32_t high = 0;
    if (!Load32(space, address, &low) || !Load32(space, address + 4, &high)) return false;
    *out = Join64(low, high);
    return true;
  }
  bool Store32(hw::AddressSpace space, Gma address, uint32_t value) override {
    const std::lock_guard lock(mutex_);
    uint32_t* dword = Dword(KeyOf(space), address.value, true);
    if (dword != nullptr) *dword = value;
    return dword != nullptr;
  }
  bool Store64(hw::AddressSpace space, Gma address, uint64_t value) override {
    return Store32(space, address, Low32(value)) && Store32(space, address + 4, High32(value));
  }
  bool CompareExchange32(hw::AddressSpace space, Gma address, uint32_t* expected,
                         uint32_t desired) override {
    const std::lock_guard lock(mutex_);
    uint32_t* dword = Dword(KeyOf(space), address.value, true);
    if (dword == nullptr) return false;
    if (std::exchange(*expected, *dword) == *expected) *dword = desired;
    return true;
  }
  bool CompareExchange64(hw::AddressSpace space, Gma address, uint64_t* expected,
                         uint64_t desired) override {
    uint64_t held = 0;
    if (!Load64(space, address, &held)) return false;
    if (std::exchange(*expected, held) == held) return Store64(space, address, desired);
    return true;
  }
  void BindPageTables(bool, const std::array<uint64_t, 4>& pdp) override { root_ = pdp[0]; }
  void InvalidateTlb() override { ++invalidations_; }

 private:
  uint64_t KeyOf(hw::AddressSpace space) const {
    return space == hw::AddressSpace::kGgtt ? 0 : root_ | 1;
  }
  static size_t InPage(uint64_t address, size_t bytes) {
    return std::min<size_t>(bytes, kPageSize - address % kPageSize);
  }
  std::byte* Byte(hw::AddressSpace space, uint64_t address, bool write) {
    const std::lock_guard lock(mutex_);
    uint32_t* dword = Dword(KeyOf(space), address, write);
    return dword == nullptr ? nullptr : reinterpret_cast<std::byte*>(dword) + address % 4;
  }
  uint32_t* Dword(uint64_t key, uint64_t address, bool write) {
    auto& space = pages_[key];
    auto page = space.find(address >> 12);
    if (page == space.end()) {
      if (!source_) return nullptr;
      const auto where = key == 0 ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
      const std::byte* bytes = source_(where, address >> 12);
      if (bytes == nullptr) return nullptr;
      page = space.try_emplace(address >> 12).first;
      std::memcpy(page->second.data(), bytes, kPageSize);
    }
    if (write && read_only_.contains({key, address >> 12})) return nullptr;
    return &page->second[(address & 0xfff) / 4];
  }

  std::mutex mutex_;
  PageSource source_;
  std::map<uint64_t, std::map<uint64_t, PageBytes>> pages_;
  std::set<std::pair<uint64_t, uint64_t>> read_only_;
  uint64_t root_ = 0;
  unsigned invalidations_ = 0;
};

class FakeRegisters final : public gpu::RegisterPort {
 public:
  FakeRegisters(hw::Platform platform, hw::Engine engine)
      : platform_(platform), saved_(gpu::SavedRegistersOf(platform, engine).all) {}
  uint32_t Read(uint32_t offset) override {
    ++reads;
    return values_[offset];
  }
  void Write(uint32_t offset, uint32_t value) override {
    Store(offset, value);
    for (size_t i = 0; i < saved_.size(); ++i) {
      if (saved_[i].offset == offset) written_.Add(i);
    }
  }
  gpu::SavedRegisterSet TakeWritten() override {
    if (!keeps_account) return gpu::SavedRegisterSet::All();
    return std::exchange(written_, {});
  }
  void Restore(uint32_t offset, uint32_t value) override {
    ++restores;
    Store(offset, value);
  }
  const std::map<uint32_t, uint32_t>& values() const { return values_; }

  bool keeps_account = true;
  unsigned reads = 0;
  unsigned restores = 0;

 private:
  void Store(uint32_t offset, uint32_t value) {
    const hw::RegisterRow* row = hw::FindRegister(platform_, offset);
    if (row != nullptr && row->Has(hw::RegisterFlag::kMaskedWrite)) {
      const uint32_t mask = value >> 16;
      value = (values_[offset] & ~mask) | (value & mask);
    }
    values_[offset] = value;
  }

  hw::Platform platform_;
  std::span<const gpu::SavedRegister> saved_;
  gpu::SavedRegisterSet written_;
  std::map<uint32_t, uint32_t> values_;
};

class FakeInterrupts final : public gpu::InterruptPort {
 public:
  void Raise(gpu::EngineInterrupt interrupt) override {
    raised.push_back(interrupt);
    if (on_raise) on_raise(interrupt);
  }
  std::vector<gpu::EngineInterrupt> raised;
  std::function<void(gpu::EngineInterrupt)> on_raise;
};

class FakeClock final : public gpu::EngineClock {
 public:
  uint64_t NowNs() override { return now_ns += step_ns; }
  uint64_t now_ns = 0;
  uint64_t step_ns = 0;  // that each look at it takes
};

class FakeSegments final : public gpu::SegmentPort {
 public:
  FakeSegments(hw::Platform platform, hw::Engine engine, FakeMemory& memory)
      : generation_(hw::GenerationOf(platform)), engine_(engine), memory_(memory) {}

  // An audit would refuse the command there.
  void Refuse(uint64_t address) { refused_.insert(address); }
  const std::vector<gpu::SegmentEntry>& entries() const { return entries_; }

  gpu::AuditedSegment Enter(const gpu::SegmentEntry& entry) override {
    entries_.push_back(entry);
    copy_.clear();
    gpu::AuditedSegment segment;
    size_t at = 0;
    while (segment.fault == gpu::SegmentFault::kNone && !IsDone(entry, at)) {
      const size_t begin = at;
      if (!Fetch(entry, begin + 1)) {
        segment.fault = gpu::SegmentFault::kUnmapped;
        break;
      }
      const uint32_t header = copy_[begin];
      const hw::CommandRow* row = hw::FindCommand(generation_, engine_, header);
      const bool refused = refused_.contains(entry.address.value + 4 * begin);
      const uint32_t length = row == nullptr ? 1 : row->length.Of(header);
      const bool cut = entry.limit_dwords != 0 && begin + length > entry.limit_dwords;
      if (refused || cut || row == nullptr || !row->length.Allows(length)) {
        segment.fault = gpu::SegmentFault::kRefused;
        segment.fault_header = header;
        copy_.resize(begin);
      } else if (!Fetch(entry, begin + length)) {
        segment.fault = gpu::SegmentFault::kUnmapped;
        copy_.resize(begin);
      } else {
        at = begin + length;
        const bool ends =
            row->effect == hw::Effect::kBatchEnd && entry.kind != gpu::SegmentKind::kRing;
        if (ends || row->effect == hw::Effect::kBatchStart) break;
      }
    }
    segment.dwords = copy_;
    return segment;
  }

 private:
  static bool IsDone(const gpu::SegmentEntry& entry, size_t at) {
    return entry.limit_dwords != 0 && at >= entry.limit_dwords;
  }
  bool Fetch(const gpu::SegmentEntry& entry, size_t dwords) {
    while (copy_.size() < dwords) {
      uint32_t value = 0;
      const Gma from(entry.address.value + 4 * copy_.size());
      if (!memory_.Load32(entry.space, from, &value)) return false;
      copy_.push_back(value);
    }
    return true;
  }

  hw::Generation generation_;
  hw::Engine engine_;
  FakeMemory& memory_;
  std::set<uint64_t> refused_;
  std::vector<gpu::SegmentEntry> entries_;
  std::vector<uint32_t> copy_;
};

}  // namespace gvt::soft_test
