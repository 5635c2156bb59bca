// The windows of a vGPU in its GGTT: the low one lies in the aperture, the high one behind it,
// below 4 GiB. Both are whole MiB. Numbers of the contract: include/gvtcore/gvtcore.h.
#include "core/vgpu_config.h"

namespace gvt::core {
namespace {

constexpr uint16_t kSkylakeGt2 = 0x1912;
constexpr uint16_t kKabyLakeGt2 = 0x5916;
constexpr uint32_t kDefaultApertureMib = 256;
constexpr uint32_t kGgttMib = 4096;
constexpr uint32_t kDefaultFences = 4;
constexpr uint32_t kMaxFences = 32;
constexpr uint32_t kLongestLatencyUs = 1'000'000;
constexpr uint32_t kKnownFlags = GVTCORE_VGPU_NO_SCAN;

constexpr uint32_t Or(uint32_t value, uint32_t fallback) {
  return value != 0 ? value : fallback;
}
constexpr uint64_t Mib(uint32_t count) {
  return uint64_t{count} << 20;
}
// [base, base + size) lies in [begin, end), all in MiB, without overflow.
constexpr bool Fits(uint32_t base, uint32_t size, uint32_t begin, uint32_t end) {
  return base >= begin && base < end && size > 0 && size <= end - base;
}

}  // namespace

std::optional<VgpuSettings> SettingsOf(const gvtcore_vgpu_config_t& config) {
  const auto device_id = static_cast<uint16_t>(Or(config.pci_device_id, kSkylakeGt2));
  if (device_id != kSkylakeGt2 && device_id != kKabyLakeGt2) return std::nullopt;
  const uint32_t aperture = Or(config.aperture_mib, kDefaultApertureMib);
  if (aperture != 128 && aperture != 256 && aperture != 512) return std::nullopt;
  const uint32_t low_base = config.low_gm_base_mib;
  if (low_base >= aperture) return std::nullopt;
  const uint32_t low_size = Or(config.low_gm_mib, aperture - low_base);
  if (!Fits(low_base, low_size, 0, aperture)) return std::nullopt;
  const uint32_t high_base = Or(config.high_gm_base_mib, aperture);
  if (high_base >= kGgttMib) return std::nullopt;
  const uint32_t high_size = Or(config.high_gm_mib, kGgttMib - high_base);
  if (!Fits(high_base, high_size, aperture, kGgttMib)) return std::nullopt;
  if (config.fence_count > kMaxFences || config.weight > sched::kMaxWeight) return std::nullopt;
  if (config.cap_percent > sched::kMaxCapPercent || config.latency_us > kLongestLatencyUs) {
    return std::nullopt;
  }
  if ((config.flags & ~kKnownFlags) != 0) return std::nullopt;

  VgpuSettings settings;
  settings.device.pci_device_id = device_id;
  settings.device.aperture_bytes = Mib(aperture);
  settings.device.low_gm_base = Mib(low_base);
  settings.device.low_gm_bytes = Mib(low_size);
  settings.device.high_gm_base = Mib(high_base);
  settings.device.high_gm_bytes = Mib(high_size);
  settings.device.fence_count = Or(config.fence_count, kDefaultFences);
  settings.policy.aperture = Range::Sized(Mib(low_base), Mib(low_size));
  settings.policy.hidden = Range::Sized(Mib(high_base), Mib(high_size));
  settings.platform = hw::PlatformFromPciId(device_id).value_or(hw::Platform::kSkl);
  settings.share.weight = Or(config.weight, settings.share.weight);
  settings.share.cap_percent = Or(config.cap_percent, sched::kMaxCapPercent);
  settings.share.latency_ns = uint64_t{config.latency_us} * 1000;
  settings.scan = (config.flags & GVTCORE_VGPU_NO_SCAN) == 0;
  return settings;
}

}  // namespace gvt::core
