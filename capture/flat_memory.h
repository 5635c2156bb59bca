// Memory known by graphics address alone: objects of an error state, a raw batch. There are no
// tables to walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/gpu_memory.h"
#include "capture/memory_image.h"

namespace gvt::capture {

// One GGTT, shared by all engines, and one PPGTT per engine: engines run different contexts, whose
// addresses may collide.
class FlatMemory final : public GpuMemory {
 public:
  enum class WriteStatus : uint8_t {
    kOk,
    kNoSpace,     // the limit on live pages
    kOutOfRange,  // beyond 4 GiB of GGTT or 48 bits of PPGTT
  };

  explicit FlatMemory(uint64_t live_bytes_limit) : image_(live_bytes_limit) {}

  const std::byte* Page(hw::AddressSpace space, Gma address) const override;

  // Stores an object's bytes; canonical addresses are accepted.
  [[nodiscard]] WriteStatus Write(hw::Engine engine, hw::AddressSpace space, Gma address,
                                  std::span<const std::byte> bytes);

  // From now on, Page(kPpgtt) shows this engine's objects.
  void SelectEngine(hw::Engine engine) { engine_ = engine; }

  const MemoryImage& image() const { return image_; }

 private:
  MemoryImage image_;
  hw::Engine engine_ = hw::Engine::kRcs;
};

}  // namespace gvt::capture
