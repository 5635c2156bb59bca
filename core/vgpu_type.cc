// The types of vGPU that GVT-g has, and where it puts them.
//
// GVT-g cuts the GGTT of a GPU: the host keeps some of the low part, which is the aperture, of the
// high part and of the fences; each vGPU has a range of both parts. Here each vGPU has a GGTT of
// its own, so that a type alone is a size, and any number of them can be made. With a number a type
// is a place: that of one vGPU of those which a GPU is cut into. Its guest finds the addresses that
// it would find under GVT-g, and balloons the others away.
//
// A type without a name is its two sizes, "16+48". A driver that knows of its hypervisor writes its
// whole GGTT when it loads, each entry by a trap: a small one is loaded soon.
//
// Source: linux v5.13 gvt/vgpu.c (vgpu_types, intel_gvt_init_vgpu_types), gvt/gvt.h
// (HOST_LOW_GM_SIZE, HOST_HIGH_GM_SIZE, HOST_FENCE), gvt/aperture_gm.c.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "gvtcore/mpt.h"

namespace gvt::core {
namespace {

struct TypeSize {
  std::string_view parts;
  uint32_t low_mib;
  uint32_t high_mib;
  uint32_t weight;
};

constexpr TypeSize kTypes[] = {
    {"8", 64, 384, 2}, {"4", 128, 512, 4}, {"2", 256, 1024, 8}, {"1", 512, 2048, 16}};

constexpr uint32_t kFences = 4;  // of each vGPU
// The GPU that is cut, and what the host keeps of it.
constexpr uint32_t kApertureMib = 512;
constexpr uint32_t kGgttMib = 4096;
constexpr uint32_t kHostLowMib = 128;
constexpr uint32_t kHostHighMib = 384;
constexpr uint32_t kHostFences = 4;
constexpr uint32_t kGpuFences = 32;
constexpr uint32_t kLeastApertureMib = 128;  // of BAR2

// How many of a type a GPU is cut into. None of the largest: the host's part is in the way.
constexpr uint32_t PlacesOf(const TypeSize& size) {
  return std::min({(kApertureMib - kHostLowMib) / size.low_mib,
                   (kGgttMib - kApertureMib - kHostHighMib) / size.high_mib,
                   (kGpuFences - kHostFences) / kFences});
}

// "V5_4" without its generation; nullptr: there is no such type.
const TypeSize* FindType(std::string_view name) {
  if (name.substr(0, 3) != "V4_" && name.substr(0, 3) != "V5_") return nullptr;
  const auto* const found =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [&](const TypeSize& size) { return name.substr(3) == size.parts; });
  return found != std::end(kTypes) ? found : nullptr;
}

// From 1 on, in decimal digits.
std::optional<uint32_t> NumberOf(std::string_view text) {
  uint32_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number != 0 ? std::optional(number) : std::nullopt;
}

// The smallest aperture that holds the low part; nullopt: none does.
std::optional<uint32_t> ApertureFor(uint32_t low_mib) {
  for (uint32_t mib = kLeastApertureMib; mib <= kApertureMib; mib *= 2) {
    if (low_mib <= mib) return mib;
  }
  return std::nullopt;
}

// "16+48": MiB of the low and of the high part. False: it is no such type.
bool TakeSizes(std::string_view name, gvtcore_vgpu_config_t* config) {
  const size_t plus = name.find('+');
  if (plus == std::string_view::npos) return false;
  const std::optional<uint32_t> low = NumberOf(name.substr(0, plus));
  const std::optional<uint32_t> high = NumberOf(name.substr(plus + 1));
  const std::optional<uint32_t> aperture = low ? ApertureFor(*low) : std::nullopt;
  if (!aperture || !high || *high > kGgttMib - *aperture) return false;
  config->aperture_mib = *aperture;
  config->low_gm_base_mib = 0;
  config->low_gm_mib = *low;
  config->high_gm_base_mib = *aperture;
  config->high_gm_mib = *high;
  config->fence_count = kFences;
  return true;
}

}  // namespace
}  // namespace gvt::core

extern "C" {

int gvtcore_mpt_type(const char* type, gvtcore_vgpu_config_t* config) {
  using namespace gvt::core;
  constexpr std::string_view kPrefix = "i915-GVTg_";
  if (type == nullptr || config == nullptr) return GVTCORE_EINVAL;
  std::string_view name(type);
  if (name.substr(0, kPrefix.size()) == kPrefix) name.remove_prefix(kPrefix.size());
  const size_t colon = name.find(':');
  const TypeSize* size = FindType(name.substr(0, colon));
  if (size == nullptr) return TakeSizes(name, config) ? 0 : GVTCORE_ENOENT;
  // Without a place: an aperture that is larger than the type's part is ballooned away behind it.
  uint32_t aperture = std::max(size->low_mib, kLeastApertureMib);
  uint32_t low = 0;
  uint32_t high = aperture;
  if (colon != std::string_view::npos) {
    const std::optional<uint32_t> place = NumberOf(name.substr(colon + 1));
    if (!place) return GVTCORE_ENOENT;
    if (*place > PlacesOf(*size)) return GVTCORE_ENOSPC;
    aperture = kApertureMib;
    low = kHostLowMib + (*place - 1) * size->low_mib;
    high = kApertureMib + kHostHighMib + (*place - 1) * size->high_mib;
  }
  config->aperture_mib = aperture;
  config->low_gm_base_mib = low;
  config->low_gm_mib = size->low_mib;
  config->high_gm_base_mib = high;
  config->high_gm_mib = size->high_mib;
  config->fence_count = kFences;
  config->weight = size->weight;
  return 0;
}

}  // extern "C"
