// Which registers of an engine's contexts were written since the engine last asked.
//
// One bit a register. Writers store first and set the bit then; the engine takes the bits first and
// loads then. So what it is not told of, it will be told of the next time.
//
// Progress: every operation is wait-free.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "gpu/saved_registers.h"
#include "hw/platform.h"

namespace gvt::vgpu {

// Which engine saves a register with its contexts, and under which number. Made at a platform's
// first use and kept.
class SavedPlaces {
 public:
  struct Place {
    uint8_t engine = kNobody;
    uint8_t number = 0;
    bool is_one() const { return engine != kNobody; }
  };

  static const SavedPlaces& Of(hw::Platform platform);

  Place At(uint32_t offset) const {
    return offset / 4 < places_.size() ? places_[offset / 4] : Place{};
  }
  // Those that more than one engine saves; none of them is At() its offset.
  const gpu::SavedRegisterSet& SharedOf(hw::Engine engine) const {
    return shared_[static_cast<size_t>(engine)];
  }

 private:
  static constexpr uint8_t kNobody = 0xff;

  explicit SavedPlaces(hw::Platform platform);
  template <hw::Platform kPlatform>
  static const SavedPlaces& Instance();

  std::vector<Place> places_;
  std::array<gpu::SavedRegisterSet, hw::kEngineCount> shared_{};
};

class WrittenRegisters {
 public:
  explicit WrittenRegisters(hw::Platform platform) : places_(SavedPlaces::Of(platform)) {}

  // The register at `offset` was stored to; any offset is legal. Thread rule: any thread.
  void Add(uint32_t offset) {
    const SavedPlaces::Place place = places_.At(offset);
    if (!place.is_one()) return;
    words_[place.engine][place.number / 64].fetch_or(uint64_t{1} << place.number % 64,
                                                     std::memory_order_seq_cst);
  }
  // Any number of them were.
  void AddAll() {
    for (auto& words : words_) {
      for (auto& word : words) word.store(~uint64_t{0}, std::memory_order_seq_cst);
    }
  }
  gpu::SavedRegisterSet Take(hw::Engine engine) {
    gpu::SavedRegisterSet taken = places_.SharedOf(engine);
    auto& words = words_[static_cast<size_t>(engine)];
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i].load(std::memory_order_relaxed) == 0) continue;
      taken.word(i) |= words[i].exchange(0, std::memory_order_seq_cst);
    }
    return taken;
  }

 private:
  const SavedPlaces& places_;
  // atomic: bits set by who stores a register, taken by the engine's thread
  std::array<std::array<std::atomic<uint64_t>, gpu::SavedRegisterSet::kWords>, hw::kEngineCount>
      words_{};
};

}  // namespace gvt::vgpu
