// Three arrays say it all: what a byte holds, which of its bits a write changes, and which a
// written one clears. An access of any width at any offset is then a loop over bytes, and cannot be
// wrong about alignment.
//
// A BAR is sized by the usual rule: the bits below its size are not writable, so all ones read back
// as the size.
//
// Invariants: 1. no access reaches beyond the arrays; 2. command_ and msi_enabled_ are what the
// bytes say, whenever lock_ is free.
//
// Source: see the header.
#include "vgpu/pci_config.h"

#include <algorithm>

namespace gvt::vgpu {
namespace {

constexpr uint32_t kCommand = 0x04;
constexpr uint32_t kStatus = 0x06;
constexpr uint32_t kMsi = 0xac;
constexpr uint32_t kPower = 0xd0;

constexpr uint32_t kCommandBits = 0x0507;  // I/O, memory, master, SERR, INTx disable
constexpr uint32_t kStatusErrors = 0xf900;
constexpr uint32_t kStatusCapabilities = 0x0010;
constexpr uint32_t kMsiEnable = 1;

// The oldest steppings that the guest's driver takes for products. Source: linux v6.1
// i915_drv.c intel_detect_preproduction_hw, gt/intel_workarounds.c.
constexpr uint32_t RevisionOf(uint16_t device_id) {
  return (device_id & 0xff00) == 0x1900 ? 0x06 : 0x04;
}

}  // namespace

PciConfig::PciConfig(uint16_t device_id, uint64_t aperture_bytes)
    : device_id_(device_id), aperture_bytes_(aperture_bytes) {
  Fill();
}

void PciConfig::Put(uint32_t offset, unsigned bytes, uint32_t value, uint32_t writable) {
  for (unsigned i = 0; i < bytes; ++i) {
    bytes_[offset + i] = static_cast<uint8_t>(value >> (8 * i));
    writable_[offset + i] = static_cast<uint8_t>(writable >> (8 * i));
  }
}

uint32_t PciConfig::Get(uint32_t offset, unsigned bytes) const {
  uint32_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= uint32_t{bytes_[offset + i]} << (8 * i);
  return value;
}

void PciConfig::Fill() {
  bytes_.fill(0);
  writable_.fill(0);
  write_one_to_clear_.fill(0);
  Put(0x00, 2, 0x8086, 0);
  Put(0x02, 2, device_id_, 0);
  Put(kCommand, 2, 0, kCommandBits);
  Put(kStatus, 2, kStatusCapabilities, 0);
  write_one_to_clear_[kStatus + 1] = kStatusErrors >> 8;
  Put(0x08, 4, 0x030000u << 8 | RevisionOf(device_id_), 0);
  Put(0x0c, 2, 0, 0xffff);  // cache line size and latency timer: of no effect, but writable
  Put(0x10, 4, 0x4, static_cast<uint32_t>(~(kBar0Bytes - 1)));
  Put(0x14, 4, 0, ~0u);
  Put(0x18, 4, 0xc, static_cast<uint32_t>(~(aperture_bytes_ - 1)) & ~0xfu);
  Put(0x1c, 4, 0, ~0u);
  Put(0x20, 4, 0x1, static_cast<uint32_t>(~(kBar4Bytes - 1)));
  Put(0x2c, 4, 0x20158086, 0);  // subsystem: a common board
  Put(0x34, 1, kMsi, 0);
  Put(0x3c, 1, 0, 0xff);    // interrupt line; the pin, behind it, is 0: MSI only
  Put(0x50, 2, 0x00c0, 0);  // GMCH control: GGMS 3 = 8 MiB of entries, no stolen memory
  Put(kMsi, 4, 0x0005 | kPower << 8, kMsiEnable << 16);
  Put(kMsi + 4, 4, 0, ~3u);
  Put(kMsi + 8, 2, 0, 0xffff);
  Put(kPower, 4, 0x00020001, 0);  // PM 1.1, no PME; last of the list
  Put(kPower + 4, 4, 0, 3);       // the power state
}

void PciConfig::Publish() {
  command_.store(static_cast<uint16_t>(Get(kCommand, 2)), std::memory_order_release);
  message_.store(uint64_t{Get(kMsi + 8, 2)} << 32 | Get(kMsi + 4, 4), std::memory_order_release);
  msi_enabled_.store((Get(kMsi + 2, 2) & kMsiEnable) != 0, std::memory_order_release);
}

void PciConfig::Read(uint64_t offset, std::span<std::byte> out) const {
  std::fill(out.begin(), out.end(), std::byte{0xff});
  if (offset >= kConfigBytes) return;
  const size_t count = std::min<uint64_t>(out.size(), kConfigBytes - offset);
  const std::lock_guard guard(lock_);
  for (size_t i = 0; i < count; ++i) out[i] = std::byte{bytes_[offset + i]};
}

ConfigEffect PciConfig::Write(uint64_t offset, std::span<const std::byte> data) {
  ConfigEffect effect;
  if (offset >= kConfigBytes) return effect;
  const size_t count = std::min<uint64_t>(data.size(), kConfigBytes - offset);
  const std::lock_guard guard(lock_);
  const bool had_msi = msi_enabled();
  for (size_t i = 0; i < count; ++i) {
    const size_t at = offset + i;
    const uint32_t value = std::to_integer<uint32_t>(data[i]);
    const uint32_t kept = bytes_[at] & ~(value & write_one_to_clear_[at]);
    bytes_[at] = static_cast<uint8_t>((kept & ~uint32_t{writable_[at]}) | (value & writable_[at]));
  }
  Publish();
  effect.msi_enabled = !had_msi && msi_enabled();
  return effect;
}

DecodedRanges PciConfig::decoded() const {
  const std::lock_guard guard(lock_);
  DecodedRanges ranges;
  const uint32_t command = Get(kCommand, 2);
  if ((command & 2) != 0) {
    ranges[0] = {(uint64_t{Get(0x14, 4)} << 32 | Get(0x10, 4)) & ~(kBar0Bytes - 1), kBar0Bytes};
    ranges[1] = {(uint64_t{Get(0x1c, 4)} << 32 | Get(0x18, 4)) & ~(aperture_bytes_ - 1),
                 aperture_bytes_};
  }
  if ((command & 1) != 0) ranges[2] = {Get(0x20, 4) & ~(kBar4Bytes - 1), kBar4Bytes};
  return ranges;
}

void PciConfig::Reset() {
  const std::lock_guard guard(lock_);
  Fill();
  Publish();
}

void PciConfig::Restore(std::span<const uint8_t> bytes) {
  const std::lock_guard guard(lock_);
  Fill();
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), kConfigBytes); ++i) {
    const uint32_t guests = uint32_t{writable_[i]} | write_one_to_clear_[i];
    bytes_[i] = static_cast<uint8_t>((bytes_[i] & ~guests) | (bytes[i] & guests));
  }
  Publish();
}

}  // namespace gvt::vgpu
