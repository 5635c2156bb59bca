// GPU memory as an AUB file builds it: physical pages, the GGTT, the flat "local" space of legacy
// files.
//
// All three live in one MemoryImage, in ranges that no 48-bit address reaches, so that one limit
// bounds them together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "capture/aub_packets.h"
#include "capture/gpu_memory.h"
#include "capture/memory_image.h"
#include "capture/submission.h"

namespace gvt::capture {

class AubMemory final : public GpuMemory {
 public:
  enum class WriteStatus : uint8_t {
    kOk,
    kNoSpace,      // the limit on live pages
    kNotMapped,    // a GGTT address that no GGTT entry maps
    kOutOfRange,   // beyond 48 bits, or a GGTT entry beyond 4 GiB of GGTT
    kUnsupported,  // an address space that software has no meaning for
  };

  explicit AubMemory(uint64_t live_bytes_limit) : image_(live_bytes_limit) {}

  const std::byte* Page(hw::AddressSpace space, Gma address) const override;

  // Decides whether tables may hold 64 KiB pages; kGen9 until it is called.
  void SetGeneration(hw::Generation generation) { generation_ = generation; }

  // Applies one memory write of the file.
  [[nodiscard]] WriteStatus Write(AubSpace space, uint64_t address,
                                  std::span<const std::byte> data);

  // From now on, Page(kPpgtt) translates by these roots.
  void SetContext(AddressingMode mode, const std::array<uint64_t, 4>& pdp);

  // Forgets cached translations; to be called when Write() may have changed tables and Page() is
  // about to be used.
  void ForgetTranslations() const;

  // Physical address behind a GGTT address, or nullopt.
  std::optional<uint64_t> TranslateGgtt(Gma address) const;
  // Likewise, of any space.
  std::optional<uint64_t> Translate(hw::AddressSpace space, Gma address) const;
  // The 512 GGTT entries of table page `number` (0..2047); nullptr: none was ever written.
  const std::byte* GgttTablePage(uint64_t number) const;

  // Pages by physical address: number = physical address >> 12.
  const MemoryImage& image() const { return image_; }

 private:
  struct CachedPage {
    uint64_t key = ~uint64_t{0};  // page number << 1 | space
    const std::byte* page = nullptr;
  };
  static constexpr size_t kCachedPages = 64;

  const std::byte* FindGgtt(Gma address) const;
  const std::byte* PhysicalPage(uint64_t physical) const;
  WriteStatus WriteGgtt(uint64_t address, std::span<const std::byte> data);

  MemoryImage image_;
  hw::Generation generation_ = hw::Generation::kGen9;
  AddressingMode mode_ = AddressingMode::kGgttOnly;
  std::array<uint64_t, 4> pdp_{};
  mutable std::array<CachedPage, kCachedPages> cache_{};
};

}  // namespace gvt::capture
