// Fault-safe access to guest memory.
//
// Idea: two short stretches of assembly hold every instruction that touches guest memory. A fault
// in one of them resumes at its recovery address, which makes the function return "failed"; nothing
// else has to be undone, for neither stretch has a stack frame or keeps a lock.
//
// Invariants:
// 1. Between the labels of a stretch the stack pointer is that of its entry, so `ret` is right.
// 2. The handler changes nothing but the instruction pointer, and only for its own stretches: it is
//    async-signal-safe and needs no state.
// 3. What the former handler was is known before ours can be called.
//
// No sanitizer sees the accesses: they are races by nature, and C++ has no name for them.
//
// Pieces of 128 and 64 bytes, because most segments of command streams are short: a string
// instruction takes longer to begin than they take to move, and beyond it gains nothing.
//
// Source: System V AMD64 ABI (argument registers); Intel SDM vol 2 "REP MOVS": at a fault RCX, RSI
// and RDI say what is left.
#include "hostif/guest_copy.h"

#include <ucontext.h>

#include <csignal>

#if !defined(__x86_64__)
#error "guest_copy.cc has assembly for x86-64 only"
#endif

// clang-format off
__asm__(
    ".text\n"
    ".p2align 4\n"

    // size_t gvt_guest_copy(to = rdi, from = rsi, bytes = rdx): bytes that are left. rdx says at every
    // moment how much is left; a piece is loaded as a whole before it is stored.
    ".globl gvt_guest_copy\n.hidden gvt_guest_copy\n.type gvt_guest_copy,@function\n"
    "gvt_guest_copy:\n.cfi_startproc\n"
    "  cmp $256, %rdx\n"
    "  jb gvt_guest_copy_pieces\n"
    "  cmpb $0, gvt_guest_copy_has_wide(%rip)\n"
    "  je gvt_guest_copy_pieces\n"
    ".globl gvt_guest_copy_wide\n.hidden gvt_guest_copy_wide\n"
    "gvt_guest_copy_wide:\n"
    "  vmovdqu (%rsi), %ymm0\n"
    "  vmovdqu 32(%rsi), %ymm1\n"
    "  vmovdqu 64(%rsi), %ymm2\n"
    "  vmovdqu 96(%rsi), %ymm3\n"
    "  vmovdqu %ymm0, (%rdi)\n"
    "  vmovdqu %ymm1, 32(%rdi)\n"
    "  vmovdqu %ymm2, 64(%rdi)\n"
    "  vmovdqu %ymm3, 96(%rdi)\n"
    "  sub $-128, %rsi\n"
    "  sub $-128, %rdi\n"
    "  add $-128, %rdx\n"
    "  cmp $128, %rdx\n"
    "  jae gvt_guest_copy_wide\n"
    "  vzeroupper\n"
    ".globl gvt_guest_copy_pieces\n.hidden gvt_guest_copy_pieces\n"
    "gvt_guest_copy_pieces:\n"
    "  cmp $64, %rdx\n"
    "  jb 2f\n"
    "1:\n"
    "  movdqu (%rsi), %xmm0\n"
    "  movdqu 16(%rsi), %xmm1\n"
    "  movdqu 32(%rsi), %xmm2\n"
    "  movdqu 48(%rsi), %xmm3\n"
    "  movdqu %xmm0, (%rdi)\n"
    "  movdqu %xmm1, 16(%rdi)\n"
    "  movdqu %xmm2, 32(%rdi)\n"
    "  movdqu %xmm3, 48(%rdi)\n"
    "  add $64, %rsi\n"
    "  add $64, %rdi\n"
    "  sub $64, %rdx\n"
    "  cmp $64, %rdx\n"
    "  jae 1b\n"
    "2:\n"
    "  cmp $16, %rdx\n"
    "  jb 3f\n"
    "  movdqu (%rsi), %xmm0\n"
    "  movdqu %xmm0, (%rdi)\n"
    "  add $16, %rsi\n"
    "  add $16, %rdi\n"
    "  sub $16, %rdx\n"
    "  jmp 2b\n"
    "3:\n"
    "  cmp $8, %rdx\n"
    "  jb 4f\n"
    "  mov (%rsi), %rax\n"
    "  mov %rax, (%rdi)\n"
    "  add $8, %rsi\n"
    "  add $8, %rdi\n"
    "  sub $8, %rdx\n"
    "4:\n"
    "  cmp $4, %rdx\n"
    "  jb 5f\n"
    "  mov (%rsi), %eax\n"
    "  mov %eax, (%rdi)\n"
    "  add $4, %rsi\n"
    "  add $4, %rdi\n"
    "  sub $4, %rdx\n"
    "5:\n"
    "  test %rdx, %rdx\n"
    "  jne gvt_guest_copy_bytes\n"
    "  xor %eax, %eax\n"
    "  ret\n"
    // Behind a fault: what is left is tried again byte by byte, so that those before it are moved.
    ".globl gvt_guest_copy_wide_failed\n.hidden gvt_guest_copy_wide_failed\n"
    "gvt_guest_copy_wide_failed:\n"
    "  vzeroupper\n"
    ".globl gvt_guest_copy_bytes\n.hidden gvt_guest_copy_bytes\n"
    "gvt_guest_copy_bytes:\n"
    "  mov %rdx, %rcx\n"
    "  rep movsb\n"
    ".globl gvt_guest_copy_end\n.hidden gvt_guest_copy_end\n"
    "gvt_guest_copy_end:\n"
    "  mov %rcx, %rax\n"
    "  ret\n"
    ".cfi_endproc\n.size gvt_guest_copy,.-gvt_guest_copy\n"

    // int gvt_guest_load32(from = rdi, out = rsi), and so on: 1, or 0 after a fault.
    ".p2align 4\n"
    ".globl gvt_guest_single_begin\n.hidden gvt_guest_single_begin\n"
    "gvt_guest_single_begin:\n.cfi_startproc\n"
    ".globl gvt_guest_load32\n.hidden gvt_guest_load32\n"
    "gvt_guest_load32:\n"
    "  mov (%rdi), %eax\n"
    "  mov %eax, (%rsi)\n"
    "  mov $1, %eax\n"
    "  ret\n"
    ".globl gvt_guest_load64\n.hidden gvt_guest_load64\n"
    "gvt_guest_load64:\n"
    "  mov (%rdi), %rax\n"
    "  mov %rax, (%rsi)\n"
    "  mov $1, %eax\n"
    "  ret\n"
    ".globl gvt_guest_store32\n.hidden gvt_guest_store32\n"
    "gvt_guest_store32:\n"
    "  mov %esi, (%rdi)\n"
    "  mov $1, %eax\n"
    "  ret\n"
    ".globl gvt_guest_store64\n.hidden gvt_guest_store64\n"
    "gvt_guest_store64:\n"
    "  mov %rsi, (%rdi)\n"
    "  mov $1, %eax\n"
    "  ret\n"
    // (at = rdi, expected = rsi, desired = rdx)
    ".globl gvt_guest_cas32\n.hidden gvt_guest_cas32\n"
    "gvt_guest_cas32:\n"
    "  mov (%rsi), %eax\n"
    "  lock cmpxchg %edx, (%rdi)\n"
    "  mov %eax, (%rsi)\n"
    "  mov $1, %eax\n"
    "  ret\n"
    ".globl gvt_guest_cas64\n.hidden gvt_guest_cas64\n"
    "gvt_guest_cas64:\n"
    "  mov (%rsi), %rax\n"
    "  lock cmpxchg %rdx, (%rdi)\n"
    "  mov %rax, (%rsi)\n"
    "  mov $1, %eax\n"
    "  ret\n"
    ".globl gvt_guest_single_end\n.hidden gvt_guest_single_end\n"
    "gvt_guest_single_end:\n"
    "  xor %eax, %eax\n"
    "  ret\n"
    ".cfi_endproc\n");
