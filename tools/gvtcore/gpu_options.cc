#include "tools/gvtcore/gpu_options.h"

#include "gvtcore/mpt.h"

namespace gvt::tools {

void AddGpuOptions(Command* command, GpuOptions* options) {
  command->Add("--device", &options->device, "The GPU: skl (8086:1912) or kbl (8086:5916)")
      .Named("NAME")
      .OneOf({"skl", "kbl"})
      .WithDefaultShown();
  command
      ->Add("--type", &options->type,
            "GGTT, fences and weight as of GVT-g's type: V5_1 to V5_8; or MiB of GGTT: 16+48")
      .Named("TYPE");
  command->Add("--addr", &options->slot, "Slot and function on the first PCI bus")
      .Named("SLOT")
      .WithDefaultShown();
  command->Add("--weight", &options->weight, "Share of the engines relative to others (8)")
      .Between(1, 65536)
      .Named("N");
  command->Add("--cap", &options->cap, "At most so many percent of an engine")
      .Between(1, 100)
      .Named("PERCENT");
  command->Add("--latency", &options->latency, "Work is to be begun within so many us")
      .Between(1, 1000000)
      .Named("US");
}

std::optional<gvtcore_vgpu_config_t> ConfigOf(const GpuOptions& options, std::string* error) {
  gvtcore_vgpu_config_t config = {};
  const int code = options.type.empty() ? 0 : gvtcore_mpt_type(options.type.c_str(), &config);
  if (code != 0) {
    *error = options.type + (code == GVTCORE_ENOSPC
                                 ? ": a GPU has no room for so many of this type"
                                 : ": no such type; V5_1, V5_2, V5_4, V5_8, as V5_4:2 one of "
                                   "several, or two sizes as 16+48");
    return std::nullopt;
  }
  config.pci_device_id = options.pci_device_id();
  config.weight = options.weight.value_or(config.weight);
  config.cap_percent = options.cap.value_or(0);
  config.latency_us = options.latency.value_or(0);
  return config;
}

}  // namespace gvt::tools
