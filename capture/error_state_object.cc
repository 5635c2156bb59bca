// ASCII85 and zlib, streaming.
//
// The kernel's ASCII85 is the plain one: five digits of base 85, most significant first, each +
// '!', or 'z' for a zero word; no marks, no line breaks. Words are stored as little-endian bytes. A
// word count results, so up to three bytes follow the end of a zlib stream, and the last page of a
// plain object may hold more than was captured.
//
// 1. Nothing is trusted: digits above 84, values above 32 bits and a group cut by the end of the
// line are faults.
// 2. Text and stream are decoded in pieces of fixed size, whatever the line's length; output stops
// at the limit.
#include "capture/error_state_object.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/mutant.h"

namespace gvt::capture {
namespace {

constexpr size_t kWordsPerPiece = 1024;
constexpr size_t kInflatedBytes = size_t{64} << 10;
static_assert(std::endian::native == std::endian::little,
              "words are stored as little-endian bytes");

// Decodes up to words.size() words; *count = how many. Stops before the end of the line.
ObjectStatus DecodeWords(TextCursor* cursor, std::span<uint32_t> words, size_t* count) {
  *count = 0;
  while (*count < words.size()) {
    int c = cursor->Peek();
    if (c == '\n' || c == '\r' || c == TextCursor::kEnd) break;
    uint64_t word = 0;
    if (c == 'z') {
      cursor->Advance();
    } else {
      for (unsigned digit = 0; digit < 5; ++digit) {
        c = cursor->Peek();
        if (c < '!' || c > 'u') return ObjectStatus::kBadText;
        cursor->Advance();
        word = word * 85 + static_cast<uint64_t>(c - '!');
      }
      if (word > UINT32_MAX && !Planted(Mutant::kAscii85Unchecked)) return ObjectStatus::kBadText;
    }
    words[(*count)++] = static_cast<uint32_t>(word);
  }
  return ObjectStatus::kOk;
}

// Passes bytes on up to a limit.
class LimitedSink {
 public:
  LimitedSink(uint64_t limit_bytes, const ObjectSink& sink) : left_(limit_bytes), sink_(sink) {}
  ObjectStatus Put(std::span<const std::byte> bytes) {
    if (bytes.size() > left_) return ObjectStatus::kTooLarge;
    left_ -= bytes.size();
    return bytes.empty() || sink_(bytes) ? ObjectStatus::kOk : ObjectStatus::kSinkFailed;
  }

 private:
  uint64_t left_;
  const ObjectSink& sink_;
};

class Inflater {
 public:
  Inflater() { ready_ = inflateInit(&stream_) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  bool ended() const { return ended_; }

  ObjectStatus Put(std::span<const std::byte> bytes, LimitedSink* sink) {
    if (!ready_) return ObjectStatus::kBadStream;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    while (!ended_) {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      const auto produced = std::span<const std::byte>(out_).first(out_.size() - stream_.avail_out);
      if (const ObjectStatus status = sink->Put(produced); status != ObjectStatus::kOk)
        return status;
      if (result == Z_STREAM_END) {
        ended_ = true;
      } else if (result == Z_BUF_ERROR) {
        break;  // wants more input
      } else if (result != Z_OK) {
        return ObjectStatus::kBadStream;
      }
    }
    return ObjectStatus::kOk;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
  std::array<std::byte, kInflatedBytes> out_{};
};

}  // namespace

ObjectStatus DecodeObject(TextCursor* cursor, uint64_t limit_bytes, const ObjectSink& sink) {
  const int mark = cursor->Peek();
  if (mark != ':' && mark != '~') return ObjectStatus::kBadText;
  cursor->Advance();
  LimitedSink limited(limit_bytes, sink);
  Inflater inflater;
  std::array<uint32_t, kWordsPerPiece> words{};
  for (;;) {
    size_t count = 0;
    ObjectStatus status = DecodeWords(cursor, words, &count);
    const auto bytes = std::as_bytes(std::span(words).first(count));
    if (status == ObjectStatus::kOk && count != 0) {
      status = mark == ':' ? inflater.Put(bytes, &limited) : limited.Put(bytes);
    }
    if (status != ObjectStatus::kOk) return status;
    if (count < words.size()) break;
  }
  if (mark == ':' && !inflater.ended()) return ObjectStatus::kCutStream;
  cursor->SkipLine();
  return ObjectStatus::kOk;
}

}  // namespace gvt::capture
