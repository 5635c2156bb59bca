// Generations, platforms and engines of the GPUs that are modelled, and the PCI device ids that
// name them.
//
// Source: PRM BDW/SKL/KBL vol 3 (device ids), linux v6.1 include/drm/i915_pciids.h, i915_reg.h
// (engine bases).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gvt::hw {

// The command set: everything that decodes commands keys on this.
enum class Generation : uint8_t { kGen8, kGen9 };
inline constexpr unsigned kGenerationCount = 2;

// The register set: registers.inc keys on this.
enum class Platform : uint8_t { kBdw, kSkl, kKbl, kCfl, kBxt };
inline constexpr unsigned kPlatformCount = 5;

enum class Engine : uint8_t { kRcs, kBcs, kVcs, kVcs2, kVecs };
inline constexpr unsigned kEngineCount = 5;

// Which address space a graphics address is looked up in.
enum class AddressSpace : uint8_t { kGgtt, kPpgtt };

constexpr uint8_t PlatformBit(Platform platform) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(platform));
}
constexpr uint8_t EngineBit(Engine engine) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(engine));
}
constexpr uint8_t GenerationBit(Generation gen) {
  return static_cast<uint8_t>(1u << static_cast<unsigned>(gen));
}

constexpr Generation GenerationOf(Platform platform) {
  return platform == Platform::kBdw ? Generation::kGen8 : Generation::kGen9;
}

// First MMIO offset of an engine's register block.
constexpr uint32_t EngineMmioBase(Engine engine) {
  constexpr uint32_t kBase[kEngineCount] = {0x2000, 0x22000, 0x12000, 0x1c000, 0x1a000};
  return kBase[static_cast<unsigned>(engine)];
}

// "rcs", "bcs", "vcs", "vcs2", "vecs".
std::string_view EngineName(Engine engine);
std::optional<Engine> EngineFromName(std::string_view name);

// "bdw", "skl", ...
std::string_view PlatformName(Platform platform);
std::optional<Platform> PlatformFromName(std::string_view name);

// The platform of an Intel PCI device id; nullopt if it is not one of ours.
std::optional<Platform> PlatformFromPciId(uint16_t device_id);

}  // namespace gvt::hw
