// Most commands of the blitter are one command with other operands: the form of each says where in
// its dwords they stand. Three are of their own: the fast copy, and the two that know no
// coordinates.
//
// Invariants:
// 1. What is returned can be drawn: the rectangle is not empty and is already clipped; surfaces
//    begin at coordinates that are not negative, and a tiled one has a pitch that fits its tiles.
// 2. A clip window only makes a rectangle smaller, and the operands are those of the pixels left.
//
// What hardware leaves open draws nothing here: negative coordinates that are not clipped away, a
// pitch that fits no tile, the tiles Yf and Ys, a reserved depth, a setup that nobody made. Data
// that a command should carry and does not are zeros.
//
// Source: PRM SKL vol 2a (each command), vol 11 "Blitter" (BR00..BR29), BDW vol 10; operands that
// those leave out: Intel 815 PRM 12.2, 12.3 (bit order, text packing, solid patterns); the same
// commands as xf86-video-intel sna_accel.c sends them (gen >= 8). linux v6.1
// gt/intel_engine_regs.h (BCS_SWCTRL).
#include "gpu/soft/blit_command.h"

#include <algorithm>
#include <bit>

#include "base/bits.h"

namespace gvt::gpu::soft {
namespace {

using hw::Tiling;

// header[28:22].
enum Opcode : uint8_t {
  kSetup = 0x01,
  kSetupClip = 0x03,
  kSetupMonoPattern = 0x11,
  kPixel = 0x24,
  kColorLine = 0x40,
  kFastCopy = 0x42,
  kCopyLine = 0x43,
};

// What the dwords behind the destination are.
enum class Takes : uint8_t {
  kNothing,
  kSurface,     // source: coordinates, pitch, address (2)
  kBits,        // source: address (2), background, foreground
  kInlineBits,  // source: background, foreground; the data are the last of the command
  kText,        // source: address (2); colors are the setup's
  kInlineText,
  kSolid,   // pattern: its color
  kPixels,  // pattern: address (2)
  kInlinePixels,
  kPattern,  // pattern: background, foreground, its bits (2)
  kFixed,    // pattern: background, foreground; its bits are known by number
  kSetupPattern,
  kSetupColor,
};

struct Form {
  uint8_t opcode;
  bool uses_setup;  // destination, colors and operation are the setup's
  Takes source;
  uint8_t source_at;  // dword
  Takes pattern;
  uint8_t pattern_at;
  uint8_t key_at;  // low and high color; 0: none
};

// clang-format off
constexpr Form kForms[] = {
    {0x24, true,  Takes::kNothing,    0, Takes::kSetupColor,    0, 0},   // XY_PIXEL_BLT
    {0x25, true,  Takes::kNothing,    0, Takes::kSetupPattern,  0, 0},   // XY_SCANLINES_BLT
    {0x26, true,  Takes::kText,       3, Takes::kNothing,       0, 0},   // XY_TEXT_BLT
    {0x31, true,  Takes::kInlineText, 3, Takes::kNothing,       0, 0},   // XY_TEXT_IMMEDIATE_BLT
    {0x50, false, Takes::kNothing,    0, Takes::kSolid,         6, 0},   // XY_COLOR_BLT
    {0x51, false, Takes::kNothing,    0, Takes::kPixels,        6, 0},   // XY_PAT_BLT
    {0x52, false, Takes::kNothing,    0, Takes::kPattern,       6, 0},   // XY_MONO_PAT_BLT
    {0x53, false, Takes::kSurface,    6, Takes::kNothing,       0, 0},   // XY_SRC_COPY_BLT
    {0x54, false, Takes::kBits,       6, Takes::kNothing,       0, 0},   // XY_MONO_SRC_COPY_BLT
    {0x55, false, Takes::kSurface,    6, Takes::kPixels,       10, 0},   // XY_FULL_BLT
    {0x56, false, Takes::kBits,       6, Takes::kPixels,       10, 0},   // XY_FULL_MONO_SRC_BLT
    {0x57, false, Takes::kSurface,    6, Takes::kPattern,      10, 0},   // XY_FULL_MONO_PATTERN_BLT
    {0x58, false, Takes::kBits,       6, Takes::kPattern,      10, 0},   // .._MONO_PATTERN_MONO_SRC
    {0x59, false, Takes::kNothing,    0, Takes::kFixed,         6, 0},   // XY_MONO_PAT_FIXED_BLT
    {0x71, false, Takes::kInlineBits, 6, Takes::kNothing,       0, 0},   // .._SRC_COPY_IMMEDIATE
    {0x72, false, Takes::kNothing,    0, Takes::kInlinePixels,  6, 0},   // XY_PAT_BLT_IMMEDIATE
    {0x73, false, Takes::kSurface,    6, Takes::kNothing,       0, 10},  // XY_SRC_COPY_CHROMA_BLT
    {0x74, false, Takes::kSurface,    6, Takes::kInlinePixels, 10, 0},   // .._IMMEDIATE_PATTERN
    {0x75, false, Takes::kBits,       6, Takes::kInlinePixels, 10, 0},   // .._SRC_IMMEDIATE_PATTERN
    {0x76, false, Takes::kNothing,    0, Takes::kPixels,        6, 8},   // XY_PAT_CHROMA_BLT
    {0x77, false, Takes::kNothing,    0, Takes::kInlinePixels,  8, 6},   // .._CHROMA_BLT_IMMEDIATE
};
// clang-format on

const Form* FormOf(uint32_t opcode) {
  const auto* const found = std::find_if(std::begin(kForms), std::end(kForms),
                                         [=](const Form& form) { return form.opcode == opcode; });
  return found == std::end(kForms) ? nullptr : found;
}

// XY_MONO_PAT_FIXED_BLT header[19:15]: hatches as GDI draws them, then the two screens and the
// walking bits. Byte n is row n.
constexpr uint64_t kFixedPatterns[32] = {
    0x00000000ff000000,  // horizontal
    0x0808080808080808,  // vertical
    0x0102040810204080,  // diagonal, down
    0x8040201008040201,  // diagonal, up
    0x08080808ff080808,  // cross
    0x8142241818244281,  // diagonal cross
    0,
    0,
    0x55aa55aa55aa55aa,  // screen door
    0x3333cccc3333cccc,  // wide screen door
    0x0102040810204080,  // walking one
    0xfefdfbf7efdfbf7f,  // walking zero
};

int32_t Signed16(uint32_t value) {
  return std::bit_cast<int16_t>(static_cast<uint16_t>(value));
}

struct Rectangle {
  int32_t left = 0;
  int32_t top = 0;
  int32_t right = 0;  // behind the last
  int32_t bottom = 0;

