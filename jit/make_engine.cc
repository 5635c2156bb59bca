#include "jit/make_engine.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "recall/recall_engine.h"
#if GVT_HAVE_JIT
#include "jit/sequence_compiler.h"
#endif

namespace gvt::jit {
namespace {

#if GVT_HAVE_JIT
recall::CompilerFactory CompilerOfHost() {
  const char* const wish = std::getenv("GVTCORE_JIT");
  return wish != nullptr && std::string_view(wish) == "off" ? nullptr : &MakeSequenceCompiler;
}
#else
recall::CompilerFactory CompilerOfHost() {
  return nullptr;
}
#endif

}  // namespace

std::unique_ptr<scanner::ScanEngine> MakeScanEngine(hw::Platform platform,
                                                    const scanner::Policy& policy) {
  return std::make_unique<recall::RecallEngine>(platform, policy, CompilerOfHost());
}

}  // namespace gvt::jit
