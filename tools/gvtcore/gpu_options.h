// The options of those commands that give a guest a GPU: which one, where, and its share of the
// engines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gvtcore/gvtcore.h"
#include "tools/gvtcore/options.h"

namespace gvt::tools {

struct GpuOptions {
  std::string device = "skl";
  std::string slot = "02.0";
  std::string type;  // as GVT-g calls it: V5_4 or V5_4:2; empty: the core's default
  // Not set: the type's, or the core's default.
  std::optional<uint32_t> weight;
  std::optional<uint32_t> cap;      // percent
  std::optional<uint32_t> latency;  // us

  uint16_t pci_device_id() const { return device == "kbl" ? 0x5916 : 0x1912; }
};

// `options` outlives the command's run.
void AddGpuOptions(Command* command, GpuOptions* options);

// All that the options say, in the contract's words. nullopt: *error says what is wrong with them.
std::optional<gvtcore_vgpu_config_t> ConfigOf(const GpuOptions& options, std::string* error);

}  // namespace gvt::tools
