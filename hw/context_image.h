// A logical ring context as the guest keeps it in memory: descriptor, page counts, and the register
// state image.
//
// The first page (PPHWSP) belongs to the context's status; the register state follows at LRCA +
// 4096. It is a list of MI_NOOP and MI_LOAD_REGISTER_IMM that hardware runs at a context switch:
// what is at a fixed dword is known from the layout, not from the offsets beside it. Makers of
// captures fill the gaps with anything (zeros, ones, repeated pairs), so decoders here read values
// by position and treat every dword as untrusted.
//
// Source: linux v6.1 gt/intel_lrc.c, gt/intel_lrc_reg.h, gt/intel_engine_cs.c (sizes); PRM SKL vol
// 7 "Register State Context".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/bits.h"
#include "hw/platform.h"

namespace gvt::hw {

// Dword index in the register state, of a register's value. The offset stands one dword before it.
inline constexpr size_t kContextControl = 3;
inline constexpr size_t kContextRingHead = 5;
inline constexpr size_t kContextRingTail = 7;
inline constexpr size_t kContextRingStart = 9;
inline constexpr size_t kContextRingCtl = 11;
inline constexpr size_t kContextBbAddrUdw = 13;
inline constexpr size_t kContextBbAddr = 15;
inline constexpr size_t kContextBbState = 17;
inline constexpr size_t kContextPerCtxPointer = 25;   // render; Gen9: every engine
inline constexpr size_t kContextIndirectCtx = 27;     // likewise
inline constexpr size_t kContextIndirectOffset = 29;  // likewise
inline constexpr size_t kContextTimestamp = 35;
inline constexpr size_t kContextPdp3Udw =
    37;  // then PDP3 lower, PDP2 upper, ... each upper half before its lower
inline constexpr size_t kContextPdp0Udw = 49;
inline constexpr size_t kContextPdp0Ldw = 51;
inline constexpr size_t kContextPowerClockState = 67;  // render

// The register state of an engine's context is one page.
inline constexpr size_t kContextDwords = kPageSize / 4;

// Bit of CTX_CONTROL (base + 0x244), a masked register. Source: linux v6.1 gt/intel_engine_regs.h.
inline constexpr uint32_t kContextRestoreInhibit = 1u << 0;

// One pair of an MI_LOAD_REGISTER_IMM in the image.
struct ContextRegister {
  uint16_t value_dword = 0;  // index of the value in the register state
  uint16_t offset = 0;       // of the register, from the engine's base
};

// One MI_LOAD_REGISTER_IMM of the image.
struct ContextLri {
  uint16_t header_dword = 0;
  uint16_t first = 0;  // index into ContextLayout::registers
  uint16_t count = 0;  // pairs
};

struct ContextLayout {
  std::span<const ContextRegister> registers;  // by ascending value_dword
  std::span<const ContextLri> lris;            // by ascending header_dword
  uint16_t end_dword = 0;  // the first dword after the last pair that this layout fixes
};

// The layout that stock drivers write and hardware saves, of a generation's render engine or of its
// other engines.
ContextLayout ContextLayoutOf(Generation generation, Engine engine);

// Size of a whole context with its PPHWSP, in pages: 20 and 22 for the render engine of Gen8 and
// Gen9, 2 for the others.
uint32_t ContextPages(Generation generation, Engine engine);

// How the descriptor says addresses are looked up (bits 4:3).
enum class ContextAddressing : uint8_t {
  kAdvancedWithoutAd = 0,  // shared virtual memory, refused
  kLegacy32Bit = 1,        // 3-level, PDP3..PDP0
  kAdvanced64Bit = 2,      // shared virtual memory, refused
  kLegacy64Bit = 3,        // 4-level, PML4 in PDP0
};

// What is written to ELSP. Any value is legal. Source: PRM SKL vol 6 "Context Descriptor Format".
class ContextDescriptor {
 public:
  constexpr explicit ContextDescriptor(uint64_t raw) : raw_(raw) {}

  constexpr uint64_t raw() const { return raw_; }
  constexpr bool valid() const { return Bit(raw_, 0); }
  constexpr bool force_pd_restore() const { return Bit(raw_, 1); }
  constexpr bool force_restore() const { return Bit(raw_, 2); }
  constexpr unsigned addressing_mode() const { return static_cast<unsigned>(Bits(raw_, 4u, 3u)); }
  constexpr ContextAddressing addressing() const {
    return static_cast<ContextAddressing>(addressing_mode());
  }
  constexpr bool coherent() const { return Bit(raw_, 5); }
  constexpr bool privileged() const { return Bit(raw_, 8); }  // batches obey the PPGTT's privilege
  constexpr Gma lrca() const { return Gma(raw_ & LowMask64(32) & ~kPageOffsetMask); }
  constexpr uint32_t context_id() const { return High32(raw_); }

 private:
  uint64_t raw_;
};

// The ring of a context, as its image says. Bytes; the caller checks head and tail against size.
struct ContextRing {
  Gma start;
  uint32_t size_bytes = 0;  // 4 KiB..2 MiB
  uint32_t head = 0;
  uint32_t tail = 0;
  bool enabled = false;
};

// The indirect context batch, run at restore. Source: linux v6.1 gvt/execlist.h, PRM SKL vol 7
// "INDIRECT_CTX".
struct ContextIndirect {
  Gma start;  // 64-byte aligned
  uint32_t size_bytes = 0;
};

// Reads the image by position. Each accessor answers nullopt if `state` is too short to hold what
// is asked for; `state` is the register state from its first dword on (at LRCA + 4096), and is not
// kept.
std::optional<ContextRing> ReadContextRing(std::span<const uint32_t> state);
std::optional<std::array<uint64_t, 4>> ReadContextPdps(std::span<const uint32_t> state);
// nullopt also if the layout has no such field, the pair there names another register, or the field
// says "none" (size 0, valid bit 0).
std::optional<ContextIndirect> ReadContextIndirect(Generation generation, Engine engine,
                                                   std::span<const uint32_t> state);
std::optional<Gma> ReadContextPerCtxBatch(Generation generation, Engine engine,
                                          std::span<const uint32_t> state);
// True if the image asks hardware not to load it.
bool IsRestoreInhibited(std::span<const uint32_t> state);

}  // namespace gvt::hw
