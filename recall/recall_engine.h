// The scan engine that remembers: the second implementation of scanner::ScanEngine.
//
// What recurs in a guest's streams is compared with what was audited before, which is several times
// faster than to step through it; the rest is the interpreter's, and is remembered. Where there is
// a compiler, sequences that are met often become code.
//
// Each thread that scans remembers for itself: nothing is shared, nothing is locked.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/thread_number.h"
#include "hw/platform.h"
#include "recall/compiler.h"
#include "recall/sequence_memory.h"
#include "scanner/interpreter.h"
#include "scanner/policy.h"
#include "scanner/scan_engine.h"

namespace gvt::recall {

class ThreadMemory;

class RecallEngine final : public scanner::ScanEngine {
 public:
  // Keeps a copy of `policy`. `make_compiler` may be null.
  RecallEngine(hw::Platform platform, const scanner::Policy& policy,
               CompilerFactory make_compiler = nullptr, const MemorySettings& settings = {});
  ~RecallEngine() override;

  // As ScanEngine has it, but that a thread's first scan allocates what the thread remembers in.
  void Scan(const scanner::Segment& segment, scanner::ScanReport* report) const override;

  // What the calling thread remembers.
  MemoryStatistics statistics() const;

 private:
  ThreadMemory* MemoryOfThread() const;
  ThreadMemory* Adopt(uint32_t thread) const;

  const scanner::Interpreter interpreter_;
  const CompilerFactory make_compiler_;
  const MemorySettings settings_;
  // Index = ThreadNumber(). atomic, relaxed: written and read by its thread, and by the destructor
  mutable std::array<std::atomic<ThreadMemory*>, kMaxNumberedThreads> memories_{};
  // Made with the engine, for the first thread that scans. atomic: taken once
  mutable std::atomic<ThreadMemory*> spare_;
};

}  // namespace gvt::recall