// clang-format on

extern "C" {
// The processor has registers of 32 bytes. Written by Install() before others copy.
[[gnu::visibility("hidden")]] uint8_t gvt_guest_copy_has_wide = 0;
size_t gvt_guest_copy(void* to, const void* from, size_t size_bytes);
int gvt_guest_load32(const void* from, uint32_t* out);
int gvt_guest_load64(const void* from, uint64_t* out);
int gvt_guest_store32(void* to, uint32_t value);
int gvt_guest_store64(void* to, uint64_t value);
int gvt_guest_cas32(void* at, uint32_t* expected, uint32_t desired);
int gvt_guest_cas64(void* at, uint64_t* expected, uint64_t desired);

// NOLINTBEGIN(readability-identifier-naming): labels of the assembly above
[[gnu::visibility("hidden")]] extern const char gvt_guest_copy_pieces[];
[[gnu::visibility("hidden")]] extern const char gvt_guest_copy_wide[];
[[gnu::visibility("hidden")]] extern const char gvt_guest_copy_bytes[];
[[gnu::visibility("hidden")]] extern const char gvt_guest_copy_end[];
[[gnu::visibility("hidden")]] extern const char gvt_guest_copy_wide_failed[];
[[gnu::visibility("hidden")]] extern const char gvt_guest_single_begin[];
[[gnu::visibility("hidden")]] extern const char gvt_guest_single_end[];
// NOLINTEND(readability-identifier-naming)
}

