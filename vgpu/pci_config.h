// PCI configuration space of the virtual function: 4096 bytes, of which each has a mask of what the
// guest may change.
//
// | offset | what                                                          |
// |--------|---------------------------------------------------------------|
// | 0x04   | command: I/O, memory, master, SERR, INTx disable              |
// | 0x10   | BAR0, 16 MiB of memory, 64 bits                               |
// | 0x18   | BAR2, the aperture, prefetchable, 64 bits                     |
// | 0x20   | BAR4, 64 bytes of I/O                                         |
// | 0x50   | GMCH control: 8 MiB of GGTT entries, no stolen memory         |
// | 0xac   | MSI: one vector, 32-bit address, no mask bits                 |
// | 0xd0   | power management: D0 and D3hot                                |
//
// Source: PCI Local Bus Specification 3.0 chapter 6, PRM SKL vol 2c (PCI device 2), linux v6.1
// gvt/cfg_space.c.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

namespace gvt::vgpu {

inline constexpr uint32_t kConfigBytes = 4096;
inline constexpr uint64_t kBar0Bytes = uint64_t{16} << 20;
inline constexpr uint64_t kBar4Bytes = 64;

// Where the guest has put a region: [address, address + size_bytes), of memory or of I/O ports.
struct DecodedRange {
  uint64_t address = 0;
  uint64_t size_bytes = 0;  // 0: it is not decoded

  friend bool operator==(const DecodedRange&, const DecodedRange&) = default;
};

// Of BAR0, BAR2 and BAR4.
using DecodedRanges = std::array<DecodedRange, 3>;

// What an MSI says. Source: PCI Local Bus Specification 3.0, 6.8.1.
struct MsiMessage {
  uint32_t address = 0;
  uint16_t data = 0;
};

// What a write to configuration space brought about.
struct ConfigEffect {
  bool msi_enabled = false;  // MSI went from off to on
};

class PciConfig {
 public:
  // `aperture_bytes`: a power of two, at least 4096 and at most 2 GiB.
  PciConfig(uint16_t device_id, uint64_t aperture_bytes);

  // Any range is a legal argument: bytes beyond the 4096 read as ones and drop writes. Thread rule:
  // any thread. Cost: one uncontended lock.
  void Read(uint64_t offset, std::span<std::byte> out) const;
  ConfigEffect Write(uint64_t offset, std::span<const std::byte> data);
  void Reset();
  // Takes over what a guest could have written of `bytes`, from offset 0 on; the rest is as after a
  // reset.
  void Restore(std::span<const uint8_t> bytes);

  // The device answers accesses to memory, or to I/O. Thread rule: any thread; one atomic load.
  bool memory_decoded() const { return (command_.load(std::memory_order_acquire) & 2) != 0; }
  bool io_decoded() const { return (command_.load(std::memory_order_acquire) & 1) != 0; }
  // What the guest's MSI capability holds. Thread rule: any thread; one atomic load.
  MsiMessage message() const {
    const uint64_t both = message_.load(std::memory_order_acquire);
    return {static_cast<uint32_t>(both), static_cast<uint16_t>(both >> 32)};
  }
  // Where the regions are. Thread rule: any thread. Cost: one uncontended lock.
  DecodedRanges decoded() const;
  bool msi_enabled() const { return msi_enabled_.load(std::memory_order_acquire); }

 private:
  void Put(uint32_t offset, unsigned bytes, uint32_t value, uint32_t writable);
  uint32_t Get(uint32_t offset, unsigned bytes) const;
  void Fill();
  void Publish();

  const uint16_t device_id_;
  const uint64_t aperture_bytes_;
  mutable std::mutex lock_;  // guards the three arrays
  std::array<uint8_t, kConfigBytes> bytes_{};
  std::array<uint8_t, kConfigBytes> writable_{};
  std::array<uint8_t, kConfigBytes> write_one_to_clear_{};
  // atomic: published by writers under lock_ with release, read by accesses with acquire
  std::atomic<uint16_t> command_{0};
  std::atomic<bool> msi_enabled_{false};
  std::atomic<uint64_t> message_{0};  // data above address
};

}  // namespace gvt::vgpu
