// Registers: rdi cursor, rsi end of the copy, rdx RunState, rcx bias of graphics addresses, r8d
// commands; eax, r9 scratch; eax also the number of the link at the way out.
//
// Source of the instructions: Intel SDM vol 2. About 18 bytes a comparison.
#include "jit/emitter.h"

#include <xbyak/xbyak.h>

#include <algorithm>
#include <deque>

#include "base/check.h"
#include "base/mutant.h"
#include "scanner/limits.h"
#include "scanner/shortcuts.h"

namespace gvt::jit {
namespace {

// Commands between two looks whether the copy goes on.
constexpr size_t kStepsPerBound = 8;
constexpr size_t kBytesPerCheck = 48;
constexpr size_t kBytesPerStub = 16;
constexpr size_t kBytesOfFrame = 64;

class Emitter : public Xbyak::CodeGenerator {
 public:
  Emitter(const Trace& trace, uint8_t alternatives, const EmitTarget& target)
      : CodeGenerator(target.code.size(), target.code.data()),
        trace_(trace),
        alternatives_(alternatives),
        target_(target),
        next_link_(target.first_link) {}

  Emitted Emit(uint32_t root) {
    for (size_t i = 0; i < trace_.steps.size(); ++i) {
      if (i % kStepsPerBound == 0) EmitBound(i);
      EmitStep(i);
    }
    EmitEnd(root);
    for (Stub& stub : stubs_) {
      L(stub.label);
      EmitExit(stub.link);
    }
    // The end of a trace is no cache line that another trace's code shares.
    align(16);
    GVT_CHECK(Xbyak::GetError() == Xbyak::ERR_NONE, "the caller made room for MaxCodeBytes()");
    return {getSize(), constants_, next_link_ - target_.first_link};
  }

 private:
  struct Stub {
    Xbyak::Label label;
    uint32_t link = 0;
  };

  Xbyak::Address Dword(uint32_t index) { return dword[rdi + size_t{4} * index]; }

  uint32_t AddLink(LinkKind kind, uint32_t at, uint32_t commands, uint8_t alternatives) {
    Link& link = target_.links[next_link_];
    link.code.store(nullptr, std::memory_order_relaxed);
    link.dword = at;
    link.commands = static_cast<uint16_t>(commands);
    link.kind = alternatives >= kMaxAlternatives ? LinkKind::kFrozen : kind;
    link.alternatives = alternatives;
    return next_link_++;
  }

  // A way out for jumps from the straight line.
  Xbyak::Label& AddStub(LinkKind kind, size_t step, uint8_t alternatives) {
    const uint32_t link =
        AddLink(kind, trace_.steps[step].dword, CommandsBefore(step), alternatives);
    stubs_.push_back(Stub{Xbyak::Label(), link});
    return stubs_.back().label;
  }

  uint32_t CommandsBefore(size_t step) const {
    const bool peeks = trace_.end == TraceEnd::kAudit;
    const auto stepped = static_cast<uint32_t>(trace_.steps.size()) - (peeks ? 1 : 0);
    return trace_.end_commands - stepped + static_cast<uint32_t>(step);
  }

  void EmitBound(size_t first) {
    if (Planted(Mutant::kTraceEndIgnored)) return;
    const size_t last = std::min(first + kStepsPerBound, trace_.steps.size()) - 1;
    lea(rax, ptr[rdi + size_t{4} * trace_.steps[last].behind]);
    cmp(rax, rsi);
    ja(AddStub(LinkKind::kFrozen, first, 0), T_NEAR);
  }

  void EmitStep(size_t index) {
    const Step& step = trace_.steps[index];
    const auto alternatives = static_cast<uint8_t>(index == 0 ? alternatives_ + 1 : 0);
    Xbyak::Label& differs = AddStub(LinkKind::kLearnable, index, alternatives);
    for (uint32_t i = 0; i < step.check_count; ++i) {
      EmitCheck(trace_.checks[step.first_check + i], differs);
    }
  }

