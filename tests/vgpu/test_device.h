// A device with 16 MiB of guest memory and no engines, and short ways to touch it.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <span>

#include "gpu/engine_clock.h"
#include "hostif/guest_memory.h"
#include "vgpu/device.h"

namespace gvt::vgpu {

class TestClock final : public gpu::EngineClock {
 public:
  uint64_t NowNs() override { return now_ns; }
  std::atomic<uint64_t> now_ns{0};
};

class TestHost final : public DeviceHost {
 public:
  void RaiseMsi(const vgpu::MsiMessage& /*message*/) override { ++messages; }
  void WakeEngine(hw::Engine /*engine*/) override { ++wakes; }
  void InvalidateTlb(hw::Engine engine) override {
    flushed_engines |= uint32_t{hw::EngineBit(engine)};
  }
  std::atomic<uint32_t> messages{0};
  std::atomic<uint32_t> wakes{0};
  std::atomic<uint32_t> flushed_engines{0};
};

class TestDevice {
 public:
  static constexpr uint64_t kMemoryBytes = uint64_t{16} << 20;
  static constexpr uint32_t kGgtt = 8u << 20;

  enum class Decoding : uint8_t { kOn, kOff };

  explicit TestDevice(DeviceConfig config = {}, Decoding decoding = Decoding::kOn)
      : device_(WithClock(config), memory_, host_) {
    memory_block_ =
        mmap(nullptr, kMemoryBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)memory_.Add(Gpa(0), kMemoryBytes, memory_block_, false);
    if (decoding == Decoding::kOn) EnableMemory();
  }
  ~TestDevice() {
    (void)memory_.Remove(Gpa(0), kMemoryBytes);
    munmap(memory_block_, kMemoryBytes);
  }
  TestDevice(const TestDevice&) = delete;
  TestDevice& operator=(const TestDevice&) = delete;

  template <typename T>
  T Read(Region region, uint64_t offset) {
    T value{};
    device_.Read(region, offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  template <typename T>
  void Write(Region region, uint64_t offset, T value) {
    device_.Write(region, offset, std::as_bytes(std::span(&value, 1)));
  }
  uint32_t Reg(uint32_t offset) { return Read<uint32_t>(Region::kBar0, offset); }
  void SetReg(uint32_t offset, uint32_t value) { Write(Region::kBar0, offset, value); }
  uint32_t Config(uint32_t offset) { return Read<uint32_t>(Region::kConfig, offset); }
  void SetConfig(uint32_t offset, uint32_t value) { Write(Region::kConfig, offset, value); }
  void EnableMemory() { Write<uint16_t>(Region::kConfig, 4, 7); }
  void EnableMsi() { Write<uint16_t>(Region::kConfig, 0xae, 1); }
  // A guest that knows what it runs on.
  void ReadPvinfo() { (void)Read<uint64_t>(Region::kBar0, 0x78000); }
  // Maps the graphics page of `gma` to the guest page of `gpa`.
  void Map(uint64_t gma, uint64_t gpa) {
    Write<uint64_t>(Region::kBar0, kGgtt + (gma >> 12) * 8, (gpa & ~uint64_t{0xfff}) | 1);
  }

  Device& device() { return device_; }
  TestHost& host() { return host_; }
  TestClock& clock() { return clock_; }
  std::span<uint8_t> memory() {
    return {static_cast<uint8_t*>(memory_block_), static_cast<size_t>(kMemoryBytes)};
  }

 private:
  DeviceConfig WithClock(DeviceConfig config) {
    config.clock = &clock_;
    return config;
  }

  TestClock clock_;
  TestHost host_;
  void* memory_block_ = nullptr;
  hostif::GuestMemory memory_;
  Device device_;
};

}  // namespace gvt::vgpu
