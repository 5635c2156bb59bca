// The core's operations on a host's machine, as its device model calls them: accesses of the
// guest's, regions that move, memory that is lent, types. No processor of the guest's is needed.
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "core/mpt_vgpu.h"
#include "hostif/conformance/line.h"
#include "hostif/conformance/module_guest.h"
#include "hw/gtt_entry.h"

namespace gvt::hostif::conformance {
namespace {

constexpr uint64_t kBar0Bytes = uint64_t{16} << 20;
constexpr uint32_t kVendor = 0x8086;
constexpr uint32_t kCommand = 0x04;  // of the configuration space
constexpr uint32_t kDecodesMemory = 2;
constexpr uint32_t kBar0 = 0x10;
constexpr uint32_t kPvinfo =
    0x78000;  // a register that reads as kPvMagic: linux v6.1 i915_pvinfo.h
constexpr uint32_t kPvMagic = 0x76544776;

// A vGPU on a machine, its regions placed and decoded.
class DeviceTrial {
 public:
  explicit DeviceTrial(const gvtcore_module_t& module) : core_(ModuleCore::Create(module)) {
    if (core_ == nullptr) return;
    guest_ = ModuleGuest::Create(*core_);
    if (guest_ != nullptr) guest_->WriteConfig(kCommand, kDecodesMemory);
  }
  // Empty: there is one.
  std::string why() const {
    if (core_ == nullptr) return "host_init failed";
    return guest_ == nullptr ? "no vGPU, or no virtual machine" : "";
  }
  ModuleCore& core() { return *core_; }
  ModuleGuest& guest() { return *guest_; }
  const gvtcore_mpt_ops_t& ops() { return core_->ops(); }
  void* vgpu() { return guest_->vgpu(); }
  gvtcore_vgpu_t* contract() { return core::VgpuOf(guest_->vgpu()); }

  // The aperture's page `page` is guest memory at `gpa` from now on.
  void Show(uint64_t page, uint64_t gpa) {
    guest_->WriteGgttEntry(page, gpa | hw::GgttEntry::kPresent);
  }
  template <typename Word>
  Word ReadAperture(uint64_t offset) {
    Word value = 0;
    guest_->ReadDevice(GVTCORE_REGION_BAR2, offset, &value, sizeof value);
    return value;
  }
  template <typename Word>
  void WriteAperture(uint64_t offset, Word value) {
    guest_->WriteDevice(GVTCORE_REGION_BAR2, offset, &value, sizeof value);
  }

