// What a driver does with the device: bring-up, submission, waiting, interrupts, reset.
//
// Source: linux v6.1 i915_irq.c (order around the master interrupt), gt/intel_reset.c,
// gt/intel_execlists_submission.c, gt/intel_engine_regs.h (offsets from an engine's base).
#include <thread>

#include "base/bits.h"
#include "hostif/embedded/guest_driver.h"
#include "hw/engine_interrupts.h"

namespace gvt::hostif::embedded {
namespace {

constexpr uint32_t kHwsPga = 0x80;
constexpr uint32_t kMiMode = 0x9c;
constexpr uint32_t kImr = 0xa8;
constexpr uint32_t kResetCtl = 0xd0;
constexpr uint32_t kElsp = 0x230;
constexpr uint32_t kExeclistStatus = 0x234;
constexpr uint32_t kGfxMode = 0x29c;
constexpr uint32_t kCsbPointer = 0x3a0;

constexpr uint32_t kQueueFull = 1u << 2;
constexpr uint32_t kRunList = 0x80008000;  // masked
constexpr uint32_t kStopRing = 0x01000100;
constexpr uint32_t kRequestReset = 0x00010001;
constexpr uint32_t kClearReset = 0x00010000;
constexpr uint32_t kCsbAtFive = 0xffff0505;  // the next entry is entry 0

constexpr uint32_t kMaster = 0x44200;
constexpr uint32_t kMasterEnable = 1u << 31;
constexpr uint32_t kGroupImr = 4;
constexpr uint32_t kGroupIir = 8;
constexpr uint32_t kGroupIer = 12;
constexpr uint32_t kGdrst = 0x941c;

constexpr uint32_t kPvinfo = 0x78000;
constexpr uint64_t kPvMagic = 0x4776544776544776;  // source: linux v6.1 i915_pvinfo.h

constexpr uint64_t kCsbInPage = 0x40;
constexpr uint64_t kCsbPointerInPage = 0x7c;
constexpr uint32_t kCsbSlots = 6;

constexpr hw::Engine kEngines[] = {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                   hw::Engine::kVecs};

constexpr uint32_t ResetBit(hw::Engine engine) {
  constexpr uint32_t kBits[hw::kEngineCount] = {1u << 1, 1u << 3, 1u << 2, 1u << 7, 1u << 4};
  return kBits[static_cast<size_t>(engine)];
}

template <typename Condition>
bool Poll(std::chrono::milliseconds limit, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  return true;
}

}  // namespace

// MSI: the capability with id 5; its control word is in the upper half of its first dword.
void GuestDriver::EnableMessages() {
  constexpr uint32_t kCapabilities = 0x34;
  constexpr uint32_t kMsi = 5;
  constexpr uint32_t kMsiEnable = 1u << 16;
  constexpr uint32_t kVector = 0x41;
  uint32_t at = machine_.ReadConfig(kCapabilities) & 0xfc;
  for (int left = 48; at != 0 && left > 0; --left) {
    const uint32_t header = machine_.ReadConfig(at);
    if ((header & 0xff) == kMsi) {
      machine_.WriteConfig(at + 4, 0xfee00000);
      machine_.WriteConfig(at + 8, kVector);
      machine_.WriteConfig(at, header | kMsiEnable);
      return;
    }
    at = header >> 8 & 0xfc;
  }
}

void GuestDriver::EnableInterrupts() {
  for (const uint32_t group : {0x44300u, 0x44310u, 0x44330u}) {
    machine_.WriteRegister(group + kGroupImr, 0);
    machine_.WriteRegister(group + kGroupIer, ~0u);
  }
  machine_.WriteRegister(kMaster, kMasterEnable);
}

Result<void> GuestDriver::StartEngine(hw::Engine engine) {
  const Result<GgttPage> page = AllocateGgtt(1);
  if (!page) return page.error();
  status_pages_[static_cast<size_t>(engine)] = *page;
  status_seen_[static_cast<size_t>(engine)] = kCsbSlots - 1;
  const uint32_t base = hw::EngineMmioBase(engine);
  machine_.Store32((*page).gpa + kCsbPointerInPage, kCsbSlots - 1);
  machine_.WriteRegister(base + kHwsPga, Low32((*page).gma.value));
  machine_.WriteRegister(base + kImr, 0);
  machine_.WriteRegister(base + kGfxMode, kRunList);
  machine_.WriteRegister(base + kCsbPointer, kCsbAtFive);
  return {};
}

Result<void> GuestDriver::Boot() {
  constexpr uint32_t kCommand = 0x04;
  constexpr uint32_t kMemoryAndMaster = 6;
  machine_.WriteConfig(kCommand, machine_.ReadConfig(kCommand) | kMemoryAndMaster);
  EnableMessages();
  const uint64_t magic = Join64(machine_.ReadRegister(kPvinfo), machine_.ReadRegister(kPvinfo + 4));
  if (magic != kPvMagic) return Error{ErrorCode::kIo, 0, Low32(magic)};
  for (const hw::Engine engine : kEngines) {
    if (const Result<void> started = StartEngine(engine); !started) return started;
  }
  EnableInterrupts();
  return {};
}

bool GuestDriver::Submit(const GuestContext& first, const GuestContext* second) {
  const uint32_t base = hw::EngineMmioBase(first.engine);
  const bool has_room = Poll(
      kPatience, [&] { return (machine_.ReadRegister(base + kExeclistStatus) & kQueueFull) == 0; });
  if (!has_room) return false;
  const uint64_t other = second != nullptr ? second->descriptor : 0;
  for (const uint32_t value :
       {High32(other), Low32(other), High32(first.descriptor), Low32(first.descriptor)}) {
    machine_.WriteRegister(base + kElsp, value);
  }
  return true;
}

bool GuestDriver::WaitForValue(Gpa at, uint32_t value, std::chrono::milliseconds limit) const {
  return Poll(limit, [&] { return machine_.Load32(at) == value; });
}

bool GuestDriver::WaitForIdle(hw::Engine engine, std::chrono::milliseconds limit) const {
  constexpr uint32_t kAnyList = 3u << 3;
  const uint32_t base = hw::EngineMmioBase(engine);
  return Poll(limit,
              [&] { return (machine_.ReadRegister(base + kExeclistStatus) & kAnyList) == 0; });
}

// As i915: master off, take and clear what is there, master on.
void GuestDriver::HandleInterrupts() {
  machine_.WriteRegister(kMaster, 0);
  for (const uint32_t group : {0x44300u, 0x44310u, 0x44330u}) {
    const uint32_t seen = machine_.ReadRegister(group + kGroupIir);
    if (seen == 0) continue;
    machine_.WriteRegister(group + kGroupIir, seen);
    for (const hw::Engine engine : kEngines) {
      const hw::EngineInterruptBits where = hw::InterruptBitsOf(engine);
      if (where.group != group) continue;
      interrupts_seen_[static_cast<size_t>(engine)] |= seen >> where.shift & 0xffff;
    }
  }
  machine_.WriteRegister(kMaster, kMasterEnable);
}

bool GuestDriver::WaitForInterrupt(hw::Engine engine, uint32_t bits,
                                   std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  uint32_t& seen = interrupts_seen_[static_cast<size_t>(engine)];
  for (;;) {
    const uint64_t before = machine_.interrupts();
    HandleInterrupts();
    if ((seen & bits) == bits) {
      seen &= ~bits;
      return true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= end) return false;
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(end - now);
    machine_.WaitForInterrupt(before, rest);
  }
}

void GuestDriver::ResetEngine(hw::Engine engine) {
  const uint32_t base = hw::EngineMmioBase(engine);
  machine_.WriteRegister(base + kMiMode, kStopRing);
  machine_.WriteRegister(base + kResetCtl, kRequestReset);
  machine_.WriteRegister(kGdrst, ResetBit(engine));
  machine_.WriteRegister(base + kResetCtl, kClearReset);
  machine_.WriteRegister(base + kCsbPointer, kCsbAtFive);
  status_seen_[static_cast<size_t>(engine)] = kCsbSlots - 1;
  machine_.Store32(status_page(engine).gpa + kCsbPointerInPage, kCsbSlots - 1);
}

std::vector<uint64_t> GuestDriver::TakeStatus(hw::Engine engine) {
  std::vector<uint64_t> entries;
  const Gpa page = status_page(engine).gpa;
  uint32_t& seen = status_seen_[static_cast<size_t>(engine)];
  const uint32_t last = machine_.Load32(page + kCsbPointerInPage) % kCsbSlots;
  while (seen != last) {
    seen = (seen + 1) % kCsbSlots;
    const Gpa entry = page + kCsbInPage + uint64_t{8} * seen;
    entries.push_back(Join64(machine_.Load32(entry), machine_.Load32(entry + 4)));
  }
  return entries;
}

}  // namespace gvt::hostif::embedded