  void EmitCheck(const Check& check, Xbyak::Label& differs) {
    switch (check.kind) {
      case CheckKind::kEqual: return EmitEqual(check, differs);
      case CheckKind::kMasked: return EmitMasked(check, differs);
      case CheckKind::kFar: return EmitFar(check, differs);
    }
  }

  void EmitEqual(const Check& check, Xbyak::Label& differs) {
    uint32_t* const constant = &target_.constants[constants_++];
    *constant = check.value;
    mov(eax, dword[rip + constant]);
    cmp(Dword(check.dword), eax);
    jne(differs, T_NEAR);
  }

  // Mask and value are bits of ours: flags that the audit knows.
  void EmitMasked(const Check& check, Xbyak::Label& differs) {
    if (check.value == 0) {
      test(Dword(check.dword), check.mask);
    } else {
      mov(eax, Dword(check.dword));
      and_(eax, check.mask);
      cmp(eax, check.value);
    }
    jne(differs, T_NEAR);
  }

  // address + (bytes - 1) - rest, modulo 2^64, is below reach + (bytes - 1) iff the store reaches
  // the rest.
  void EmitFar(const Check& check, Xbyak::Label& differs) {
    constexpr uint32_t kLast = scanner::kPostSyncBytes - 1;
    mov(eax, Dword(check.dword));
    and_(eax, ~kLast);
    movzx(r9d, word[rdi + size_t{4} * (check.dword + 1)]);
    shl(r9, 32);
    or_(r9, rax);
    lea(rax, ptr[rdi + rcx + size_t{4} * check.value]);
    sub(r9, rax);
    add(r9, kLast);
    cmp(r9, scanner::kMaxSegmentDwords * 4 + kLast);
    jb(differs, T_NEAR);
  }

  void EmitExit(uint32_t link) {
    mov(eax, link);
    const LinkKind kind = target_.links[link].kind;
    if (kind == LinkKind::kLearnable) {
      jmp(ptr[rip + &target_.links[link]]);
    } else {
      jmp(target_.leave, T_NEAR);
    }
  }

  void EmitEnd(uint32_t root) {
    const uint32_t at = trace_.end_dword;
    const uint32_t commands = trace_.end_commands;
    switch (trace_.end) {
      case TraceEnd::kOpen: return EmitExit(AddLink(LinkKind::kLearnable, at, commands, 0));
      case TraceEnd::kBatchEnd: return EmitExit(AddLink(LinkKind::kBatchEnd, at, commands, 0));
      case TraceEnd::kAudit: return EmitExit(AddLink(LinkKind::kAudit, at, commands, 0));
      case TraceEnd::kLandmark:
        add(rdi, 4 * at);
        add(r8d, commands);
        return EmitExit(root);
    }
  }

  const Trace& trace_;
  const uint8_t alternatives_;
  const EmitTarget& target_;
  uint32_t next_link_;
  size_t constants_ = 0;
  std::deque<Stub> stubs_;
};

}  // namespace

size_t EmitLeave(std::span<uint8_t> code) {
  Xbyak::CodeGenerator leave(code.size(), code.data());
  leave.mov(leave.ptr[leave.rdx + offsetof(RunState, cursor)], leave.rdi);
  leave.mov(leave.ptr[leave.rdx + offsetof(RunState, commands)], leave.r8);
  leave.ret();
  leave.align(16);
  return leave.getSize();
}

size_t MaxCodeBytes(const Trace& trace) {
  return kBytesOfFrame + trace.checks.size() * kBytesPerCheck +
         MaxLinks(trace) * (kBytesPerStub + kBytesPerStub);
}

uint32_t MaxLinks(const Trace& trace) {
  const size_t steps = trace.steps.size();
  return static_cast<uint32_t>(steps + steps / kStepsPerBound + 2);
}

Emitted EmitTrace(const Trace& trace, uint8_t alternatives, uint32_t root,
                  const EmitTarget& target) {
  const bool fits = MaxCodeBytes(trace) <= target.code.size() &&
                    trace.checks.size() <= target.constants.size() &&
                    target.first_link + MaxLinks(trace) <= target.links.size();
  if (!fits) return {};
  return Emitter(trace, alternatives, target).Emit(root);
}

}  // namespace gvt::jit
