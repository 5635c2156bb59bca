#include "vgpu/written_registers.h"

namespace gvt::vgpu {

template <hw::Platform kPlatform>
const SavedPlaces& SavedPlaces::Instance() {
  // Never destroyed: a guest may still run while the process ends.
  static const SavedPlaces* const kPlaces = new SavedPlaces(kPlatform);
  return *kPlaces;
}

const SavedPlaces& SavedPlaces::Of(hw::Platform platform) {
  switch (platform) {
    case hw::Platform::kBdw: return Instance<hw::Platform::kBdw>();
    case hw::Platform::kSkl: return Instance<hw::Platform::kSkl>();
    case hw::Platform::kKbl: return Instance<hw::Platform::kKbl>();
    case hw::Platform::kCfl: return Instance<hw::Platform::kCfl>();
    case hw::Platform::kBxt: return Instance<hw::Platform::kBxt>();
  }
  return Instance<hw::Platform::kSkl>();
}

SavedPlaces::SavedPlaces(hw::Platform platform) {
  static_assert(gpu::kMaxSavedRegisters < 256, "a number is a byte");
  std::vector<uint8_t> owners;  // by register: how many engines save it
  const auto each = [&](auto visit) {
    for (unsigned e = 0; e < hw::kEngineCount; ++e) {
      const auto& all = gpu::SavedRegistersOf(platform, static_cast<hw::Engine>(e)).all;
      for (size_t number = 0; number < all.size(); ++number) {
        visit(static_cast<uint8_t>(e), static_cast<uint8_t>(number), all[number].offset / 4);
      }
    }
  };
  each([&](uint8_t /*engine*/, uint8_t /*number*/, uint32_t index) {
    if (index >= owners.size()) owners.resize(index + size_t{1});
    ++owners[index];
  });
  places_.resize(owners.size());
  each([&](uint8_t engine, uint8_t number, uint32_t index) {
    if (owners[index] == 1) {
      places_[index] = {engine, number};
    } else {
      shared_[engine].Add(number);
    }
  });
}

}  // namespace gvt::vgpu
