// What a driver does before its first submission is done once: decoding, PVINFO, execlists and
// interrupts of every engine. The status page is left unmapped: captures have none of ours.
//
// Source: linux v6.1 gt/intel_engine_regs.h (offsets from an engine's base), i915_reg.h.
#include "tools/gvtcore/capture_device.h"

#include <sys/mman.h>

#include <cstring>

#include "base/bits.h"
#include "hw/context_image.h"
#include "hw/engine_interrupts.h"
#include "hw/gtt_entry.h"
#include "hw/register_policy.h"

namespace gvt::tools {
namespace {

constexpr uint64_t kGgttWindow = uint64_t{8} << 20;  // of BAR0
constexpr uint64_t kGgttTablePages = hw::kGgttEntries / hw::kEntriesPerTable;
constexpr uint64_t kSliceNs = 2'000'000;

constexpr uint32_t kHwsPga = 0x80;
constexpr uint32_t kImr = 0xa8;
constexpr uint32_t kEir = 0xb0;
constexpr uint32_t kElsp = 0x230;
constexpr uint32_t kGfxMode = 0x29c;
constexpr uint32_t kForceToNonPriv = 0x4d0;
constexpr uint32_t kRunList = 0x80008000;
constexpr uint32_t kUnmappedPage = 0xfffff000;
constexpr uint32_t kPvinfo = 0x78000;
constexpr uint32_t kIirOfGroup = 8;
constexpr uint32_t kIerOfGroup = 12;
constexpr uint32_t kImrOfGroup = 4;

// A product of the platform.
constexpr uint16_t DeviceIdOf(hw::Platform platform) {
  switch (platform) {
    case hw::Platform::kBdw: return 0x1616;
    case hw::Platform::kSkl: return 0x1912;
    case hw::Platform::kKbl: return 0x5916;
    case hw::Platform::kCfl: return 0x3e92;
    case hw::Platform::kBxt: return 0x5a84;
  }
  return 0x1912;
}

core::VgpuSettings SettingsFor(hw::Platform platform, gpu::EngineClock* clock) {
  gvtcore_vgpu_config_t defaults = {};
  defaults.size = sizeof defaults;
  core::VgpuSettings settings = core::SettingsOf(defaults).value_or(core::VgpuSettings{});
  settings.device.pci_device_id = DeviceIdOf(platform);
  settings.device.clock = clock;
  settings.platform = platform;
  return settings;
}

core::HostLink NoHost() {
  core::HostLink link;
  link.ops.size = sizeof link.ops;
  link.ops.raise_msi = [](void*, uint32_t) {};
  return link;
}

}  // namespace

CaptureDevice::CaptureDevice(hw::Platform platform)
    : ggtt_(hw::kGgttEntries),
      vgpu_(dispatcher_, SettingsFor(platform, this), NoHost(), core::BoundaryHooks{this, nullptr}),
      registers_(vgpu_.device().registers(hw::Engine::kRcs)) {
  const uint16_t command = 7;
  vgpu_.device().Write(vgpu::Region::kConfig, 4, std::as_bytes(std::span(&command, 1)));
  uint64_t magic = 0;
  vgpu_.device().Read(vgpu::Region::kBar0, kPvinfo, std::as_writable_bytes(std::span(&magic, 1)));
  for (unsigned e = 0; e < hw::kEngineCount; ++e) {
    const auto engine = static_cast<hw::Engine>(e);
    const uint32_t base = hw::EngineMmioBase(engine);
    WriteRegister(base + kHwsPga, kUnmappedPage);
    WriteRegister(base + kImr, 0);
    WriteRegister(base + kGfxMode, kRunList);
    const hw::NonPrivilegeSlots& slots = hw::StockNonPrivilegeSlots(platform, engine);
    for (uint32_t i = 0; i < slots.size(); ++i) {
      WriteRegister(base + kForceToNonPriv + 4 * i, slots[i]);
    }
    WriteRegister(hw::InterruptBitsOf(engine).group + kImrOfGroup, 0);
    WriteRegister(hw::InterruptBitsOf(engine).group + kIerOfGroup, ~0u);
  }
}

CaptureDevice::~CaptureDevice() {
  for (const auto& [number, host] : slots_) {
    (void)vgpu_.memory().Remove(Gpa(number << kSlotShift), uint64_t{1} << kSlotShift);
    munmap(host, uint64_t{1} << kSlotShift);
  }
}

void CaptureDevice::WriteRegister(uint32_t offset, uint32_t value) {
  vgpu_.device().Write(vgpu::Region::kBar0, offset, std::as_bytes(std::span(&value, 1)));
}

uint64_t CaptureDevice::NowNs() {
  if (checks_left_ == 0) return ~uint64_t{0};
  --checks_left_;
  return kNowNs;
}

// The page's bytes in this process, as the capture has them if the device was not there yet.
std::byte* CaptureDevice::Fetch(uint64_t physical) {
  std::byte*& slot = slots_[physical >> kSlotShift];
  if (slot == nullptr) {
    constexpr uint64_t kBytes = uint64_t{1} << kSlotShift;
    void* host = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const Gpa start(physical >> kSlotShift << kSlotShift);
    if (host == MAP_FAILED || !vgpu_.memory().Add(start, kBytes, host, false)) {
      if (host != MAP_FAILED) munmap(host, kBytes);
      slots_.erase(physical >> kSlotShift);
      return nullptr;
    }
    slot = static_cast<std::byte*>(host);
  }
  const uint64_t number = physical >> kPageShift;
  std::byte* page = slot + ((physical & LowMask64(kSlotShift)) & ~kPageOffsetMask);
  if (fetched_.insert(number).second) {
    const std::byte* source = capture_->image().Find(number);
    if (source != nullptr) {
      std::memcpy(page, source, kPageSize);
    } else {
      std::memset(page, 0, kPageSize);
    }
  }
  return page;
}

bool CaptureDevice::MayAccess(Gpa at, uint64_t /*size_bytes*/) {
  return capture_ != nullptr && at.value >> 48 == 0 && Fetch(at.value) != nullptr;
}

std::span<const std::byte> CaptureDevice::Page(uint64_t physical) {
  const std::byte* page = Fetch(physical);
  if (page == nullptr) return {};
  return {page, kPageSize};
}

// Writes the entries that changed, as a driver would.
void CaptureDevice::SyncGgtt() {
  for (uint64_t number = 0; number < kGgttTablePages; ++number) {
    const std::byte* page = capture_->GgttTablePage(number);
    if (page == nullptr) continue;
    for (uint64_t i = 0; i < hw::kEntriesPerTable; ++i) {
      uint64_t entry = 0;
      std::memcpy(&entry, page + i * sizeof entry, sizeof entry);
      uint64_t& known = ggtt_[number * hw::kEntriesPerTable + i];
      if (entry == known) continue;
      known = entry;
      const uint64_t offset = kGgttWindow + (number * hw::kEntriesPerTable + i) * sizeof entry;
      vgpu_.device().Write(vgpu::Region::kBar0, offset, std::as_bytes(std::span(&entry, 1)));
    }
  }
}

bool CaptureDevice::Take(const capture::AubMemory& memory) {
  capture_ = &memory;
  fetched_.clear();
  SyncGgtt();
  return Fetch(0) != nullptr;
}

void CaptureDevice::StoreImage(const capture::Submission& submission, size_t dword,
                               uint32_t value) {
  const auto physical = capture_->TranslateGgtt(submission.context_image);
  std::byte* page = physical ? Fetch(*physical) : nullptr;
  if (page != nullptr) std::memcpy(page + dword * sizeof value, &value, sizeof value);
}

DeviceEnd CaptureDevice::Submit(const capture::Submission& submission) {
  const uint32_t base = hw::EngineMmioBase(submission.engine);
  for (const uint32_t value :
       {0u, 0u, High32(submission.descriptor), Low32(submission.descriptor)}) {
    WriteRegister(base + kElsp, value);
  }
  sched::VirtualExeclist* execlist = vgpu_.execlist(submission.engine);
  vgpu_.InvalidateTlb(submission.engine);
  const bool more = execlist->RunSlice(kSliceNs);
  if (more) return DeviceEnd::kTooLong;
  if ((Register(base + kEir) & 1) != 0) return DeviceEnd::kFault;
  return execlist->IsIdle() ? DeviceEnd::kDrained : DeviceEnd::kWaiting;
}

DeviceEnd CaptureDevice::Restore(const capture::Submission& submission) {
  StoreImage(submission, hw::kContextPerCtxPointer, 0);
  StoreImage(submission, hw::kContextIndirectCtx, 0);
  StoreImage(submission, hw::kContextRingTail, submission.ring.head);
  constexpr uint64_t kFew = 64;
  checks_left_ = kFew;
  return Submit(submission);
}

DeviceEnd CaptureDevice::Run(const capture::Submission& submission, uint64_t max_checks) {
  StoreImage(submission, hw::kContextRingTail, submission.ring.tail);
  checks_left_ = max_checks;
  return Submit(submission);
}

void CaptureDevice::Reset(hw::Engine engine) {
  vgpu_.execlist(engine)->Reset();
}

uint32_t CaptureDevice::TakeInterrupts(hw::Engine engine) {
  const hw::EngineInterruptBits where = hw::InterruptBitsOf(engine);
  const uint32_t bits = Register(where.group + kIirOfGroup) >> where.shift & 0xffff;
  WriteRegister(where.group + kIirOfGroup, bits << where.shift);
  return bits;
}

}  // namespace gvt::tools