  static Rectangle Of(uint32_t first, uint32_t end) {
    return {Signed16(first), Signed16(first >> 16), Signed16(end), Signed16(end >> 16)};
  }
  bool empty() const { return left >= right || top >= bottom; }
  Rectangle Within(const Rectangle& window) const {
    return {std::max(left, window.left), std::max(top, window.top), std::min(right, window.right),
            std::min(bottom, window.bottom)};
  }
};

// Tiled surfaces count their pitch in dwords.
int64_t PitchOf(uint32_t field, Tiling tiling) {
  if (tiling == Tiling::kLinear) return Signed16(field);
  return int64_t{field & 0xffff} * 4;
}

bool IsDrawable(const BlitSurface& surface) {
  if (surface.x < 0 || surface.y < 0) return false;
  if (surface.tiling == Tiling::kLinear) return true;
  return surface.pitch_bytes > 0 &&
         static_cast<uint64_t>(surface.pitch_bytes) % hw::TileWidth(surface.tiling) == 0;
}

uint64_t FirstRowOf(const BlitSurface& surface) {
  return surface.address + hw::SurfaceOffset(surface.tiling,
                                             static_cast<uint64_t>(surface.pitch_bytes), 0,
                                             static_cast<uint64_t>(surface.y));
}

// Rows go to where they may overwrite rows of the source that were read already.
void ChooseDirection(Blit* blit) {
  if (blit->source != SourceKind::kPixels) return;
  const uint64_t from = FirstRowOf(blit->from);
  const uint64_t to = FirstRowOf(blit->to);
  blit->bottom_up = blit->to.pitch_bytes < 0 ? from > to : from < to;
}

void SetDepth(uint32_t depth, Blit* blit) {
  constexpr uint32_t kPixelBytes[] = {1, 2, 2, 4};
  blit->format = static_cast<PixelFormat>(depth);
  blit->pixel_bytes = kPixelBytes[depth];
}

// One of the commands with a form.
class Decoder {
 public:
  Decoder(std::span<const uint32_t> dwords, uint32_t control, const BlitSetup& setup,
          const Form& form)
      : dwords_(dwords),
        control_(control),
        setup_(setup),
        form_(form),
        common_(form.uses_setup ? std::span<const uint32_t>(setup) : dwords) {}

