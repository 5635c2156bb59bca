// The page that tells a guest that it is one: magic, capabilities, its share of the graphics
// memory, and a mailbox for notifications.
//
// Source: linux v6.1 i915_pvinfo.h, i915_vgpu.c.
#pragma once

#include <cstdint>

#include "vgpu/device.h"
#include "vgpu/register_file.h"

namespace gvt::vgpu {

inline constexpr uint32_t kPvinfo = 0x78000;
inline constexpr uint32_t kPvinfoBytes = 4096;

// Writes the page's part that no guest writes into the file.
void FillPvinfoConstants(const DeviceConfig& config, RegisterFile& file);
// The page as it is after a reset: that part, and the mailbox.
void FillPvinfo(const DeviceConfig& config, RegisterFile& file);

}  // namespace gvt::vgpu
