// Registers: rdi the dwords; eax, which is also the result, is scratch.
//
// Source of the instructions: Intel SDM vol 2. 18 bytes a comparison.
#include "jit/sequence_compiler.h"

#include <xbyak/xbyak.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"
#include "jit/fetch_barrier.h"

namespace gvt::jit {
namespace {

using recall::kChecksAtOnce;
using recall::Sequence;

constexpr size_t kMaxGroups = (recall::kMaxChecks + kChecksAtOnce) / kChecksAtOnce;
constexpr size_t kBytesPerCheck = 20;
constexpr size_t kBytesPerGroup = 8;
constexpr size_t kBytesOfFrame = 64;

size_t MaxCodeBytes(const Sequence& sequence) {
  return kBytesOfFrame + sequence.check_count * kBytesPerCheck +
         sequence.check_count / kChecksAtOnce * kBytesPerGroup;
}

class Emitter : public Xbyak::CodeGenerator {
 public:
  Emitter(const Sequence& sequence, const EmitTarget& target)
      : CodeGenerator(target.code.size(), target.code.data()),
        sequence_(sequence),
        target_(target) {}

  Emitted Emit() {
    const uint32_t count = sequence_.check_count;
    // The ways out come first: jumps to them need no labels, whose bookkeeping takes most of the
    // time.
    for (uint32_t first = 0; first < count; first += kChecksAtOnce) {
      differs_[first / kChecksAtOnce] = getCurr();
      mov(eax, first);
      ret();
    }
    align(16);
    const size_t entry = getSize();
    for (uint32_t i = 0; i < count;) i += EmitCheck(i);
    mov(eax, count);
    ret();
    // The end of a sequence is no cache line that another one's code shares.
    align(16);
    GVT_CHECK(Xbyak::GetError() == Xbyak::ERR_NONE, "the caller made room for MaxCodeBytes()");
    return {getSize(), entry, constants_};
  }

 private:
  // Two checks of dwords side by side are one comparison. Returns how many it took.
  uint32_t EmitCheck(uint32_t check) {
    const bool two = check % kChecksAtOnce + 1 < kChecksAtOnce &&
                     sequence_.dwords[check + 1] == sequence_.dwords[check] + 1;
    uint32_t* const constant = &target_.constants[constants_];
    std::memcpy(constant, &sequence_.values[check], (two ? 2 : 1) * sizeof *constant);
    const size_t at = size_t{4} * sequence_.dwords[check];
    if (two) {
      mov(rax, qword[rip + constant]);
      cmp(qword[rdi + at], rax);
    } else {
      mov(eax, dword[rip + constant]);
      cmp(dword[rdi + at], eax);
    }
    jne(differs_[check / kChecksAtOnce]);
    constants_ += two ? 2 : 1;
    return two ? 2 : 1;
  }

  const Sequence& sequence_;
  const EmitTarget& target_;
  size_t constants_ = 0;
  std::array<const void*, kMaxGroups> differs_;
};

std::string NameOf(const Sequence& sequence) {
  char name[64];
  std::snprintf(name, sizeof name, "gvt_sequence_%08x_to_%08x_of_%u", sequence.values[0],
                sequence.last_header, unsigned{sequence.commands});
  return name;
}

}  // namespace

Emitted EmitSequence(const Sequence& sequence, const EmitTarget& target) {
  const bool fits = MaxCodeBytes(sequence) <= target.code.size() &&
                    sequence.check_count <= target.constants.size();
  return fits ? Emitter(sequence, target).Emit() : Emitted{};
}

std::unique_ptr<recall::Compiler> MakeSequenceCompiler() {
  Result<std::unique_ptr<SequenceCompiler>> compiler = SequenceCompiler::Create();
  if (!compiler) return nullptr;
  return std::move(*compiler);
}

Result<std::unique_ptr<SequenceCompiler>> SequenceCompiler::Create(const ArenaSizes& sizes) {
  if (!FetchBarrierIsAvailable()) return Error{ErrorCode::kUnsupported, 0, 0};
  Result<std::unique_ptr<CodeArena>> arena = CodeArena::Create(sizes);
  if (!arena) return arena.error();
  return std::unique_ptr<SequenceCompiler>(new SequenceCompiler(std::move(*arena)));
}

SequenceCompiler::SequenceCompiler(std::unique_ptr<CodeArena> arena)
    : arena_(std::move(arena)),
      names_(CodeNames::Create()),
      constants_(reinterpret_cast<uint32_t*>(arena_->constants().data()),
                 arena_->constants().size() / sizeof(uint32_t)) {}

recall::CompareFunction SequenceCompiler::Compile(const Sequence& sequence) {
  const EmitTarget target{arena_->code().subspan(code_used_), constants_.subspan(constants_used_)};
  const Emitted emitted = EmitSequence(sequence, target);
  if (emitted.code_bytes == 0) return nullptr;
  const uint8_t* const code = arena_->ToExecute(target.code.data());
  code_used_ += emitted.code_bytes;
  constants_used_ += emitted.constants;
  if (names_ != nullptr) names_->Add({code, emitted.code_bytes}, NameOf(sequence));
  return reinterpret_cast<recall::CompareFunction>(
      reinterpret_cast<uintptr_t>(code + emitted.entry));
}

void SequenceCompiler::Forget() {
  if (code_used_ == 0) return;
  code_used_ = 0;
  constants_used_ = 0;
  if (names_ != nullptr) names_->Forget();
  SynchronizeFetches();
}

}  // namespace gvt::jit
