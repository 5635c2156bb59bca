// Names of platforms and engines, and which platform a PCI device id is.
//
// A platform here is a register set, so close relatives share one: KBL holds Amber Lake's Kaby Lake
// parts, CFL holds Whiskey Lake, Comet Lake and Amber Lake's Coffee Lake parts, BXT holds Apollo
// Lake and Gemini Lake. A device id belongs to at most one platform; the lists are sorted so that a
// reader finds an id and the compiler finds a double.
//
// Source of the ids: linux v6.1 include/drm/i915_pciids.h.
#include "hw/platform.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace gvt::hw {
namespace {

constexpr std::array<std::string_view, kEngineCount> kEngineNames = {"rcs", "bcs", "vcs", "vcs2",
                                                                     "vecs"};
constexpr std::array<std::string_view, kPlatformCount> kPlatformNames = {"bdw", "skl", "kbl", "cfl",
                                                                         "bxt"};

constexpr uint16_t kBdwIds[] = {0x1602, 0x1606, 0x160a, 0x160b, 0x160d, 0x160e, 0x1612, 0x1616,
                                0x161a, 0x161b, 0x161d, 0x161e, 0x1622, 0x1626, 0x162a, 0x162b,
                                0x162d, 0x162e, 0x1632, 0x1636, 0x163a, 0x163b, 0x163d, 0x163e};
constexpr uint16_t kSklIds[] = {0x1902, 0x1906, 0x190a, 0x190b, 0x190e, 0x1912, 0x1913,
                                0x1915, 0x1916, 0x1917, 0x191a, 0x191b, 0x191d, 0x191e,
                                0x1921, 0x1923, 0x1926, 0x1927, 0x192a, 0x192b, 0x192d,
                                0x1932, 0x193a, 0x193b, 0x193d};
constexpr uint16_t kKblIds[] = {0x5902, 0x5906, 0x5908, 0x590a, 0x590b, 0x590e, 0x5912, 0x5913,
                                0x5915, 0x5916, 0x5917, 0x591a, 0x591b, 0x591c, 0x591d, 0x591e,
                                0x5921, 0x5923, 0x5926, 0x5927, 0x593b, 0x87c0};
constexpr uint16_t kCflIds[] = {0x3e90, 0x3e91, 0x3e92, 0x3e93, 0x3e94, 0x3e96, 0x3e98, 0x3e99,
                                0x3e9a, 0x3e9b, 0x3e9c, 0x3ea0, 0x3ea1, 0x3ea2, 0x3ea3, 0x3ea4,
                                0x3ea5, 0x3ea6, 0x3ea7, 0x3ea8, 0x3ea9, 0x87ca, 0x9b21, 0x9b41,
                                0x9ba2, 0x9ba4, 0x9ba5, 0x9ba8, 0x9baa, 0x9bac, 0x9bc2, 0x9bc4,
                                0x9bc5, 0x9bc6, 0x9bc8, 0x9bca, 0x9bcc, 0x9be6, 0x9bf6};
constexpr uint16_t kBxtIds[] = {0x0a84, 0x1a84, 0x1a85, 0x3184, 0x3185, 0x5a84, 0x5a85};

template <size_t N>
constexpr bool Rises(const uint16_t (&ids)[N]) {
  return std::ranges::adjacent_find(ids, std::ranges::greater_equal{}) == std::ranges::end(ids);
}
static_assert(Rises(kBdwIds) && Rises(kSklIds) && Rises(kKblIds) && Rises(kCflIds) &&
              Rises(kBxtIds));

template <size_t N>
bool Has(const uint16_t (&ids)[N], uint16_t id) {
  return std::binary_search(std::begin(ids), std::end(ids), id);
}

// Position of `name` in `names`, as the enumeration that `names` spells.
template <typename Enum, size_t N>
std::optional<Enum> FromName(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view EngineName(Engine engine) {
  return kEngineNames[static_cast<size_t>(engine)];
}

std::optional<Engine> EngineFromName(std::string_view name) {
  return FromName<Engine>(kEngineNames, name);
}

std::string_view PlatformName(Platform platform) {
  return kPlatformNames[static_cast<size_t>(platform)];
}

std::optional<Platform> PlatformFromName(std::string_view name) {
  return FromName<Platform>(kPlatformNames, name);
}

std::optional<Platform> PlatformFromPciId(uint16_t device_id) {
  if (Has(kBdwIds, device_id)) return Platform::kBdw;
  if (Has(kSklIds, device_id)) return Platform::kSkl;
  if (Has(kKblIds, device_id)) return Platform::kKbl;
  if (Has(kCflIds, device_id)) return Platform::kCfl;
  if (Has(kBxtIds, device_id)) return Platform::kBxt;
  return std::nullopt;
}

}  // namespace gvt::hw
