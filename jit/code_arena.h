// Memory for emitted code: one file mapped twice, so that nothing is ever writable and executable
// at once, and no protection changes while code runs.
//
// Both views hold code and constants in this order. The write view is for whoever makes code; in
// the execute view code may be executed, constants only read. Distances are the same in both, so
// that code made through one view addresses its constants in the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"

namespace gvt::jit {

// Bytes of each part, multiples of the page size.
struct ArenaSizes {
  size_t code_bytes = 0;
  size_t constant_bytes = 0;

  size_t total() const { return code_bytes + constant_bytes; }
};

class CodeArena {
 public:
  // Reserves everything that the arena will ever take; pages are given by the system when first
  // touched. kIo, detail = errno: the system gives no memory file, or no executable mapping of one.
  static Result<std::unique_ptr<CodeArena>> Create(const ArenaSizes& sizes);
  ~CodeArena();
  CodeArena(const CodeArena&) = delete;
  CodeArena& operator=(const CodeArena&) = delete;

  // The write view of each part.
  std::span<uint8_t> code() const { return {write_, sizes_.code_bytes}; }
  std::span<uint8_t> constants() const {
    return {write_ + sizes_.code_bytes, sizes_.constant_bytes};
  }
  // The same byte in the execute view. `written` lies in the write view.
  const uint8_t* ToExecute(const uint8_t* written) const { return execute_ + (written - write_); }

 private:
  CodeArena(const ArenaSizes& sizes, uint8_t* write, uint8_t* execute)
      : sizes_(sizes), write_(write), execute_(execute) {}

  const ArenaSizes sizes_;
  uint8_t* const write_;
  const uint8_t* const execute_;
};

}  // namespace gvt::jit