  std::optional<Blit> Decode() {
    const uint32_t setup_opcode = Bits(setup_[0], 28, 22);
    const bool is_set_up = setup_opcode == kSetup || setup_opcode == kSetupMonoPattern;
    if (form_.uses_setup && !(IsBlit(setup_[0]) && is_set_up)) return std::nullopt;
    TakeCommon();
    Clip();
    if (visible_.empty()) return std::nullopt;
    TakeSource();
    TakePattern();
    TakeKey();
    if (!IsDrawable(blit_.to)) return std::nullopt;
    if (blit_.source == SourceKind::kPixels && !IsDrawable(blit_.from)) return std::nullopt;
    ChooseDirection(&blit_);
    return blit_;
  }

 private:
  uint32_t header() const { return dwords_[0]; }

  Tiling TilingBy(unsigned tiled, unsigned is_y) const {
    if (!Bit(header(), tiled)) return Tiling::kLinear;
    return Bit(control_, is_y) ? Tiling::kY : Tiling::kX;
  }

  void TakeCommon() {
    constexpr unsigned kTiled = 11;
    constexpr unsigned kIsY = 1;
    constexpr unsigned kWriteColor = 20;
    constexpr unsigned kWriteAlpha = 21;
    const uint32_t control = common_[1];
    blit_.to.tiling = TilingBy(kTiled, kIsY);
    blit_.to.pitch_bytes = PitchOf(control, blit_.to.tiling);
    blit_.to.address = Join64(common_[4], common_[5]);
    SetDepth(Bits(control, 25, 24), &blit_);
    blit_.operation = RasterOperation(static_cast<uint8_t>(Bits(control, 23, 16)));
    if (blit_.pixel_bytes == 4) {
      blit_.written_bytes =
          (Bit(common_[0], kWriteColor) ? 7u : 0) | (Bit(common_[0], kWriteAlpha) ? 8u : 0);
    }
  }

  void Clip() {
    constexpr unsigned kClipped = 30;
    if (form_.opcode == kPixel) {
      all_ = Rectangle::Of(dwords_[1], dwords_[1]);
      ++all_.right;
      ++all_.bottom;
    } else if (form_.uses_setup) {
      all_ = Rectangle::Of(dwords_[1], dwords_[2]);
    } else {
      all_ = Rectangle::Of(dwords_[2], dwords_[3]);
    }
    visible_ = all_;
    if (Bit(common_[1], kClipped)) visible_ = all_.Within(Rectangle::Of(setup_[2], setup_[3]));
    if (visible_.empty()) return;
    blit_.to.x = visible_.left;
    blit_.to.y = visible_.top;
    blit_.width = static_cast<uint32_t>(visible_.right - visible_.left);
    blit_.height = static_cast<uint32_t>(visible_.bottom - visible_.top);
  }

