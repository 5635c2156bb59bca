// The register set of a context, taken from the policy and the tables instead of being listed
// again.
//
// Isolation rule: what one context's batches can write, another context must not see. So each
// register that hw::JudgeRegister lets a non-privileged batch write is saved, with the list that
// stock kernels put into FORCE_TO_NONPRIV; and each that registers.inc says hardware saves.
//
// The fixed places of the layout are hardware's (hw/context_layout.h). Where hardware keeps the
// others is its own secret, even to drivers, which copy images but never look into that part; here
// they follow the layout as further MI_LOAD_REGISTER_IMM.
#include "gpu/saved_registers.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "base/check.h"
#include "hw/context_image.h"
#include "hw/register_policy.h"
#include "hw/register_table.h"

namespace gvt::gpu {
namespace {

// Beyond it lies the display. Source: PRM SKL vol 5 "Register Address Maps".
constexpr uint32_t kGtBytes = 0x40000;

// MI_MODE: whether the ring is stopped or idle is a matter of the engine, not of a context.
constexpr uint32_t kMiModeOffset = 0x9c;
constexpr uint32_t kMiModeEngineBits = 1u << 8 | 1u << 9;

// Registers of the layout that the streamer handles by itself, or that are nothing to save: context
// control, ring, batch state, workaround batches, timestamps, roots, IPEHR. Offsets from the base.
bool IsHandledElsewhere(uint32_t offset) {
  constexpr std::array<uint32_t, 18> kOffsets = {0x244, 0x34,  0x30,  0x38,  0x3c,  0x168,
                                                 0x140, 0x110, 0x11c, 0x114, 0x118, 0x1c0,
                                                 0x1c4, 0x1c8, 0x3a8, 0x358, 0x35c, 0x68};
  constexpr uint32_t kFirstRoot = 0x270;
  constexpr uint32_t kLastRoot = 0x28c;
  return (offset >= kFirstRoot && offset <= kLastRoot) ||
         std::find(kOffsets.begin(), kOffsets.end(), offset) != kOffsets.end();
}

// A policy that has to see the value refuses an unknown one.
bool IsAlwaysAllowed(hw::Platform platform, hw::Engine engine, uint32_t offset) {
  constexpr hw::NonPrivilegeSlots kNoSlots{};
  hw::RegisterRequest request;
  request.platform = platform;
  request.engine = engine;
  request.path = hw::RegisterPath::kContextImage;
  request.privileged = true;
  request.offset = offset;
  request.slots = &kNoSlots;
  return hw::JudgeRegister(request).allowed();
}

SavedRegister Describe(hw::Platform platform, hw::Engine engine, uint32_t offset) {
  SavedRegister saved;
  saved.offset = offset;
  saved.saved_mask = ~0u;
  saved.always_allowed = IsAlwaysAllowed(platform, engine, offset);
  const hw::RegisterRow* row = hw::FindRegister(platform, offset);
  if (row == nullptr || !row->Has(hw::RegisterFlag::kMaskedWrite)) return saved;
  saved.saved_mask = 0xffff;
  saved.write_mask = 0xffff0000;
  if (offset == hw::EngineMmioBase(engine) + kMiModeOffset) {
    saved.saved_mask &= ~kMiModeEngineBits;
    saved.write_mask &= ~(kMiModeEngineBits << 16);
  }
  return saved;
}

bool IsWritable(hw::Platform platform, hw::Engine engine, hw::RegisterPath path, bool privileged,
                uint32_t offset) {
  hw::RegisterRequest request;
  request.platform = platform;
  request.engine = engine;
  request.path = path;
  request.privileged = privileged;
  request.offset = offset;
  request.value_known = true;
  return hw::JudgeRegister(request).allowed();
}

bool BelongsToContext(hw::Platform platform, hw::Engine engine, uint32_t offset) {
  if (!IsWritable(platform, engine, hw::RegisterPath::kContextImage, true, offset)) return false;
  if (IsWritable(platform, engine, hw::RegisterPath::kLri, false, offset)) return true;
  const hw::RegisterRow* row = hw::FindRegister(platform, offset);
  if (row == nullptr || !row->Has(hw::RegisterFlag::kSavedByContext)) return false;
  const auto owner = hw::EngineOfRegister(offset);
  return owner ? *owner == engine : engine == hw::Engine::kRcs;
}

SavedRegisters Collect(hw::Platform platform, hw::Engine engine) {
  SavedRegisters saved;
  const uint32_t base = hw::EngineMmioBase(engine);
  std::vector<uint32_t> taken;
  for (const hw::ContextRegister& reg :
       hw::ContextLayoutOf(hw::GenerationOf(platform), engine).registers) {
    taken.push_back(base + reg.offset);
    if (IsHandledElsewhere(reg.offset)) continue;
    saved.all.push_back(Describe(platform, engine, base + reg.offset));
    saved.all.back().value_dword = reg.value_dword;
  }
  saved.list_begin = saved.all.size();
  std::sort(taken.begin(), taken.end());
  for (uint32_t offset = 0; offset < kGtBytes; offset += 4) {
    if (!BelongsToContext(platform, engine, offset)) continue;
    if (std::binary_search(taken.begin(), taken.end(), offset)) continue;
    if (offset >= base && IsHandledElsewhere(offset - base)) continue;
    saved.all.push_back(Describe(platform, engine, offset));
  }
  GVT_CHECK(saved.all.size() <= kMaxSavedRegisters, "how many there are is up to our tables");
  return saved;
}

}  // namespace

const SavedRegisters& SavedRegistersOf(hw::Platform platform, hw::Engine engine) {
  constexpr size_t kCount = size_t{hw::kPlatformCount} * hw::kEngineCount;
  static std::array<std::once_flag, kCount> once;
  // Never destroyed: engines may still run while the process ends.
  static std::array<const SavedRegisters*, kCount> sets{};
  const size_t index =
      static_cast<size_t>(platform) * hw::kEngineCount + static_cast<size_t>(engine);
  std::call_once(once[index], [&] { sets[index] = new SavedRegisters(Collect(platform, engine)); });
  return *sets[index];
}

}  // namespace gvt::gpu
