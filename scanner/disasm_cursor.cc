#include "scanner/disasm_cursor.h"

#include <algorithm>

#include "base/bits.h"

namespace gvt::scanner {

uint32_t GuessedLength(uint32_t header, hw::Engine engine) {
  constexpr uint32_t kFirstMiWithLength = 0x10;
  constexpr uint32_t kTypeMi = 0;
  constexpr uint32_t kTypeUnit = 3;
  const uint32_t type = Bits(header, 31, 29);
  if (type == kTypeMi && Bits(header, 28, 23) < kFirstMiWithLength) return 1;
  const bool video = engine != hw::Engine::kRcs && engine != hw::Engine::kBcs;
  return Bits(header, type == kTypeUnit && video ? 11 : 7, 0) + 2;
}

bool CommandCursor::Next(Command* command) {
  if (position_ >= dwords_.size()) return false;
  const uint32_t header = dwords_[position_];
  command->row = table_.RowOf(header);
  command->length = GuessedLength(header, engine_);
  command->length_allowed = true;
  if (command->row != nullptr) {
    const uint32_t stated = command->row->length.Of(header);
    command->length_allowed = command->row->length.Allows(stated);
    command->length = std::max(stated, 1u);
  }
  const size_t there = std::min<size_t>(command->length, dwords_.size() - position_);
  command->position = static_cast<uint32_t>(position_);
  command->address = MaskGma(start_.value + position_ * sizeof(uint32_t));
  command->dwords = dwords_.subspan(position_, there);
  position_ += there;
  return true;
}

}  // namespace gvt::scanner
