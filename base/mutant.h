// Planted defects, one a weakness class, to prove that the fuzzers find what they are there for.
//
// A build with -DGVT_MUTANT=n (CMake option of the same name) has defect n in it; any other build
// has none, and the compiler removes every trace of this. scripts/fuzz_mutants.sh builds each and
// measures how long its fuzzer takes to find it.
#pragma once

namespace gvt {

enum class Mutant : int {
  kNone = 0,
  kLengthSetIgnored = 1,      // any stated length is accepted
  kTailOvershootIgnored = 2,  // the last command may reach past the end of its buffer
  kFlushDwLongUnaudited = 3,  // MI_FLUSH_DW of 5 dwords escapes the address audit
  kPostSyncKindIgnored = 4,   // PIPE_CONTROL post-sync writes other than immediates escape it
  kGgttEndUnchecked = 5,      // only the first byte of a GGTT access is checked
  kIndexUnbounded = 6,        // a status-page index may be any offset
  kUserGgttAllowed = 7,       // non-privileged batches may name GGTT addresses
  kPipeControlRegister = 8,   // PIPE_CONTROL writes registers without the register policy
  kOddRegisterList = 9,    // MI_LOAD_REGISTER_IMM of even length is accepted and read past its end
  kNestingUnchecked = 10,  // a second-level batch may start another
  kPacketLengthTrusted =
      11,                  // AUB reader believes a memory write's byte count over its packet length
  kAscii85Unchecked = 12,  // error-state reader accepts digits that overflow 32 bits
  kTraceFlagsIgnored = 13,     // remembered commands are told without the flags of a PIPE_CONTROL
  kTraceAddressIgnored = 14,   // nor where it writes
  kTraceOperandsIgnored = 15,  // nor the operands of a register command
  kTraceEndIgnored = 16,       // and beyond the end of the copy
  kFaultStopsEngine = 17,      // a command error of one vGPU keeps its engine from all others
};
inline constexpr int kMutantCount = 17;

#ifndef GVT_MUTANT
#define GVT_MUTANT 0
#endif

// True iff this build carries defect `mutant`.
constexpr bool Planted(Mutant mutant) {
  return static_cast<int>(mutant) == GVT_MUTANT && mutant != Mutant::kNone;
}

}  // namespace gvt