namespace gvt {
namespace {

struct FormerHandlers {
  struct sigaction segv;
  struct sigaction bus;
};
FormerHandlers g_former;  // written once, before the handler can run

bool IsIn(uintptr_t address, const char* begin, const char* end) {
  return address >= reinterpret_cast<uintptr_t>(begin) &&
         address < reinterpret_cast<uintptr_t>(end);
}

// Where to go on after a fault at `address`; nullptr: not one of ours.
const char* RecoveryOf(uintptr_t address) {
  if (IsIn(address, gvt_guest_copy_wide, gvt_guest_copy_pieces)) return gvt_guest_copy_wide_failed;
  if (IsIn(address, gvt_guest_copy_pieces, gvt_guest_copy_wide_failed)) return gvt_guest_copy_bytes;
  if (IsIn(address, gvt_guest_copy_bytes, gvt_guest_copy_end)) return gvt_guest_copy_end;
  if (IsIn(address, gvt_guest_single_begin, gvt_guest_single_end)) return gvt_guest_single_end;
  return nullptr;
}

void HandOn(int signal, siginfo_t* info, void* context) {
  const struct sigaction& former = signal == SIGSEGV ? g_former.segv : g_former.bus;
  if ((former.sa_flags & SA_SIGINFO) != 0) {
    former.sa_sigaction(signal, info, context);
    return;
  }
  const bool sent = info->si_code <= 0;  // by kill() and the like, not by an instruction
  if (former.sa_handler == SIG_IGN && sent) return;
  if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
    former.sa_handler(signal);
    return;
  }
  // The faulting instruction runs again and ends the process as it would have without us.
  struct sigaction fallback = {};
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, nullptr);
  if (sent) raise(signal);
}

void OnFault(int signal, siginfo_t* info, void* context) {
  auto* machine = static_cast<ucontext_t*>(context);
  greg_t& instruction = machine->uc_mcontext.gregs[REG_RIP];
  const char* recovery = RecoveryOf(static_cast<uintptr_t>(instruction));
  if (recovery == nullptr) {
    HandOn(signal, info, context);
    return;
  }
  instruction = static_cast<greg_t>(reinterpret_cast<uintptr_t>(recovery));
}

bool Install() {
  gvt_guest_copy_has_wide = __builtin_cpu_supports("avx") ? 1 : 0;
  if (sigaction(SIGSEGV, nullptr, &g_former.segv) != 0) return false;
  if (sigaction(SIGBUS, nullptr, &g_former.bus) != 0) return false;
  struct sigaction ours = {};
  ours.sa_sigaction = OnFault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  return sigaction(SIGSEGV, &ours, nullptr) == 0 && sigaction(SIGBUS, &ours, nullptr) == 0;
}

}  // namespace

bool InstallGuestFaultHandler() {
  static const bool kInstalled = Install();
  return kInstalled;
}

size_t GuestCopy(void* to, const void* from, size_t size_bytes) {
  return gvt_guest_copy(to, from, size_bytes);
}
bool GuestLoad32(const void* from, uint32_t* out) {
  return gvt_guest_load32(from, out) != 0;
}
bool GuestLoad64(const void* from, uint64_t* out) {
  return gvt_guest_load64(from, out) != 0;
}
bool GuestStore32(void* to, uint32_t value) {
  return gvt_guest_store32(to, value) != 0;
}
bool GuestStore64(void* to, uint64_t value) {
  return gvt_guest_store64(to, value) != 0;
}
bool GuestCompareExchange32(void* at, uint32_t* expected, uint32_t desired) {
  return gvt_guest_cas32(at, expected, desired) != 0;
}
bool GuestCompareExchange64(void* at, uint64_t* expected, uint64_t desired) {
  return gvt_guest_cas64(at, expected, desired) != 0;
}

}  // namespace gvt
