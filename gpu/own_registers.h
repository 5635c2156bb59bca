// The registers of an engine's own block, as the engine itself keeps them up to date: state that it
// shows, some thirty stores for a workload. They are not judged.
//
// Where a port says where a register is, it is looked up once and then stored to directly.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "gpu/register_port.h"
#include "hw/platform.h"

namespace gvt::gpu {

class OwnRegisters {
 public:
  // `port` outlives the object.
  OwnRegisters(RegisterPort& port, hw::Engine engine)
      : port_(port), base_(hw::EngineMmioBase(engine)) {
    for (size_t i = 0; i < places_.size(); ++i) {
      places_[i] = port.PlaceOf(base_ + static_cast<uint32_t>(i * sizeof(uint32_t)));
    }
  }

  // `offset`: bytes from the engine's base, dword aligned. Thread rule: as the port's.
  uint32_t Get(uint32_t offset) const {
    if (uint32_t* place = PlaceOf(offset)) {
      return std::atomic_ref(*place).load(std::memory_order_acquire);
    }
    return port_.Read(base_ + offset);
  }
  void Set(uint32_t offset, uint32_t value) {
    if (uint32_t* place = PlaceOf(offset)) {
      std::atomic_ref(*place).store(value, std::memory_order_release);
    } else {
      port_.Write(base_ + offset, value);
    }
  }

 private:
  static constexpr size_t kPlaces = 256;  // 1 KiB of registers, which has all that change often

  uint32_t* PlaceOf(uint32_t offset) const {
    const size_t index = offset / sizeof(uint32_t);
    return index < kPlaces ? places_[index] : nullptr;
  }

  RegisterPort& port_;
  const uint32_t base_;
  std::array<uint32_t*, kPlaces> places_{};  // nullptr: by the port
};

}  // namespace gvt::gpu
