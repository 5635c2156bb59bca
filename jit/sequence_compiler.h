// Code for sequences: recall/compiler.h by xbyak.
//
// One straight line: a comparison of each dword that decides, and a jump away if it differs. Only
// caller-saved registers, no stack, and only the baseline instruction set, so that any x86-64
// processor runs it. Values that a guest chose are constants in memory that is never executable;
// code holds distances and our own numbers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "jit/code_arena.h"
#include "jit/code_names.h"
#include "recall/compiler.h"

namespace gvt::jit {

// Where a sequence's code goes, in the write view.
struct EmitTarget {
  std::span<uint8_t> code;
  std::span<uint32_t> constants;
};

struct Emitted {
  size_t code_bytes = 0;  // 0: it does not fit
  size_t entry = 0;       // where in it the function begins
  size_t constants = 0;
};

// Emits a recall::CompareFunction for the checks of `sequence`. Never writes outside of `target`.
// Cost: about 60 ns a check.
Emitted EmitSequence(const recall::Sequence& sequence, const EmitTarget& target);

// A recall::CompilerFactory.
std::unique_ptr<recall::Compiler> MakeSequenceCompiler();

class SequenceCompiler final : public recall::Compiler {
 public:
  static constexpr ArenaSizes kSizes{size_t{256} << 10, size_t{64} << 10};

  // kUnsupported: the system cannot make processors forget code; else the errors of
  // CodeArena::Create.
  static Result<std::unique_ptr<SequenceCompiler>> Create(const ArenaSizes& sizes = kSizes);

  recall::CompareFunction Compile(const recall::Sequence& sequence) override;
  void Forget() override;

  // What was emitted and not forgotten, in the execute view: for tests and debuggers.
  std::span<const uint8_t> emitted() const {
    return {arena_->ToExecute(arena_->code().data()), code_used_};
  }

 private:
  explicit SequenceCompiler(std::unique_ptr<CodeArena> arena);

  const std::unique_ptr<CodeArena> arena_;
  const std::unique_ptr<CodeNames> names_;  // null: nobody asks
  const std::span<uint32_t> constants_;
  size_t code_used_ = 0;
  size_t constants_used_ = 0;
};

}  // namespace gvt::jit
