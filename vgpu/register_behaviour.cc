// A map is made once a platform, when its first device is, from four sources in this order: rows
// of hw/registers.inc (masked, read-only bits), handlers, the policy, and what contexts save.
//
// The policy is asked here which registers it judges: a write of unknown value is refused exactly
// where the value matters. So the rule stays in one place, and all other writes skip the question.
//
// Invariants: 1. kinds_[0] is plain storage; 2. the number in every index is below kinds_.size().
#include "vgpu/register_behaviour.h"

#include <algorithm>

#include "base/check.h"
#include "hw/register_policy.h"
#include "hw/register_table.h"
#include "vgpu/written_registers.h"

namespace gvt::vgpu {
namespace {

bool IsJudged(hw::Platform platform, uint32_t offset) {
  hw::RegisterRequest request;
  request.platform = platform;
  request.path = hw::RegisterPath::kMmioWrite;
  request.offset = offset;
  return !hw::JudgeRegister(request).allowed();
}

}  // namespace

template <hw::Platform kPlatform>
const BehaviourMap& BehaviourMap::Instance() {
  // Never destroyed: a guest may still run while the process ends.
  static const BehaviourMap* const kMap = new BehaviourMap(kPlatform);
  return *kMap;
}

const BehaviourMap& BehaviourMap::Of(hw::Platform platform) {
  switch (platform) {
    case hw::Platform::kBdw: return Instance<hw::Platform::kBdw>();
    case hw::Platform::kSkl: return Instance<hw::Platform::kSkl>();
    case hw::Platform::kKbl: return Instance<hw::Platform::kKbl>();
    case hw::Platform::kCfl: return Instance<hw::Platform::kCfl>();
    case hw::Platform::kBxt: return Instance<hw::Platform::kBxt>();
  }
  return Instance<hw::Platform::kSkl>();
}

BehaviourMap::BehaviourMap(hw::Platform platform) : kinds_(1) {
  AddRows(platform);
  for (unsigned e = 0; e < hw::kEngineCount; ++e) {
    AddHandlers(EngineRegisterRows(), hw::EngineMmioBase(static_cast<hw::Engine>(e)));
  }
  AddHandlers(GtRegisterRows(), 0);
  AddHandlers(PowerRegisterRows(), 0);
  AddHandlers(DisplayRegisterRows(), 0);
  AddHandlers(InterruptRegisterRows(), 0);
  AddHandlers(PvinfoRows(), 0);
  AddJudged(platform);
  AddSaved(platform);
  for (Behaviour& kind : kinds_) {
    kind.only_acts = kind.write != nullptr && !kind.judged && !kind.saved;
  }
  std::transform(kinds_.begin(), kinds_.end(), engines_store_.begin(), [](const Behaviour& kind) {
    return kind.rule != StoreRule::kMasked && !kind.saved;
  });
}

uint8_t BehaviourMap::Intern(const Behaviour& behaviour) {
  const auto found = std::find(kinds_.begin(), kinds_.end(), behaviour);
  const auto number = static_cast<size_t>(found - kinds_.begin());
  GVT_CHECK(number <= kKind,
            "a number has seven bits; how many kinds there are is up to our tables");
  if (found == kinds_.end()) kinds_.push_back(behaviour);
  return static_cast<uint8_t>(number | (behaviour.read != nullptr ? kReadActs : 0));
}

void BehaviourMap::Set(uint32_t offset, const Behaviour& behaviour) {
  index_[offset / 4] = Intern(behaviour);
}

void BehaviourMap::AddRows(hw::Platform platform) {
  for (const hw::RegisterRow& row : hw::RegisterRows()) {
    if ((row.platforms & hw::PlatformBit(platform)) == 0) continue;
    Behaviour behaviour;
    behaviour.read_only_bits = row.read_only_bits;
    if (row.read_only_bits != 0) behaviour.rule = StoreRule::kReadOnlyBits;
    if (row.Has(hw::RegisterFlag::kMaskedWrite)) behaviour.rule = StoreRule::kMasked;
    for (uint32_t i = 0; i < row.size_bytes; i += 4) Set(row.offset + i, behaviour);
  }
}

void BehaviourMap::AddHandlers(std::span<const DynamicRow> rows, uint32_t base) {
  for (const DynamicRow& row : rows) {
    for (uint32_t i = 0; i < row.count; ++i) {
      const uint32_t offset = base + row.offset + i * row.stride_bytes;
      Behaviour behaviour = At(offset);
      if (row.read != nullptr) behaviour.read = row.read;
      if (row.write != nullptr) behaviour.write = row.write;
      Set(offset, behaviour);
    }
  }
}

void BehaviourMap::AddJudged(hw::Platform platform) {
  for (uint32_t offset = 0; offset < hw::kMmioBytes; offset += 4) {
    if (!IsJudged(platform, offset)) continue;
    Behaviour behaviour = At(offset);
    behaviour.judged = true;
    Set(offset, behaviour);
  }
}

void BehaviourMap::AddSaved(hw::Platform platform) {
  for (uint32_t offset = 0; offset < hw::kMmioBytes; offset += 4) {
    if (!SavedPlaces::Of(platform).At(offset).is_one()) continue;
    Behaviour behaviour = At(offset);
    behaviour.saved = true;
    Set(offset, behaviour);
  }
}

}  // namespace gvt::vgpu
