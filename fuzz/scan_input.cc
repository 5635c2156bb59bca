#include "fuzz/scan_input.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace gvt::fuzz {
namespace {

constexpr uint8_t kGgttBit = 1;
constexpr uint8_t kPrivilegedBit = 2;
constexpr uint8_t kAuditOnlyBit = 4;
constexpr uint8_t kNarrowWindowsBit = 8;
constexpr uint8_t kOwnSlotsBit = 16;

uint8_t Flag(bool set, uint8_t bit) {
  return set ? bit : uint8_t{0};
}

}  // namespace

std::optional<ScanInput> ParseScanInput(std::span<const uint8_t> bytes) {
  if (bytes.size() < kScanHeaderBytes) return std::nullopt;
  ScanInput input;
  input.platform = static_cast<hw::Platform>(bytes[0] % hw::kPlatformCount);
  input.engine = static_cast<hw::Engine>(bytes[1] % hw::kEngineCount);
  input.kind = static_cast<scanner::BufferKind>(bytes[2] % scanner::kBufferKindCount);
  const uint8_t flags = bytes[3];
  input.space = (flags & kGgttBit) != 0 ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  input.privileged = (flags & kPrivilegedBit) != 0;
  input.audit_only = (flags & kAuditOnlyBit) != 0;
  input.narrow_windows = (flags & kNarrowWindowsBit) != 0;
  input.own_slots = (flags & kOwnSlotsBit) != 0;
  if (input.kind != scanner::BufferKind::kFirstLevelBatch &&
      input.kind != scanner::BufferKind::kSecondLevelBatch) {
    input.space = hw::AddressSpace::kGgtt;
    input.privileged = true;
  }
  input.raised_rule = bytes[4] % scanner::kRuleCount;
  input.raised_action = bytes[5] % scanner::kActionCount;
  std::memcpy(&input.split, &bytes[6], sizeof input.split);
  std::memcpy(&input.start.value, &bytes[8], sizeof input.start.value);
  input.start = MaskGma(input.start.value & ~uint64_t{3});
  const auto rest = bytes.subspan(kScanHeaderBytes);
  input.dwords.resize(rest.size() / sizeof(uint32_t));
  if (!input.dwords.empty()) {
    std::memcpy(input.dwords.data(), rest.data(), input.dwords.size() * sizeof(uint32_t));
  }
  return input;
}

std::vector<uint8_t> SerializeScanInput(const ScanInput& input) {
  std::vector<uint8_t> bytes(kScanHeaderBytes + input.dwords.size() * sizeof(uint32_t));
  bytes[0] = static_cast<uint8_t>(input.platform);
  bytes[1] = static_cast<uint8_t>(input.engine);
  bytes[2] = static_cast<uint8_t>(input.kind);
  bytes[3] = static_cast<uint8_t>(
      Flag(input.space == hw::AddressSpace::kGgtt, kGgttBit) |
      Flag(input.privileged, kPrivilegedBit) | Flag(input.audit_only, kAuditOnlyBit) |
      Flag(input.narrow_windows, kNarrowWindowsBit) | Flag(input.own_slots, kOwnSlotsBit));
  bytes[4] = input.raised_rule;
  bytes[5] = input.raised_action;
  std::memcpy(&bytes[6], &input.split, sizeof input.split);
  std::memcpy(&bytes[8], &input.start.value, sizeof input.start.value);
  if (!input.dwords.empty()) {
    std::memcpy(bytes.data() + kScanHeaderBytes, input.dwords.data(),
                input.dwords.size() * sizeof(uint32_t));
  }
  return bytes;
}

scanner::Policy PolicyOf(const ScanInput& input) {
  scanner::Policy policy;
  policy.audit_only = input.audit_only;
  if (input.narrow_windows) {
    policy.aperture = Range{0x10000, 0x20000};
    policy.hidden = Range{0x80000, 0x100000};
  }
  // False where that would be milder than is safe: then the default stays.
  (void)policy.Raise(static_cast<scanner::Rule>(input.raised_rule),
                     static_cast<scanner::Action>(input.raised_action));
  if (input.own_slots) {
    std::array<hw::NonPrivilegeSlots, hw::kEngineCount> slots{};
    for (hw::NonPrivilegeSlots& engine : slots) {
      std::copy_n(input.dwords.begin(), std::min(input.dwords.size(), engine.size()),
                  engine.begin());
    }
    policy.nonprivilege_slots = slots;
  }
  return policy;
}

scanner::Segment SegmentOf(const ScanInput& input) {
  scanner::Segment segment;
  segment.engine = input.engine;
  segment.kind = input.kind;
  segment.space = input.space;
  segment.privileged = input.privileged;
  segment.start = input.start;
  segment.dwords = input.dwords;
  return segment;
}

}  // namespace gvt::fuzz
