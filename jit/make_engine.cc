#include "jit/make_engine.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "scanner/interpreter.h"
#if GVT_HAVE_JIT
#include "jit/jit_engine.h"
#endif

namespace gvt::jit {
namespace {

std::unique_ptr<scanner::ScanEngine> MakeCompiled([[maybe_unused]] hw::Platform platform,
                                                  [[maybe_unused]] const scanner::Policy& policy) {
#if GVT_HAVE_JIT
  const char* const wish = std::getenv("GVTCORE_JIT");
  if (wish == nullptr || std::string_view(wish) != "on") return nullptr;
  Result<std::unique_ptr<JitEngine>> engine = JitEngine::Create(platform, policy);
  if (engine) return std::move(*engine);
#endif
  return nullptr;
}

}  // namespace

std::unique_ptr<scanner::ScanEngine> MakeScanEngine(hw::Platform platform,
                                                    const scanner::Policy& policy) {
  std::unique_ptr<scanner::ScanEngine> engine = MakeCompiled(platform, policy);
  if (engine == nullptr) engine = std::make_unique<scanner::Interpreter>(platform, policy);
  return engine;
}

}  // namespace gvt::jit
