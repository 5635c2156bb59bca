// Saved states: of a vGPU that nobody has touched, of one whose guest has come up, and of one in
// the middle of a submission.
#include <vector>

#include "fuzz/embedded_world.h"
#include "fuzz/seed_writer.h"
#include "hostif/embedded/guest_driver.h"

namespace gvt::fuzz {
namespace {

void WriteState(SeedWriter* out, const char* name, EmbeddedWorld& world) {
  gvtcore_vgpu_t* vgpu = world.machine().vgpu();
  std::vector<uint8_t> state(SeedWriter::kMaxSeedBytes);
  const int64_t length = gvtcore_vgpu_save(vgpu, state.data(), state.size());
  Require(length > 0, "a state can be saved");
  if (static_cast<size_t>(length) > state.size()) return;
  state.resize(static_cast<size_t>(length));
  out->Write("state", name, state);
}

}  // namespace

void MakeStateSeeds(SeedWriter* out) {
  constexpr uint32_t kSemaphoreWait[] = {0x0e40c002, 1, 0x1000, 0};  // GGTT, until [0x1000] == 1
  constexpr uint32_t kElsp = 0x2230;
  EmbeddedWorld world = EmbeddedWorld::Stepped();
  WriteState(out, "untouched", world);
  hostif::embedded::GuestDriver driver(world.machine());
  Require(driver.Boot().has_value(), "a guest comes up");
  WriteState(out, "booted", world);
  auto context = *driver.CreateContext(hw::Engine::kRcs, *driver.CreatePageTables());
  driver.Append(context, kSemaphoreWait);
  driver.Submit(context);
  WriteState(out, "submitted", world);
  gvtcore_step(world.core(), 0);
  driver.Submit(context);
  world.machine().WriteRegister(kElsp, 1);
  WriteState(out, "waiting", world);
}

}  // namespace gvt::fuzz
