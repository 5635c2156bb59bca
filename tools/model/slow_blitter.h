// The blitter of the slow model: one function a command, a pixel at a time, each operand a function
// of the coordinates of a pixel.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace gvt::model {

enum class BlitEnd : uint8_t { kDone, kFault, kTooMuch };

class SlowBlitter {
 public:
  static constexpr uint64_t kMaxBytes = uint64_t{64} << 20;

  // The byte of memory at an address; nullptr: no page.
  using FindByte = std::function<uint8_t*(uint64_t address)>;

  // `command`: all its dwords. `control`: BCS_SWCTRL. A command without a function does nothing.
  BlitEnd Run(std::string_view name, std::vector<uint32_t> command, uint32_t control,
              const FindByte& find);

  uint64_t max_bytes = kMaxBytes;  // that all commands together draw
  uint64_t bytes = 0;              // that they drew, with what they left out
  std::array<uint32_t, 10> setup{};

 private:
  struct Pixel {
    std::array<uint8_t, 16> bytes{};
    bool opaque = true;
  };
  // False: a page is missing.
  using Operand = std::function<bool(int64_t x, int64_t y, Pixel*)>;
  struct Side {
    int tiling = 0;  // 0 lines, 1 X, 2 Y
    int64_t pitch = 0;
    uint64_t base = 0;
    bool FitsTiles() const;
    uint64_t At(int64_t x_bytes, int64_t y) const;
  };
  struct Task {
    Side to;
    int64_t x1 = 0, y1 = 0, x2 = 0, y2 = 0;  // as the command has them
    bool clipped = false;
    int depth = 0;  // 0..3 as in the commands; 4 and 5: 64 and 128 bits
    uint32_t operation = 0xcc;
    bool write_color = true;
    bool write_alpha = true;
    Operand source;   // empty: zeros
    Operand pattern;  // likewise
    bool source_has_holes = false;
    bool pattern_has_holes = false;
    int key_mode = 0;
    uint32_t key_low = 0;
    uint32_t key_high = 0;
    bool from_surface = false;  // the source is one, with coordinates
    Side from;
    int64_t from_x = 0, from_y = 0;
    uint64_t PixelBytes() const;
  };
  using Function = void (SlowBlitter::*)(Task*);

  uint32_t D(size_t dword) const { return command_[dword]; }
  uint64_t Address(size_t dword) const;
  int TilingOf(unsigned tiled, unsigned is_y) const;
  // True iff the command draws.
  bool Decode(std::string_view name, Task* task);
  void OwnRectangle(Task* task) const;
  void SetupRectangle(Task* task) const;
  void TakeControl(uint32_t header, uint32_t control, Task* task) const;

  void XyPixelBlt(Task* task);
  void XyScanlinesBlt(Task* task);
  void XyTextBlt(Task* task);
  void XyTextImmediateBlt(Task* task);
  void XyColorBlt(Task* task);
  void XyPatBlt(Task* task);
  void XyMonoPatBlt(Task* task);
  void XySrcCopyBlt(Task* task);
  void XyMonoSrcCopyBlt(Task* task);
  void XyFullBlt(Task* task);
  void XyFullMonoSrcBlt(Task* task);
  void XyFullMonoPatternBlt(Task* task);
  void XyFullMonoPatternMonoSrcBlt(Task* task);
  void XyMonoPatFixedBlt(Task* task);
  void XyMonoSrcCopyImmediateBlt(Task* task);
  void XyPatBltImmediate(Task* task);
  void XySrcCopyChromaBlt(Task* task);
  void XyFullImmediatePatternBlt(Task* task);
  void XyFullMonoSrcImmediatePatternBlt(Task* task);
  void XyPatChromaBlt(Task* task);
  void XyPatChromaBltImmediate(Task* task);
  bool XyFastCopyBlt(Task* task);
  bool ColorBlt(Task* task);
  bool SrcCopyBlt(Task* task);

  void SurfaceAt(size_t dword, Task* task);
  Operand SurfaceOperand(const Task& task) const;
  // Bits that start with bit `first` of what `byte` gives.
  using ByteAt = std::function<bool(uint64_t index, uint8_t*)>;
  ByteAt MemoryBytes(uint64_t address) const;
  ByteAt CommandBytes(size_t dword) const;
  void MonoSource(const ByteAt& byte, uint32_t background, uint32_t foreground, Task* task);
  void Text(const ByteAt& byte, Task* task);
  void MonoPattern(const std::array<uint8_t, 8>& rows, uint32_t background, uint32_t foreground,
                   Task* task);
  std::array<uint8_t, 8> RowsAt(size_t dword) const;
  void PixelPattern(const ByteAt& byte, Task* task);
  void Solid(uint32_t color, Task* task);
  void KeyAt(size_t dword, Task* task);

  BlitEnd Draw(const Task& task);
  BlitEnd DrawRow(const Task& task, int64_t left, int64_t right, int64_t y);
  bool InKey(const Task& task, const Pixel& pixel) const;

  std::vector<uint32_t> command_;
  uint32_t control_ = 0;
  FindByte find_;
};

}  // namespace gvt::model
