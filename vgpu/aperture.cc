// An access is cut into pieces that lie in one page, and in one row of a tile where a fence covers
// them; each piece is translated by the GGTT and moved from or to guest memory.
//
// Invariant: a piece never crosses a page, so one translation holds for all of it.
//
// Source: PRM SKL vol 5 "Memory Views" (graphics memory, fences).
#include "vgpu/aperture.h"

#include <algorithm>
#include <cstring>

#include "base/bits.h"

namespace gvt::vgpu {
namespace {

// Aligned dwords and qwords go as one, everything else as a copy.
bool ReadPage(const hostif::GuestMemory& memory, Gpa from, std::span<std::byte> out) {
  uint32_t dword = 0;
  uint64_t qword = 0;
  if (out.size() == 4 && from.value % 4 == 0) {
    if (!memory.Load32(from, &dword)) return false;
    std::memcpy(out.data(), &dword, sizeof dword);
    return true;
  }
  if (out.size() == 8 && from.value % 8 == 0) {
    if (!memory.Load64(from, &qword)) return false;
    std::memcpy(out.data(), &qword, sizeof qword);
    return true;
  }
  return memory.Read(from, out);
}

void WritePage(hostif::GuestMemory& memory, Gpa to, std::span<const std::byte> data) {
  uint32_t dword = 0;
  uint64_t qword = 0;
  if (data.size() == 4 && to.value % 4 == 0) {
    std::memcpy(&dword, data.data(), sizeof dword);
    memory.Store32(to, dword);
  } else if (data.size() == 8 && to.value % 8 == 0) {
    std::memcpy(&qword, data.data(), sizeof qword);
    memory.Store64(to, qword);
  } else {
    memory.Write(to, data);  // a page that is not there drops the write
  }
}

}  // namespace

Aperture::Piece Aperture::PieceAt(Gma address, uint64_t bytes) const {
  uint64_t count = std::min(bytes, kPageSize - address.page_offset());
  for (uint32_t i = 0; i < fence_count_; ++i) {
    const uint32_t at = kFenceRegisters + 8 * i;
    const uint32_t low = file_.Load(at);
    if ((low & 1) == 0) continue;
    const std::optional<Fence> fence = Fence::Decode(Join64(low, file_.Load(at + 4)));
    if (!fence || !fence->Contains(address)) continue;
    return {fence->TileAddress(address), std::min(count, fence->PieceBytes(address))};
  }
  return {address, count};
}

void Aperture::Read(uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const Piece piece = PieceAt(Gma(offset), out.size());
    const std::span<std::byte> part = out.first(piece.bytes);
    const Gpa page = ggtt_.Translate(piece.address);
    if (page == sched::kNoPage || !ReadPage(memory_, page, part)) {
      std::fill(part.begin(), part.end(), std::byte{0});
    }
    out = out.subspan(piece.bytes);
    offset += piece.bytes;
  }
}

void Aperture::Write(uint64_t offset, std::span<const std::byte> data) {
  while (!data.empty()) {
    const Piece piece = PieceAt(Gma(offset), data.size());
    if (const Gpa page = ggtt_.Translate(piece.address); page != sched::kNoPage) {
      WritePage(memory_, page, data.first(piece.bytes));
    }
    data = data.subspan(piece.bytes);
    offset += piece.bytes;
  }
}

}  // namespace gvt::vgpu