  BlitData InMemory(uint32_t at) const {
    BlitData data;
    data.address = Join64(dwords_[at], dwords_[at + 1]);
    return data;
  }
  BlitData Inline(uint32_t at) const {
    BlitData data;
    data.is_inline = true;
    data.bytes = std::as_bytes(dwords_.subspan(at));
    return data;
  }

  void TakeSource() {
    const uint32_t at = form_.source_at;
    switch (form_.source) {
      case Takes::kSurface: return TakeSurface(at);
      case Takes::kBits: return TakeBits(InMemory(at), dwords_.subspan(at + 2, 2));
      case Takes::kInlineBits: return TakeBits(Inline(at + 2), dwords_.subspan(at, 2));
      case Takes::kText: return TakeBits(InMemory(at), common_.subspan(6, 2));
      case Takes::kInlineText: return TakeBits(Inline(at), common_.subspan(6, 2));
      default: return;
    }
  }

  void TakeSurface(uint32_t at) {
    constexpr unsigned kTiled = 15;
    constexpr unsigned kIsY = 0;
    blit_.source = SourceKind::kPixels;
    BlitSurface& from = blit_.from;
    from.tiling = TilingBy(kTiled, kIsY);
    from.x = Signed16(dwords_[at]) + (visible_.left - all_.left);
    from.y = Signed16(dwords_[at] >> 16) + (visible_.top - all_.top);
    from.pitch_bytes = PitchOf(dwords_[at + 1], from.tiling);
    from.address = Join64(dwords_[at + 2], dwords_[at + 3]);
  }

  // Rows of text follow each other without a gap, or begin with a byte; those of other sources
  // begin with a word, and not with its first bit.
  void TakeBits(const BlitData& data, std::span<const uint32_t> colors) {
    constexpr unsigned kTransparent = 29;
    constexpr unsigned kBytePacked = 16;
    const bool is_text = form_.source == Takes::kText || form_.source == Takes::kInlineText;
    const auto width = static_cast<uint64_t>(all_.right - all_.left);
    const uint64_t first = is_text ? 0 : Bits(header(), 19, 17);
    uint64_t unit = 16;
    if (is_text) unit = Bit(header(), kBytePacked) ? 8 : 1;
    blit_.source = SourceKind::kBits;
    blit_.source_bits.data = data;
    blit_.source_bits.row_bits = AlignDown(first + width + unit - 1, unit);
    blit_.source_bits.first_bit =
        first + static_cast<uint64_t>(visible_.left - all_.left) +
        static_cast<uint64_t>(visible_.top - all_.top) * blit_.source_bits.row_bits;
    blit_.source_colors[0] = colors[0];
    blit_.source_colors[1] = colors[1];
    blit_.source_is_transparent = Bit(common_[1], kTransparent);
  }

  void TakePattern() {
    const uint32_t at = form_.pattern_at;
    switch (form_.pattern) {
      case Takes::kSolid: return TakeSolid(dwords_[at]);
      case Takes::kPixels: return TakePixels(InMemory(at));
      case Takes::kInlinePixels: return TakePixels(Inline(at));
      case Takes::kPattern:
        return TakePatternBits(dwords_.subspan(at, 2), Join64(dwords_[at + 2], dwords_[at + 3]));
      case Takes::kFixed:
        return TakePatternBits(dwords_.subspan(at, 2), kFixedPatterns[Bits(header(), 19, 15)]);
      case Takes::kSetupColor: return TakeSolid(setup_[6]);
      case Takes::kSetupPattern:
        if (Bits(setup_[0], 28, 22) == kSetupMonoPattern) {
          return TakePatternBits(common_.subspan(6, 2), Join64(setup_[8], setup_[9]));
        } else {
          BlitData data;
          data.address = Join64(setup_[8], setup_[9]);
          return TakePixels(data);
        }
      default: return;
    }
  }

