// The page lies in the register file. A guest reads it before it maps anything else, so the first
// read tells that a guest understands what it is running on; who turns engines on without having
// looked is not supported.
//
// What the guest writes here is a hint (notifications) or a message (ready, failed). Page tables
// are validated when they are used, so no notification is needed to be right.
//
// Source: linux v6.1 i915_pvinfo.h; gvt/handlers.c pvinfo_mmio_read, pvinfo_mmio_write.
#include "vgpu/pvinfo.h"

#include "base/bits.h"
#include "vgpu/register_behaviour.h"

namespace gvt::vgpu {
namespace {

// Offsets in the page.
constexpr uint32_t kMagic = 0x000;
constexpr uint32_t kVersion = 0x008;
constexpr uint32_t kId = 0x00c;
constexpr uint32_t kCapabilities = 0x010;
constexpr uint32_t kLowBase = 0x040;
constexpr uint32_t kLowBytes = 0x044;
constexpr uint32_t kHighBase = 0x048;
constexpr uint32_t kHighBytes = 0x04c;
constexpr uint32_t kFenceCount = 0x050;
constexpr uint32_t kFailure = 0x808;
constexpr uint32_t kFailureEnd = 0x818;
constexpr uint32_t kGuestPart = 0x800;  // from here on the guest writes
constexpr uint32_t kCursorX = 0x830;
constexpr uint32_t kCursorY = 0x834;

constexpr uint64_t kMagicValue = 0x4776544776544776;
constexpr uint32_t kFullPpgtt = 1u << 2;
constexpr uint32_t kHwspEmulation = 1u << 3;
constexpr uint32_t kHugeGtt = 1u << 4;

uint32_t ReadPage(MmioContext& context, uint32_t offset) {
  context.guest.pv_seen.store(true, std::memory_order_relaxed);
  return context.file.Load(offset);
}

void WritePage(MmioContext& context, uint32_t offset, uint32_t value) {
  const uint32_t field = offset - kPvinfo;
  if (field < kGuestPart) return;
  context.file.Store(offset, value);
  if (field >= kFailure && field < kFailureEnd) {
    context.EnterFailsafe("reported a failure through PVINFO");
  }
}

constexpr DynamicRow kRows[] = {{kPvinfo, kPvinfoBytes / 4, 4, ReadPage, WritePage}};

}  // namespace

void FillPvinfoConstants(const DeviceConfig& config, RegisterFile& file) {
  const auto put = [&file](uint32_t field, uint64_t value) {
    file.Store(kPvinfo + field, Low32(value));
  };
  for (uint32_t field = 0; field < kGuestPart; field += 4) put(field, 0);
  put(kMagic, Low32(kMagicValue));
  put(kMagic + 4, High32(kMagicValue));
  put(kVersion, 1);  // major 1 in the low half, minor 0
  put(kId, config.vgpu_id);
  put(kCapabilities, kFullPpgtt | kHwspEmulation | kHugeGtt);
  put(kLowBase, config.low_gm_base);
  put(kLowBytes, config.low_gm_bytes);
  put(kHighBase, config.high_gm_base);
  put(kHighBytes, config.high_gm_bytes);
  put(kFenceCount, config.fence_count);
}

void FillPvinfo(const DeviceConfig& config, RegisterFile& file) {
  FillPvinfoConstants(config, file);
  for (uint32_t field = kGuestPart; field < kPvinfoBytes; field += 4)
    file.Store(kPvinfo + field, 0);
  file.Store(kPvinfo + kCursorX, ~0u);
  file.Store(kPvinfo + kCursorY, ~0u);
}

std::span<const DynamicRow> PvinfoRows() {
  return kRows;
}

}  // namespace gvt::vgpu
