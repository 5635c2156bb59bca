// The beginning and the end of a vGPU, and what is asked of it besides memory.
#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {
namespace {

Verdict GivesHandles(Trial& t) {
  const std::unique_ptr<Machine> other = Machine::Create(t.module);
  if (other == nullptr) return Failed("there is no second virtual machine");
  return other->handle() != t.handle() ? Passed() : Failed("two machines have one handle");
}

Verdict CanBeMadeAgain(Trial& t) {
  for (int i = 0; i < 8; ++i) {
    const std::unique_ptr<Machine> other = Machine::Create(t.module);
    if (other == nullptr) return Failed("machine " + std::to_string(i) + " cannot be made");
  }
  return Passed();
}

Verdict TakesTheHandleBack(Trial& t) {
  t.machine.DestroyVm();
  return t.handle() == 0 ? Passed() : Failed("a handle of a machine that is gone");
}

Verdict LeavesOthers(Trial& t) {
  const std::unique_ptr<Machine> other = Machine::Create(t.module);
  if (other == nullptr) return Failed("there is no second virtual machine");
  const uint32_t mark = 0xfeed;
  uint32_t seen = 0;
  t.calls.WriteGpa(other->handle(), 0x9000, &mark, sizeof mark);
  t.machine.DestroyVm();
  return t.calls.ReadGpa(other->handle(), 0x9000, &seen, sizeof seen) == 0 && seen == mark
             ? Passed()
             : Failed("another machine lost its memory");
}

Verdict TakesOpregion(Trial& t) {
  if (t.table.set_opregion == nullptr) return NotTried("the device has no display");
  return t.table.set_opregion(&t.machine.vgpu()) == 0 ? Passed() : Failed("an error");
}

Verdict TakesEdid(Trial& t) {
  if (t.table.set_edid == nullptr) return NotTried("the device has no display");
  constexpr int kPortD = 3;
  return t.table.set_edid(&t.machine.vgpu(), kPortD) == 0 ? Passed() : Failed("an error");
}

Verdict HoldsTheDevice(Trial& t) {
  if (t.table.get_vfio_device == nullptr)
    return NotTried("the device has no display, of which something would be held");
  for (int i = 0; i < 2; ++i) {
    if (t.table.get_vfio_device(&t.machine.vgpu()) != 0) return Failed("it does not nest");
  }
  return Passed();
}

Verdict LetsTheDeviceGo(Trial& t) {
  if (t.table.get_vfio_device == nullptr)
    return NotTried("the device has no display, of which something would be held");
  if (t.table.put_vfio_device == nullptr) return Failed("get_vfio_device has no reverse");
  for (int i = 0; i < 3; ++i) {
    if (t.table.get_vfio_device(&t.machine.vgpu()) != 0) return Failed("it cannot be held again");
    t.table.put_vfio_device(&t.machine.vgpu());
  }
  return Passed();
}

constexpr Line kLines[] = {
    {"attach-vgpu.handles", "attach_vgpu", "each machine has a handle of its own", true,
     &GivesHandles},
    {"attach-vgpu.again", "attach_vgpu", "machines can be made and ended, over and over", true,
     &CanBeMadeAgain},
    {"detach-vgpu.handle", "detach_vgpu", "a machine that ends takes its handle back", true,
     &TakesTheHandleBack},
    {"detach-vgpu.others", "detach_vgpu", "others go on when a machine ends", true, &LeavesOthers},
    {"set-opregion.taken", "set_opregion", "the vGPU's is taken", false, &TakesOpregion},
    {"set-edid.taken", "set_edid", "the vGPU's is taken", false, &TakesEdid},
    {"get-vfio-device.nests", "get_vfio_device", "the device can be held, more than once", false,
     &HoldsTheDevice},
    {"put-vfio-device.reverse", "put_vfio_device", "and let go, and held again", false,
     &LetsTheDeviceGo},
};

}  // namespace

std::span<const Line> LifeLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