  void TakeSolid(uint32_t color) {
    blit_.pattern = PatternKind::kSolid;
    blit_.pattern_colors[0] = color;
  }

  void AlignPattern() {
    blit_.pattern_x = (static_cast<uint32_t>(visible_.left) + Bits(header(), 14, 12)) % 8;
    blit_.pattern_y = (static_cast<uint32_t>(visible_.top) + Bits(header(), 10, 8)) % 8;
  }

  void TakePixels(BlitData data) {
    constexpr uint64_t kAlignment = 64;
    data.address = AlignDown(data.address, kAlignment);
    blit_.pattern = PatternKind::kPixels;
    blit_.pattern_data = data;
    AlignPattern();
  }

  // A solid pattern has no set bits, whatever it is said to have.
  void TakePatternBits(std::span<const uint32_t> colors, uint64_t bits) {
    constexpr unsigned kSolid = 31;
    constexpr unsigned kTransparent = 28;
    const bool is_solid = Bit(common_[1], kSolid) && form_.pattern != Takes::kFixed;
    blit_.pattern = PatternKind::kBits;
    blit_.pattern_bits = is_solid ? 0 : bits;
    blit_.pattern_colors[0] = colors[0];
    blit_.pattern_colors[1] = colors[1];
    blit_.pattern_is_transparent = Bit(common_[1], kTransparent);
    AlignPattern();
  }

  // header[19:17].
  void TakeKey() {
    enum KeyMode : uint32_t { kSource = 1, kSourceAlpha = 3, kToAlpha = 5, kTo = 7 };
    const uint32_t mode = Bits(header(), 19, 17);
    if (form_.key_at == 0 || mode % 2 == 0) return;
    const bool of_source = mode == kSource || mode == kSourceAlpha;
    blit_.key.mode = of_source ? ColorKey::Mode::kNotSource : ColorKey::Mode::kDestination;
    blit_.key.with_alpha = mode == kSourceAlpha || mode == kToAlpha;
    blit_.key.low = dwords_[form_.key_at];
    blit_.key.high = dwords_[form_.key_at + 1u];
  }

