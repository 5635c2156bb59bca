// One row of a blit: its operands as bytes, which of them are written, and the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gpu/soft/blit_command.h"
#include "gpu/soft/data_memory.h"

namespace gvt::gpu::soft {

class BlitRow {
 public:
  // Of a blit that DecodeBlit() gave; both outlive the drawing of its rows.
  void Begin(const Blit& blit);
  // Reads what row `row` of the blit needs, whole; then writes it, unless that met a fault.
  void Draw(uint32_t row, DataMemory& memory);

  size_t size_bytes() const { return size_bytes_; }

 private:
  void ReadPixels(const BlitSurface& surface, uint32_t row, std::span<std::byte> out,
                  DataMemory& memory);
  void ReadBits(uint32_t row, DataMemory& memory);
  void ReadPattern(uint32_t row, DataMemory& memory);
  void TileBits(uint8_t bits);
  void ApplyKey();
  void Disable(size_t pixel);
  std::span<const std::byte> Combine();
  void Write(std::span<const std::byte> result, uint32_t row, DataMemory& memory);
  void WriteRun(std::span<const std::byte> result, uint32_t row, size_t first, size_t end,
                DataMemory& memory);

  const Blit* blit_ = nullptr;
  size_t size_bytes_ = 0;
  bool reads_source_ = false;
  bool reads_pattern_ = false;
  bool reads_destination_ = false;
  bool writes_all_ = false;  // no byte is ever disabled
  std::vector<std::byte> source_;
  std::vector<std::byte> pattern_;
  std::vector<std::byte> destination_;
  std::vector<std::byte> enabled_;  // 0xff: the byte is written
  std::vector<std::byte> bits_;
};

}  // namespace gvt::gpu::soft
