#include "tests/sim/sim_intruder.h"

#include "base/bits.h"
#include "tests/gpu_soft/commands.h"

namespace gvt::sim {
namespace {

using hostif::embedded::GuestContext;
using hostif::embedded::GuestDriver;
using hostif::embedded::Machine;
using hostif::embedded::MachineOptions;

constexpr uint64_t kMemoryBytes = uint64_t{2} << 20;
constexpr uint64_t kBatch = 0x400000;
constexpr uint32_t kElsp = 0x230;

}  // namespace

SimIntruder::SimIntruder(hostif::embedded::Host& host, uint32_t weight) {
  MachineOptions options;
  options.memory_bytes = kMemoryBytes;
  options.vgpu.weight = weight;
  auto made = Machine::Create(host, options);
  if (!made) {
    failure_ = "no machine";
    return;
  }
  machine_ = std::move(made).value();
  driver_ = std::make_unique<GuestDriver>(*machine_);
  if (!driver_->Boot()) failure_ = "no device";
  tables_ = *driver_->CreatePageTables();
  contexts_[0] = *driver_->CreateContext(hw::Engine::kBcs, tables_);
  contexts_[1] = *driver_->CreateContext(hw::Engine::kVecs, tables_);
  batch_ = *driver_->AllocateAt(tables_, Gma(kBatch), 2);
}

void SimIntruder::Act(Random& random) {
  switch (Below(random, 8)) {
    case 0:
    case 1: return WriteRegister(random);
    case 2:
    case 3: return SubmitAnything(random);
    case 4: return SpinForEver(random);
    case 5: return TakePageAway(random);
    case 6: machine_->WriteGgttEntry(Below(random, 64), random()); return;
    default: break;
  }
  if (Below(random, 16) == 0) {
    gvtcore_vgpu_reset(machine_->vgpu());
    return;
  }
  driver_->ResetEngine(contexts_[Below(random, 2)].engine);
}

// Mostly of its engines, some anywhere.
void SimIntruder::WriteRegister(Random& random) {
  const uint32_t base = hw::EngineMmioBase(contexts_[Below(random, 2)].engine);
  const uint32_t offset =
      Below(random, 4) == 0 ? Below(random, 0x140000) : base + Below(random, 0x800);
  machine_->WriteRegister(offset & ~3u, Low32(random()));
}

void SimIntruder::SubmitAnything(Random& random) {
  GuestContext& context = contexts_[Below(random, 2)];
  // Garbage in ring, image or tables.
  const Gpa places[] = {context.ring.gpa, context.image.gpa + kPageSize, tables_.root, batch_};
  const Gpa at = places[Below(random, 4)] + uint64_t{Below(random, 512)} * 8;
  for (uint32_t i = Below(random, 4); i > 0; --i) {
    machine_->Store32(at + uint64_t{i} * 4, Low32(random()) >> Below(random, 32));
  }
  if (Below(random, 2) == 0) driver_->Append(context, std::array{Low32(random()), Low32(random())});
  const uint32_t base = hw::EngineMmioBase(context.engine);
  const uint64_t junk = Below(random, 4) == 0 ? random() : 0;
  for (const uint32_t value : {High32(junk), Low32(junk), High32(context.descriptor),
                               Low32(context.descriptor) ^ (Below(random, 8) == 0 ? 0x1000u : 0)}) {
    machine_->WriteRegister(base + kElsp, value);
  }
}

void SimIntruder::SpinForEver(Random& random) {
  GuestContext& context = contexts_[Below(random, 2)];
  machine_->Store(batch_, soft_test::Program({soft_test::StoreDword(kBatch + 4096, 1),
                                              soft_test::BatchStart(kBatch)}));
  driver_->Append(context, soft_test::BatchStart(kBatch));
  const uint32_t base = hw::EngineMmioBase(context.engine);
  for (const uint32_t value : {0u, 0u, High32(context.descriptor), Low32(context.descriptor)}) {
    machine_->WriteRegister(base + kElsp, value);
  }
}

void SimIntruder::TakePageAway(Random& random) {
  const Gpa page(uint64_t{Below(random, kMemoryBytes >> kPageShift)} << kPageShift);
  const bool taken = machine_->RemoveMemory(page, kPageSize).has_value();
  if (!taken || !machine_->RestoreMemory(page, kPageSize)) failure_ = "a page that is lost";
}

}  // namespace gvt::sim