 private:
  std::unique_ptr<ModuleCore> core_;
  std::unique_ptr<ModuleGuest> guest_;
};

// Where the aperture's first pages are in guest memory.
constexpr uint64_t kShownAt = 0x20000;

Verdict VerdictOf(const std::string& why) {
  return why.empty() ? Passed() : Failed(why);
}

// Runs `line` on a device of its own.
template <std::string (*line)(DeviceTrial& trial)>
Verdict OnDevice(const gvtcore_module_t& module, const Options& /*options*/) {
  DeviceTrial trial(module);
  const std::string why = trial.why();
  return VerdictOf(why.empty() ? line(trial) : why);
}

std::string ConfigRefuses(DeviceTrial& t) {
  uint32_t value = 0;
  const auto& ops = t.ops();
  if (ops.emulate_cfg_read(t.vgpu(), 0, &value, 2) != 0 || value != kVendor) return "no vendor";
  if (ops.emulate_cfg_read(nullptr, 0, &value, 4) != -EINVAL) return "no vGPU, and no error";
  if (ops.emulate_cfg_read(t.vgpu(), 0, nullptr, 4) != -EINVAL) return "no buffer, and no error";
  for (const auto& [offset, bytes] :
       {std::pair{0u, 0u}, {0u, 5u}, {4096u, 1u}, {4094u, 4u}, {~0u, 4u}}) {
    std::array<std::byte, 8> buffer{};
    if (ops.emulate_cfg_read(t.vgpu(), offset, buffer.data(), bytes) != -EINVAL ||
        ops.emulate_cfg_write(t.vgpu(), offset, buffer.data(), bytes) != -EINVAL) {
      return std::to_string(bytes) + " bytes at " + std::to_string(offset);
    }
  }
  t.guest().WriteConfig(0, ~0u);
  return (t.guest().ReadConfig(0) & 0xffff) == kVendor ? "" : "a guest changes the vendor";
}

std::string MmioRefuses(DeviceTrial& t) {
  constexpr uint64_t kAt = ModuleGuest::kBar0At;
  std::array<std::byte, 16> buffer{};
  const auto& ops = t.ops();
  if (ops.emulate_mmio_read(t.vgpu(), kAt + kPvinfo, buffer.data(), 8) != 0) return "a register";
  if (ops.emulate_mmio_read(nullptr, kAt, buffer.data(), 4) != -EINVAL) return "no vGPU, no error";
  struct Access {
    uint64_t gpa;
    unsigned bytes;
  };
  for (const Access& access : {Access{kAt, 0},
                               {kAt, 9},
                               {kAt - 4, 4},
                               {kAt - 2, 4},
                               {kAt + kBar0Bytes, 4},
                               {kAt + kBar0Bytes - 2, 4},
                               {0, 4},
                               {~uint64_t{0} - 3, 4}}) {
    if (ops.emulate_mmio_read(t.vgpu(), access.gpa, buffer.data(), access.bytes) != -EINVAL ||
        ops.emulate_mmio_write(t.vgpu(), access.gpa, buffer.data(), access.bytes) != -EINVAL) {
      return std::to_string(access.bytes) + " bytes at " + std::to_string(access.gpa);
    }
  }
  return {};
}

// Each area that is told goes before another comes, and the host takes it.
std::string JudgeAreas(const std::vector<TrapCall>& calls, uint64_t last_at) {
  if (calls.empty()) return {};  // the host follows the BARs itself
  std::set<uint64_t> areas;
  for (const TrapCall& call : calls) {
    if (call.code != 0) return "set_trap_area fails with " + std::to_string(call.code);
    if (call.end - call.start != kBar0Bytes - 1) return "an area of another size";
    if (call.on ? !areas.insert(call.start).second : areas.erase(call.start) == 0) {
      return "an area that is there comes again, or one goes that is not";
    }
  }
  return areas == std::set<uint64_t>{last_at} ? "" : "the area is not where the guest put it";
}

std::string RegionsMove(DeviceTrial& t) {
  uint32_t value = 0;
  uint64_t former = ModuleGuest::kBar0At;
  for (const uint64_t at : {uint64_t{0xd0000000}, uint64_t{0x4d0000000}, uint64_t{0xe8000000}}) {
    t.guest().WriteConfig(kBar0, static_cast<uint32_t>(at));
    t.guest().WriteConfig(kBar0 + 4, static_cast<uint32_t>(at >> 32));
    if (t.ops().emulate_mmio_read(t.vgpu(), at + kPvinfo, &value, 4) != 0 || value != kPvMagic) {
      return "no register where the region is";
    }
    if (t.ops().emulate_mmio_read(t.vgpu(), former + kPvinfo, &value, 4) != -EINVAL) {
      return "a register where the region was";
    }
    former = at;
  }
  if (std::string why = JudgeAreas(t.core().TakeTrapCalls(), former); !why.empty()) return why;
  t.guest().WriteConfig(kCommand, 0);
  return t.ops().emulate_mmio_read(t.vgpu(), former + kPvinfo, &value, 4) == -EINVAL
             ? ""
             : "a register of a region that is off";
}

// `wanted` is in guest memory, if the host shows that.
bool IsInMemory(DeviceTrial& t, uint64_t gpa, const void* wanted, size_t bytes) {
  if (!t.guest().shows_memory()) return true;
  std::vector<std::byte> seen(bytes);
  return t.guest().ReadMemory(gpa, seen.data(), bytes) &&
         std::memcmp(seen.data(), wanted, bytes) == 0;
}

std::string ApertureIsMemory(DeviceTrial& t) {
  constexpr uint64_t kQword = 0x1122334455667788;
  t.Show(0, kShownAt);
  t.WriteAperture<uint64_t>(0, kQword);
  t.WriteAperture<uint32_t>(8, 0xaabbccdd);
  t.WriteAperture<uint8_t>(13, 0x5a);
  const std::array<uint64_t, 2> wanted = {kQword, 0x00005a00aabbccdd};
  if (!IsInMemory(t, kShownAt, wanted.data(), sizeof wanted)) return "guest memory differs";
  if (t.ReadAperture<uint64_t>(0) != wanted[0] || t.ReadAperture<uint64_t>(8) != wanted[1]) {
    return "another value comes back";
  }
  t.Show(0, kShownAt + kPageSize);
  return t.ReadAperture<uint64_t>(0) == 0 ? "" : "the page that was there is seen";
}

std::string StringsAreInOrder(DeviceTrial& t) {
  constexpr int64_t kStep = 4;
  constexpr uint32_t kCount = 16;
  using Words = std::array<uint32_t, kCount>;
  Words data;
  Words backward;
  for (uint32_t i = 0; i < kCount; ++i) data[i] = backward[kCount - 1 - i] = 0x1000 + i;
  gvtcore_vgpu_t* vgpu = t.contract();
  const auto write = [&](uint64_t offset, int64_t step, uint32_t size, uint32_t count) {
    return gvtcore_vgpu_write_string(vgpu, GVTCORE_REGION_BAR2, offset, step, data.data(), size,
                                     count);
  };
  t.Show(0, kShownAt);
  if (write(0, kStep, 4, kCount) != sizeof data) return "a string is refused";
  if (write(256 + (kCount - 1) * 4, -kStep, 4, kCount) != sizeof data) return "one downward is";
  if (write(512, 0, 4, kCount) != sizeof data) return "one to one place is";
  if (!IsInMemory(t, kShownAt, data.data(), sizeof data)) return "a string is not as it was given";
  if (!IsInMemory(t, kShownAt + 256, backward.data(), sizeof backward))
    return "one downward is not";
  if (!IsInMemory(t, kShownAt + 512, &data[kCount - 1], 4)) return "the last is not what stays";
  Words seen{};
  if (gvtcore_vgpu_read_string(vgpu, GVTCORE_REGION_BAR2, 256 + (kCount - 1) * 4, -kStep,
                               seen.data(), 4, kCount) != sizeof seen ||
      seen != data) {
    return "what is read downward differs";
  }
  const auto end = static_cast<uint64_t>(gvtcore_vgpu_region_size(vgpu, GVTCORE_REGION_BAR2));
  const bool refused =
      write(0, kStep, 3, 4) == GVTCORE_EINVAL && write(0, 8, 4, 4) == GVTCORE_EINVAL &&
      write(0, kStep, 4, 0) == GVTCORE_EINVAL && write(0, -kStep, 4, 2) == GVTCORE_EINVAL &&
      write(end - 4, kStep, 4, 2) == GVTCORE_EINVAL && write(0, kStep, 4, ~0u) == GVTCORE_EINVAL;
  return refused ? "" : "nonsense is no error";
}

std::string PostsAreSeen(DeviceTrial& t) {
  t.Show(0, kShownAt);
  for (uint32_t i = 1; i <= 16; ++i) {
    const uint64_t offset = uint64_t{8} * i;
    uint32_t data = 0x2000 + i;
    if (gvtcore_vgpu_post(t.contract(), GVTCORE_REGION_BAR2, offset, &data, 4) != 4)
      return "refused";
    const uint32_t wanted = std::exchange(data, 0);  // it was copied
    if (t.ReadAperture<uint32_t>(offset) != wanted) return "the next access does not see it";
    if (!IsInMemory(t, kShownAt + offset, &wanted, 4)) return "guest memory differs";
  }
  uint32_t data = 0;
  return gvtcore_vgpu_post(t.contract(), 3, 0, &data, 4) == GVTCORE_ENOENT
             ? ""
             : "a region that is none";
}

// Pages of the kit's, lent beside the machine's memory.
alignas(kPageSize) std::array<uint64_t, 2 * kPageSize / 8> here{};
alignas(kPageSize) std::array<uint64_t, 2 * kPageSize / 8> there{};

std::string LentMemoryMoves(DeviceTrial& t) {
  constexpr uint64_t kAt = uint64_t{4} << 30;
  constexpr uint64_t kBytes = sizeof here;
  const auto& ops = t.ops();
  here = {};
  there = {};
  if (ops.memory_add(t.vgpu(), kAt, kBytes, here.data(), 0) != 0) return "memory_add fails";
  if (ops.memory_add(t.vgpu(), kAt + kPageSize, kPageSize, there.data(), 0) != -EBUSY)
    return "twice there";
  if (ops.memory_add(t.vgpu(), kAt + 16 * kBytes + 1, kPageSize, there.data(), 0) != -EINVAL)
    return "no page";
  t.Show(1, kAt);
  t.WriteAperture<uint64_t>(kPageSize, 0x600d);
  if (here[0] != 0x600d) return "what the guest stores is not in it";
  if (ops.memory_move(t.vgpu(), kAt, 2 * kBytes, there.data()) != -ENOENT) return "a hole moves";
  ops.vgpu_deactivate(t.vgpu());
  there = here;
  if (ops.memory_move(t.vgpu(), kAt, kBytes, there.data()) != 0) return "memory_move fails";
  ops.vgpu_activate(t.vgpu());
  if (t.ReadAperture<uint64_t>(kPageSize) != 0x600d) return "it is not the same behind a move";
  t.WriteAperture<uint64_t>(kPageSize + 8, 0xbeef);
  if (there[1] != 0xbeef || here[1] != 0) return "a store goes to where it was";
  if (ops.memory_remove(t.vgpu(), kAt, kBytes) != 0) return "memory_remove fails";
  t.WriteAperture<uint64_t>(kPageSize, 0xdead);
  return there[0] == 0x600d ? "" : "a store goes to what was removed";
}

std::string TypesAreCounted(DeviceTrial& t) {
  constexpr uint32_t kMost = 64;  // types
  const auto free_of = [&](uint32_t index) {
    gvtcore_type_t type = {};
    type.size = sizeof type;
    return t.ops().vgpu_type(t.core().gvt(), index, &type) == 0 ? int64_t{type.available} : -1;
  };
  uint32_t index = 0;
  for (; index < kMost; ++index) {
    gvtcore_type_t type = {};
    type.size = sizeof type;
    const int code = t.ops().vgpu_type(t.core().gvt(), index, &type);
    if (code == -ENOENT) break;
    if (code != 0 || type.name == nullptr) return "type " + std::to_string(index);
    void* vgpu = t.ops().vgpu_create(t.core().gvt(), type.name);
    if (vgpu == nullptr) return std::string(type.name) + " cannot be made";
    uint32_t value = 0;
    const bool answers = t.ops().emulate_cfg_read(vgpu, 0, &value, 2) == 0 && value == kVendor;
    const int64_t meanwhile = free_of(index);
    t.ops().vgpu_destroy(vgpu);
    if (!answers) return std::string(type.name) + " without a machine does not answer";
    if (meanwhile != int64_t{type.available} - 1 || free_of(index) != type.available) {
      return "what is free does not follow what is made";
    }
  }
  if (index == 0 || index == kMost) return std::to_string(index) + " types";
  for (const char* name : {"V5_3", "V6_1", "i915-GVTg_V5_4:9", ""}) {
    if (t.ops().vgpu_create(t.core().gvt(), name) != nullptr) return std::string("type ") + name;
  }
  return {};
}

std::string SaysThereIsNoDisplay(DeviceTrial& t) {
  if ((gvtcore_capabilities() & GVTCORE_CAN_DISPLAY) != 0) return "a display that nobody knows";
  gvtcore_plane_t plane = {};
  plane.size = sizeof plane;
  const auto& ops = t.ops();
  if (ops.vgpu_query_plane(t.vgpu(), &plane) != -ENODEV) return "a plane";
  if (ops.vgpu_get_dmabuf(t.vgpu(), 0) != -ENODEV) return "a dma-buf";
  ops.emulate_hotplug(t.vgpu(), true);
  ops.emulate_hotplug(t.vgpu(), false);
  gvtcore_vgpu_t* vgpu = t.contract();
  const bool says =
      gvtcore_vgpu_query_plane(vgpu, GVTCORE_PLANE_CURSOR, &plane) == GVTCORE_ENOTSUP &&
      gvtcore_vgpu_get_dmabuf(vgpu, 0) == GVTCORE_ENOTSUP &&
      gvtcore_vgpu_hotplug(vgpu, 0, 1) == GVTCORE_ENOTSUP;
  return says ? "" : "a call does not say so";
}

std::string KnowsNoTrackedPage(DeviceTrial& t) {
  uint32_t data = 0;
  for (const uint64_t gpa : {uint64_t{0}, uint64_t{0x21000}, ~uint64_t{0} - 3}) {
    if (t.ops().write_protect_handler(t.vgpu(), gpa, &data, sizeof data) != -ENXIO)
      return "it takes one";
  }
  return {};
}

constexpr Line kLines[] = {
    {"emulate-cfg.refuses", "emulate_cfg_read",
     "nonsense is an error; ids are not the guest's to change", true, nullptr,
     &OnDevice<&ConfigRefuses>},
    {"emulate-mmio.refuses", "emulate_mmio_read", "what is not in a region is an error", true,
     nullptr, &OnDevice<&MmioRefuses>},
    {"emulate-mmio.aperture", "emulate_mmio_write",
     "the aperture is guest memory, through the GGTT", true, nullptr, &OnDevice<&ApertureIsMemory>},
    {"set-trap-area.follows", "set_trap_area",
     "regions move, above 4 GiB too; each area goes before another comes", true, nullptr,
     &OnDevice<&RegionsMove>},
    {"access.strings", "gvtcore_vgpu_write_string",
     "strings go upward, downward, to one place, in their order", true, nullptr,
     &OnDevice<&StringsAreInOrder>},
    {"access.posted", "gvtcore_vgpu_post", "the next access sees what was posted", true, nullptr,
     &OnDevice<&PostsAreSeen>},
    {"memory-move.lent", "memory_move",
     "memory that is lent comes, moves with what is in it, and goes", true, nullptr,
     &OnDevice<&LentMemoryMoves>},
    {"vgpu-type.counted", "vgpu_type", "each type can be made, and what is free of it is told",
     true, nullptr, &OnDevice<&TypesAreCounted>},
    {"query-plane.no-display", "vgpu_query_plane", "what the device has not says so", true, nullptr,
     &OnDevice<&SaysThereIsNoDisplay>},
    {"write-protect.untracked", "write_protect_handler",
     "a page that is not tracked is left to the host", true, nullptr,
     &OnDevice<&KnowsNoTrackedPage>},
};

}  // namespace

std::span<const Line> DeviceLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
