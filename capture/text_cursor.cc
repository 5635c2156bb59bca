#include "capture/text_cursor.h"

#include <cstring>

namespace gvt::capture {
namespace {

constexpr size_t kPieceBytes = size_t{64} << 10;

}  // namespace

bool TextCursor::Refill() {
  piece_ = source_->Take(kPieceBytes);
  at_ = 0;
  return !piece_.empty();
}

bool TextCursor::ReadLine(std::string* line) {
  line->clear();
  if (Peek() == kEnd) return false;
  for (int c = Peek(); c != kEnd; c = Peek()) {
    Advance();
    if (c == '\n') break;
    if (line->size() < kMaxLineBytes) line->push_back(static_cast<char>(c));
  }
  if (!line->empty() && line->back() == '\r') line->pop_back();
  return true;
}

void TextCursor::SkipLine() {
  while (Peek() != kEnd) {
    const auto rest = piece_.subspan(at_);
    const void* end = std::memchr(rest.data(), '\n', rest.size());
    if (end != nullptr) {
      at_ += static_cast<size_t>(static_cast<const std::byte*>(end) - rest.data()) + 1;
      return;
    }
    at_ = piece_.size();
  }
}

}  // namespace gvt::capture
