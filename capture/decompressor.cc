// Streaming decompression by magic bytes.
//
// Each format may hold several streams one after another (xz -c a b, pigz, zstd frames), which
// decode as one. The rule at the end is the same for all: input may stop between streams, never
// inside one.
//
// 1. A Decode call makes progress or says that it needs input; it never loops without either.
// 2. Memory: lzma by its own limit, zstd by its window limit (2^27 bytes), zlib always 32 KiB.
//
// Source: RFC 1952 (gzip magic), RFC 8878 (zstd frames), the .xz file format 1.0.4.
#include "capture/decompressor.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <cstring>
#include <limits>
#include <utility>

namespace gvt::capture {
namespace {

bool StartsWith(std::span<const std::byte> head, std::span<const uint8_t> magic) {
  return head.size() >= magic.size() && std::memcmp(head.data(), magic.data(), magic.size()) == 0;
}

class XzDecompressor final : public Decompressor {
 public:
  ~XzDecompressor() override { lzma_end(&stream_); }
  bool Init() { return lzma_stream_decoder(&stream_, kDecoderBytes, LZMA_CONCATENATED) == LZMA_OK; }

  DecodeStatus Decode(std::span<const std::byte>* in, bool last, std::span<std::byte> out,
                      size_t* produced) override {
    stream_.next_in = reinterpret_cast<const uint8_t*>(in->data());
    stream_.avail_in = in->size();
    stream_.next_out = reinterpret_cast<uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret result = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
    *produced = out.size() - stream_.avail_out;
    *in = in->last(stream_.avail_in);
    switch (result) {
      case LZMA_OK: return DecodeStatus::kMore;
      case LZMA_STREAM_END: return DecodeStatus::kEnd;
      // liblzma says so on the second call without progress; with nothing left to read that is the
      // end of the file.
      case LZMA_BUF_ERROR:
        return last && in->empty() ? DecodeStatus::kTruncated : DecodeStatus::kMore;
      case LZMA_MEM_ERROR:
      case LZMA_MEMLIMIT_ERROR: return DecodeStatus::kMemory;
      default: return DecodeStatus::kCorrupt;
    }
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class ZstdDecompressor final : public Decompressor {
 public:
  ~ZstdDecompressor() override { ZSTD_freeDStream(stream_); }
  bool Init() {
    stream_ = ZSTD_createDStream();
    return stream_ != nullptr &&
           ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kWindowLog)) == 0;
  }

  DecodeStatus Decode(std::span<const std::byte>* in, bool last, std::span<std::byte> out,
                      size_t* produced) override {
    *produced = 0;
    if (in->empty() && last && between_frames_) return DecodeStatus::kEnd;
    ZSTD_inBuffer source{in->data(), in->size(), 0};
    ZSTD_outBuffer target{out.data(), out.size(), 0};
    const size_t result = ZSTD_decompressStream(stream_, &target, &source);
    *produced = target.pos;
    const bool progress = source.pos != 0 || target.pos != 0;
    *in = in->subspan(source.pos);
    if (ZSTD_isError(result) != 0) {
      return ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
                 ? DecodeStatus::kMemory
                 : DecodeStatus::kCorrupt;
    }
    between_frames_ = result == 0;
    if (!progress && last && in->empty()) return DecodeStatus::kTruncated;
    return DecodeStatus::kMore;
  }

 private:
  static constexpr int kWindowLog = 27;
  static_assert((uint64_t{1} << kWindowLog) < kDecoderBytes);

  ZSTD_DStream* stream_ = nullptr;
  bool between_frames_ = true;
};

class GzipDecompressor final : public Decompressor {
 public:
  ~GzipDecompressor() override { inflateEnd(&stream_); }
  bool Init() { return inflateInit2(&stream_, kGzipWindowBits) == Z_OK; }

  DecodeStatus Decode(std::span<const std::byte>* in, bool last, std::span<std::byte> out,
                      size_t* produced) override {
    *produced = 0;
    if (in->empty() && last && between_members_) return DecodeStatus::kEnd;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in->data()));
    stream_.avail_in = Clamp(in->size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = Clamp(out.size());
    const uInt gave = stream_.avail_in;
    const uInt room = stream_.avail_out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    *produced = room - stream_.avail_out;
    *in = in->subspan(gave - stream_.avail_in);
    switch (result) {
      case Z_OK: between_members_ = false; return DecodeStatus::kMore;
      case Z_STREAM_END:
        between_members_ = true;
        inflateReset(&stream_);
        return DecodeStatus::kMore;
      case Z_BUF_ERROR: return last && in->empty() ? DecodeStatus::kTruncated : DecodeStatus::kMore;
      case Z_MEM_ERROR: return DecodeStatus::kMemory;
      default: return DecodeStatus::kCorrupt;
    }
  }

 private:
  // zlib: 15 = 32 KiB window, + 16 = gzip header and trailer.
  static constexpr int kGzipWindowBits = 15 + 16;
  static uInt Clamp(size_t size) {
    constexpr size_t kMax = std::numeric_limits<uInt>::max();
    return static_cast<uInt>(size < kMax ? size : kMax);
  }

  z_stream stream_{};
  bool between_members_ = true;
};

template <typename T>
std::unique_ptr<Decompressor> Make() {
  auto decompressor = std::make_unique<T>();
  if (!decompressor->Init()) return nullptr;
  return decompressor;
}

}  // namespace

Compression DetectCompression(std::span<const std::byte> head) {
  static constexpr std::array<uint8_t, 6> kXzMagic = {0xfd, '7', 'z', 'X', 'Z', 0};
  static constexpr std::array<uint8_t, 4> kZstdMagic = {0x28, 0xb5, 0x2f, 0xfd};
  static constexpr std::array<uint8_t, 3> kGzipMagic = {0x1f, 0x8b, 8};
  if (StartsWith(head, kXzMagic)) return Compression::kXz;
  if (StartsWith(head, kZstdMagic)) return Compression::kZstd;
  if (StartsWith(head, kGzipMagic)) return Compression::kGzip;
  return Compression::kNone;
}

std::unique_ptr<Decompressor> MakeDecompressor(Compression compression) {
  switch (compression) {
    case Compression::kNone: return nullptr;
    case Compression::kXz: return Make<XzDecompressor>();
    case Compression::kZstd: return Make<ZstdDecompressor>();
    case Compression::kGzip: return Make<GzipDecompressor>();
  }
  return nullptr;
}

}  // namespace gvt::capture
