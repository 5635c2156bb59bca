// Memory as an engine sees it: graphics addresses in, the vGPU's own pages out.
//
// Code and data are apart. Code comes through gpu/segment_port.h, as audited private copies; this
// port moves data only. An address that is not mapped is a fault (false), never an abort: page
// faults of a guest's own making are its own affair.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"
#include "base/page_piece.h"
#include "hw/platform.h"

namespace gvt::gpu {

class MemoryPort {
 public:
  virtual ~MemoryPort() = default;

  // Copies; may cross pages. False: a page is not mapped, or (Write) not writable; bytes before it
  // may have been moved.
  virtual bool Read(hw::AddressSpace space, Gma address, std::span<std::byte> out) = 0;
  virtual bool Write(hw::AddressSpace space, Gma address, std::span<const std::byte> data) = 0;

  // Writes pieces of the page at `page`, one after the other; a piece of 4 or 8 bytes that is
  // naturally aligned as Store32 or Store64 would. False: as Write.
  virtual bool WriteInPage(hw::AddressSpace space, Gma page, std::span<const PagePiece> pieces) {
    for (const PagePiece& piece : pieces) {
      if (!Write(space, page + piece.offset_bytes, piece.data)) return false;
    }
    return true;
  }

  // Naturally aligned single accesses: the guest's CPU sees all of it or nothing, and in program
  // order (release / acquire).
  virtual bool Load32(hw::AddressSpace space, Gma address, uint32_t* out) = 0;
  virtual bool Load64(hw::AddressSpace space, Gma address, uint64_t* out) = 0;
  virtual bool Store32(hw::AddressSpace space, Gma address, uint32_t value) = 0;
  virtual bool Store64(hw::AddressSpace space, Gma address, uint64_t value) = 0;

  // Atomic read-modify-write against the guest's CPUs: stores `desired` iff memory holds *expected;
  // *expected becomes what it held.
  virtual bool CompareExchange32(hw::AddressSpace space, Gma address, uint32_t* expected,
                                 uint32_t desired) = 0;
  virtual bool CompareExchange64(hw::AddressSpace space, Gma address, uint64_t* expected,
                                 uint64_t desired) = 0;

  // From now on AddressSpace::kPpgtt means these tables: with four levels pdp[0] is the PML4, with
  // three all four are page directories. Forgets translations.
  virtual void BindPageTables(bool four_level, const std::array<uint64_t, 4>& pdp) = 0;

  // Forgets cached translations (in-stream TLB invalidation).
  virtual void InvalidateTlb() = 0;
};

}  // namespace gvt::gpu