  const std::span<const uint32_t> dwords_;
  const uint32_t control_;
  const BlitSetup& setup_;
  const Form& form_;
  const std::span<const uint32_t> common_;  // whose header, operation, destination and colors
  Rectangle all_;
  Rectangle visible_;
  Blit blit_;
};

// Tiles are named by the command, depths up to 128 bits.
std::optional<Blit> DecodeFastCopy(std::span<const uint32_t> dwords) {
  constexpr unsigned kSourceIsYf = 31;
  constexpr unsigned kDestinationIsYf = 30;
  constexpr uint32_t kPixelBytes[] = {1, 2, 0, 4, 8, 16, 0, 0};
  constexpr PixelFormat kFormats[] = {PixelFormat::k8,    PixelFormat::k565, PixelFormat::k1555,
                                      PixelFormat::k8888, PixelFormat::k64,  PixelFormat::k128,
                                      PixelFormat::k8,    PixelFormat::k8};
  const auto take_tiling = [&](uint32_t code, unsigned is_yf, Tiling* tiling) {
    if (code == 3 || (code == 2 && Bit(dwords[1], is_yf))) return false;
    *tiling = static_cast<Tiling>(code);
    return true;
  };
  Blit blit;
  if (!take_tiling(Bits(dwords[0], 14, 13), kDestinationIsYf, &blit.to.tiling)) return {};
  if (!take_tiling(Bits(dwords[0], 21, 20), kSourceIsYf, &blit.from.tiling)) return {};
  const uint32_t depth = Bits(dwords[1], 26, 24);
  const Rectangle all = Rectangle::Of(dwords[2], dwords[3]);
  if (kPixelBytes[depth] == 0 || all.empty()) return {};
  blit.pixel_bytes = kPixelBytes[depth];
  blit.format = kFormats[depth];
  blit.width = static_cast<uint32_t>(all.right - all.left);
  blit.height = static_cast<uint32_t>(all.bottom - all.top);
  blit.to.x = all.left;
  blit.to.y = all.top;
  blit.to.pitch_bytes = PitchOf(dwords[1], blit.to.tiling);
  blit.to.address = Join64(dwords[4], dwords[5]);
  blit.source = SourceKind::kPixels;
  blit.from.x = Signed16(dwords[6]);
  blit.from.y = Signed16(dwords[6] >> 16);
  blit.from.pitch_bytes = PitchOf(dwords[7], blit.from.tiling);
  blit.from.address = Join64(dwords[8], dwords[9]);
  if (!IsDrawable(blit.to) || !IsDrawable(blit.from)) return {};
  ChooseDirection(&blit);
  return blit;
}

// COLOR_BLT and SRC_COPY_BLT: addresses instead of coordinates, a width in bytes, 32-bit addresses
// in the short forms. From right to left, an address is that of the last byte of the first row.
std::optional<Blit> DecodeLines(std::span<const uint32_t> dwords) {
  constexpr unsigned kWriteColor = 20;
  constexpr unsigned kWriteAlpha = 21;
  constexpr unsigned kRightToLeft = 30;
  const bool copies = Bits(dwords[0], 28, 22) == kCopyLine;
  const size_t address_dwords = dwords.size() == (copies ? 8u : 6u) ? 2 : 1;
  const auto address_at = [&](size_t at) {
    return Join64(dwords[at], address_dwords == 2 ? dwords[at + 1] : 0);
  };
  Blit blit;
  SetDepth(Bits(dwords[1], 25, 24), &blit);
  blit.operation = RasterOperation(static_cast<uint8_t>(Bits(dwords[1], 23, 16)));
  if (blit.pixel_bytes == 4) {
    blit.written_bytes =
        (Bit(dwords[0], kWriteColor) ? 7u : 0) | (Bit(dwords[0], kWriteAlpha) ? 8u : 0);
  }
  blit.width = (dwords[2] & 0xffff) / blit.pixel_bytes;
  blit.height = dwords[2] >> 16;
  blit.to.pitch_bytes = Signed16(dwords[1]);
  blit.to.address = address_at(3);
  const size_t next = 3 + address_dwords;
  if (copies) {
    blit.source = SourceKind::kPixels;
    blit.from.pitch_bytes = Signed16(dwords[next]);
    blit.from.address = address_at(next + 1);
  } else {
    blit.pattern = PatternKind::kSolid;
    blit.pattern_colors[0] = dwords[next];
  }
  if (blit.width == 0 || blit.height == 0) return {};
  if (copies && Bit(dwords[1], kRightToLeft)) {
    const uint64_t before_last = uint64_t{blit.width} * blit.pixel_bytes - 1;
    blit.to.address -= before_last;
    blit.from.address -= before_last;
  }
  return blit;
}

}  // namespace

std::optional<Blit> DecodeBlit(std::span<const uint32_t> dwords, uint32_t control,
                               BlitSetup* setup) {
  const uint32_t opcode = Bits(dwords[0], 28, 22);
  switch (opcode) {
    case kSetup:
    case kSetupMonoPattern:
      std::copy_n(dwords.begin(), setup->size(), setup->begin());
      return std::nullopt;
    case kSetupClip:
      (*setup)[2] = dwords[1];
      (*setup)[3] = dwords[2];
      return std::nullopt;
    case kFastCopy: return DecodeFastCopy(dwords);
    case kColorLine:
    case kCopyLine: return DecodeLines(dwords);
    default: break;
  }
  const Form* form = FormOf(opcode);
  return form == nullptr ? std::nullopt : Decoder(dwords, control, *setup, *form).Decode();
}

}  // namespace gvt::gpu::soft
