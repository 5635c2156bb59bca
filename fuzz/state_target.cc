// Fuzz target: saved states. Any bytes are restored to a vGPU, as they are and with a header that
// is made right, so that what lies behind the checksum is reached. Properties: what is refused
// changes nothing; what is taken over is saved again as a state that is taken over again, to the
// same; and the engines run what it says without harm.
//
// One vGPU serves all inputs. To save or restore it is most of the time of an input, so that a
// state is saved once where it has to be looked at, and what was refused is looked at for one input
// in kLookAt: the next look sees what an earlier one left behind.
#include <algorithm>
#include <span>
#include <vector>

#include "core/state_file.h"
#include "fuzz/embedded_world.h"

namespace gvt::fuzz {
namespace {

constexpr int kSlices = 2;  // of each engine
constexpr unsigned kLookAt = 8;

using State = std::vector<std::byte>;

State Save(gvtcore_vgpu_t* vgpu) {
  static State room(core::kMaxStateBytes);
  const int64_t length = gvtcore_vgpu_save(vgpu, room.data(), room.size());
  Require(length > 0 && static_cast<size_t>(length) <= room.size(), "a state is bounded");
  return State(room.begin(), room.begin() + length);
}

bool Restore(gvtcore_vgpu_t* vgpu, std::span<const std::byte> state) {
  return gvtcore_vgpu_restore(vgpu, state.data(), state.size()) == 0;
}

// False: it is none.
bool TryState(EmbeddedWorld& world, std::span<const std::byte> bytes) {
  gvtcore_vgpu_t* vgpu = world.machine().vgpu();
  if (!Restore(vgpu, bytes)) return false;
  const State after = Save(vgpu);
  Require(Restore(vgpu, after), "what was saved can be restored");
  Require(Save(vgpu) == after, "a restored state is the saved one");
  for (uint32_t engine = 0; engine < hw::kEngineCount; ++engine) {
    for (int i = 0; i < kSlices; ++i) gvtcore_step(world.core(), engine);
  }
  return true;
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt;
  static fuzz::EmbeddedWorld world = fuzz::EmbeddedWorld::Stepped();
  static const fuzz::State fresh = fuzz::Save(world.machine().vgpu());
  const std::span bytes = std::as_bytes(std::span(data, size));
  std::vector<std::byte> sealed(bytes.begin(), bytes.end());
  core::SealState(sealed);
  bool taken = fuzz::TryState(world, bytes);
  if (!std::equal(bytes.begin(), bytes.end(), sealed.begin())) {
    taken = fuzz::TryState(world, sealed) || taken;
  }
  if (taken) {
    world.Clear();
    fuzz::Require(fuzz::Restore(world.machine().vgpu(), fresh), "the first state can be restored");
  } else if (size == 0 || data[size / 2] % fuzz::kLookAt == 0) {
    fuzz::Require(fuzz::Save(world.machine().vgpu()) == fresh, "what is refused changes nothing");
  }
  return 0;
}
