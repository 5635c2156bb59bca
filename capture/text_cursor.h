// Character access to a ByteSource, for text formats with lines of any length.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "capture/byte_source.h"

namespace gvt::capture {

class TextCursor {
 public:
  static constexpr int kEnd = -1;
  // ReadLine keeps this much of a line.
  static constexpr size_t kMaxLineBytes = 512;

  // `source` outlives the cursor and is read by nobody else.
  explicit TextCursor(ByteSource* source) : source_(source) {}

  // The next character, 0..255, not consumed; kEnd at the end or on an error of the source.
  int Peek() {
    if (at_ == piece_.size() && !Refill()) return kEnd;
    return static_cast<unsigned char>(piece_[at_]);
  }
  // Consumes the character that Peek() showed.
  void Advance() { ++at_; }

  // Consumes a line and its end ("\n" or "\r\n"); *line gets its first kMaxLineBytes without the
  // end. False: no line is left.
  bool ReadLine(std::string* line);

  // Consumes up to and including the next "\n".
  void SkipLine();

  // Uncompressed bytes consumed.
  uint64_t offset() const { return source_->offset() - (piece_.size() - at_); }

 private:
  bool Refill();

  ByteSource* source_;
  std::span<const std::byte> piece_;
  size_t at_ = 0;
};

}  // namespace gvt::capture
