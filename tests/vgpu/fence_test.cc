// BAR2 through random page tables and fences, against a twin that knows bytes only.
#include "vgpu/fence.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <vector>

#include "tests/vgpu/test_device.h"

namespace gvt::vgpu {
namespace {

constexpr uint64_t kStart = 0x200000;  // of the part of the aperture that is looked at
constexpr uint64_t kPages = 64;
constexpr uint32_t kFences = 4;

// Byte by byte: fence, tile, page, memory.
class Twin {
 public:
  struct Range {
    bool valid = false;
    bool y = false;
    uint64_t first = 0;
    uint64_t end = 0;
    uint64_t pitch = 0;
  };

  explicit Twin(std::span<const uint8_t> memory) : bytes_(memory.begin(), memory.end()) {}

  std::map<uint64_t, uint64_t> pages;
  std::array<Range, kFences> fences;

  uint8_t* At(uint64_t address) {
    for (const Range& fence : fences) {
      const uint64_t tile_width = fence.y ? 128 : 512;
      if (!fence.valid || fence.pitch % tile_width != 0) continue;
      if (address < fence.first || address >= fence.end) continue;
      address = fence.first + Tiled(fence, address - fence.first);
      break;
    }
    const auto page = pages.find(address / 4096);
    if (page == pages.end()) return nullptr;
    return &bytes_[page->second + address % 4096];
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  // X: bits 8:0 of the column, then 2:0 of the row; Y: 3:0 of the column, 4:0 of the row, 6:4 of
  // the column; then the number of the tile.
  static uint64_t Tiled(const Range& fence, uint64_t offset) {
    const uint64_t column = offset % fence.pitch;
    const uint64_t row = offset / fence.pitch;
    if (fence.y) {
      const uint64_t tile = row / 32 * (fence.pitch / 128) + column / 128;
      return tile << 12 | (column >> 4 & 7) << 9 | (row & 31) << 4 | (column & 15);
    }
    const uint64_t tile = row / 8 * (fence.pitch / 512) + column / 512;
    return tile << 12 | (row & 7) << 9 | (column & 511);
  }

  std::vector<uint8_t> bytes_;
};

class Pair {
 public:
  explicit Pair(uint64_t seed) : random_(seed) {
    const std::span<uint8_t> memory = guest_.memory();
    for (size_t at = 0; at < memory.size(); at += sizeof(uint64_t)) {
      const uint64_t noise = random_();
      std::memcpy(&memory[at], &noise, sizeof noise);
    }
    twin_.emplace(guest_.memory());
    for (uint64_t page = kStart / 4096; page < kStart / 4096 + kPages; ++page) {
      if (Below(8) == 0) continue;
      const uint64_t target = Below(TestDevice::kMemoryBytes / 4096) * 4096;
      guest_.Map(page * 4096, target);
      twin_->pages[page] = target;
    }
    for (uint32_t i = 0; i < kFences; ++i) SetFence(i);
  }

  void Access() {
    const uint64_t address = kStart + Below(kPages * 4096 - 64);
    std::vector<uint8_t> data(1 + Below(64));
    if (Below(2) == 0) {
      for (uint8_t& byte : data) byte = static_cast<uint8_t>(random_());
      guest_.device().Write(Region::kBar2, address, std::as_bytes(std::span(data)));
      for (size_t i = 0; i < data.size(); ++i) {
        if (uint8_t* byte = twin_->At(address + i)) *byte = data[i];
      }
      return;
    }
    guest_.device().Read(Region::kBar2, address, std::as_writable_bytes(std::span(data)));
    for (size_t i = 0; i < data.size(); ++i) {
      const uint8_t* byte = twin_->At(address + i);
      ASSERT_EQ(data[i], byte == nullptr ? 0 : *byte) << std::hex << address + i;
    }
  }
  void SetFence(uint32_t index) {
    Twin::Range& fence = twin_->fences[index];
    fence.valid = Below(4) != 0;
    fence.y = Below(2) == 0;
    fence.pitch = (1 + Below(16)) * 128;
    fence.first = kStart + Below(kPages) * 4096;
    fence.end = fence.first + (1 + Below(kPages / 2)) * 4096;
    const uint64_t raw = (fence.end - 4096) << 32 | (fence.pitch / 128 - 1) << 32 | fence.first |
                         (fence.y ? 2u : 0u) | (fence.valid ? 1u : 0u);
    guest_.Write<uint64_t>(Region::kBar0, kFenceRegisters + 8 * index, raw);
  }
  bool MemoryIsTheSame() { return std::ranges::equal(guest_.memory(), twin_->bytes()); }
  uint32_t Below(uint64_t bound) { return static_cast<uint32_t>(random_() % bound); }

 private:
  std::mt19937_64 random_;
  TestDevice guest_;
  std::optional<Twin> twin_;
};

TEST(Fence, ShowsWhatAByteByByteTwinShows) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Pair pair(seed);
    for (unsigned i = 0; i < 400; ++i) {
      ASSERT_NO_FATAL_FAILURE(pair.Access());
      if (pair.Below(32) == 0) pair.SetFence(pair.Below(kFences));
    }
    ASSERT_TRUE(pair.MemoryIsTheSame());
  }
}

}  // namespace
}  // namespace gvt::vgpu
