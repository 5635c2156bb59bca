// An engine that learns whatever it meets and compiles what it meets a third time, where the build
// can: so that tests meet code.
#pragma once

#include <memory>

#include "hw/platform.h"
#include "recall/recall_engine.h"
#include "scanner/policy.h"
#if GVT_HAVE_JIT
#include "jit/sequence_compiler.h"
#endif

namespace gvt::recall {

#if GVT_HAVE_JIT
inline constexpr bool kCompiles = true;
inline constexpr CompilerFactory kCompiler = &jit::MakeSequenceCompiler;
#else
inline constexpr bool kCompiles = false;
inline constexpr CompilerFactory kCompiler = nullptr;
#endif

inline std::unique_ptr<RecallEngine> MakeEagerEngine(hw::Platform platform,
                                                     const scanner::Policy& policy,
                                                     MemorySettings settings = {}) {
  settings.hot = 1;
  settings.commands_per_compiled = 0;
  settings.commands_per_learned = 0;
  settings.min_dwords = 1;
  return std::make_unique<RecallEngine>(platform, policy, kCompiler, settings);
}

// Room for a few sequences: makes an engine forget often.
inline constexpr MemorySettings kSmallMemory{.sequences = 16, .checks = 2048, .effects = 512};

}  // namespace gvt::recall
