// One streaming decompressor behind three libraries: liblzma, libzstd, zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace gvt::capture {

enum class Compression : uint8_t { kNone, kXz, kZstd, kGzip };

// By the magic bytes at the start of a file; fewer than six bytes are kNone.
Compression DetectCompression(std::span<const std::byte> head);

enum class DecodeStatus : uint8_t {
  kMore,       // progress was made, or more input is wanted
  kEnd,        // input ended at the end of a stream
  kTruncated,  // input ended inside a stream
  kCorrupt,
  kMemory,  // the stream wants more memory than kDecoderBytes
};

// No stream may make its decoder hold more than this; `xz -9` needs 65 MiB.
inline constexpr uint64_t kDecoderBytes = uint64_t{512} << 20;

// Decodes concatenated streams of one format. State is bounded by kDecoderBytes whatever the input
// says.
class Decompressor {
 public:
  Decompressor() = default;
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  virtual ~Decompressor() = default;

  // Consumes from the front of *in and writes to out; *produced = bytes written. `last`: no input
  // follows *in. kEnd only with `last`. On kCorrupt, kTruncated and kMemory the bytes produced so
  // far are good.
  virtual DecodeStatus Decode(std::span<const std::byte>* in, bool last, std::span<std::byte> out,
                              size_t* produced) = 0;
};

// nullptr for kNone, or when the library cannot allocate its state.
std::unique_ptr<Decompressor> MakeDecompressor(Compression compression);

}  // namespace gvt::capture
