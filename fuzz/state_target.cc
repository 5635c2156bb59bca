// Fuzz target: saved states. Any bytes are restored to a vGPU, as they are and with a header that
// is made right, so that what lies behind the checksum is reached. Properties: what is refused
// changes nothing; what is taken over is saved again as a state that is taken over again, to the
// same; and the engines run what it says without harm.
#include <span>
#include <vector>

#include "core/state_file.h"
#include "fuzz/embedded_world.h"

namespace gvt::fuzz {
namespace {

constexpr int kSlices = 2;  // of each engine

using State = std::vector<std::byte>;

State Save(gvtcore_vgpu_t* vgpu) {
  State state;
  const int64_t length = gvtcore_vgpu_save(vgpu, nullptr, 0);
  Require(length > 0 && static_cast<size_t>(length) <= core::kMaxStateBytes, "a state is bounded");
  state.resize(static_cast<size_t>(length));
  Require(gvtcore_vgpu_save(vgpu, state.data(), state.size()) == length,
          "a vGPU that nobody uses stays as it is");
  return state;
}

void TryState(EmbeddedWorld& world, std::span<const std::byte> bytes) {
  gvtcore_vgpu_t* vgpu = world.machine().vgpu();
  const State before = Save(vgpu);
  if (gvtcore_vgpu_restore(vgpu, bytes.data(), bytes.size()) != 0) {
    Require(Save(vgpu) == before, "what is refused changes nothing");
    return;
  }
  const State after = Save(vgpu);
  Require(gvtcore_vgpu_restore(vgpu, after.data(), after.size()) == 0,
          "what was saved can be restored");
  Require(Save(vgpu) == after, "a restored state is the saved one");
  for (uint32_t engine = 0; engine < hw::kEngineCount; ++engine) {
    for (int i = 0; i < kSlices; ++i) gvtcore_step(world.core(), engine);
  }
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt;
  static fuzz::EmbeddedWorld world = fuzz::EmbeddedWorld::Stepped();
  const std::span bytes = std::as_bytes(std::span(data, size));
  fuzz::TryState(world, bytes);
  std::vector<std::byte> sealed(bytes.begin(), bytes.end());
  core::SealState(sealed);
  fuzz::TryState(world, sealed);
  world.Clear();
  return 0;
}
