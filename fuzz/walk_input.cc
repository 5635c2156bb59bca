#include "fuzz/walk_input.h"

#include <algorithm>
#include <cstring>

#include "base/bits.h"

namespace gvt::fuzz {
namespace {

constexpr uint32_t kPageDwords = static_cast<uint32_t>(kPageSize / sizeof(uint32_t));
constexpr unsigned kPlaceGgttBit = 63;
constexpr unsigned kPageNumberBits = 36;
constexpr size_t kPageHeadDwords = 3;

constexpr uint8_t kAuditOnlyBit = 1;
constexpr uint8_t kNarrowWindowsBit = 2;
constexpr uint8_t kChangingBit = 4;

constexpr uint8_t kImageBit = 1;
constexpr uint8_t kIndirectBit = 2;
constexpr uint8_t kPerContextBit = 4;
constexpr uint8_t kRingBit = 8;
constexpr uint8_t kBatchBit = 16;
constexpr uint8_t kBatchGgttBit = 32;

// The numbers of the header behind its four bytes, in order.
struct Numbers {
  uint32_t ring_start = 0;
  uint32_t ring_size = 0;
  uint32_t ring_head = 0;
  uint32_t ring_tail = 0;
  uint32_t image_start = 0;
  uint32_t image_size = 0;
  uint32_t indirect_start = 0;
  uint32_t indirect_size = 0;
  uint32_t per_context_start = 0;
  uint32_t batch_start_low = 0;
  uint32_t batch_start_high = 0;
};
static_assert(4 + sizeof(Numbers) == kWalkHeaderBytes);

Gma DwordAligned(uint64_t address) {
  return MaskGma(address & ~uint64_t{3});
}

scanner::Workload WorkloadOf(uint8_t parts, const Numbers& n) {
  scanner::Workload workload;
  if ((parts & kImageBit) != 0) {
    workload.context_image = scanner::BufferPart{DwordAligned(n.image_start), n.image_size};
  }
  if ((parts & kIndirectBit) != 0) {
    workload.indirect_context =
        scanner::BufferPart{DwordAligned(n.indirect_start), n.indirect_size};
  }
  if ((parts & kPerContextBit) != 0) {
    workload.per_context_batch = DwordAligned(n.per_context_start);
  }
  if ((parts & kRingBit) != 0) {
    workload.ring = scanner::RingPart{Gma(n.ring_start), n.ring_size, n.ring_head, n.ring_tail};
  }
  if ((parts & kBatchBit) != 0) {
    const auto space =
        (parts & kBatchGgttBit) != 0 ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
    const uint64_t start = uint64_t{n.batch_start_high} << 32 | n.batch_start_low;
    workload.batch = scanner::BatchPart{space, DwordAligned(start)};
  }
  return workload;
}

void ParsePages(std::span<const uint8_t> bytes, std::vector<WalkPage>* pages) {
  while (bytes.size() >= kPageHeadDwords * sizeof(uint32_t) && pages->size() < kMaxWalkPages) {
    uint32_t head[kPageHeadDwords];
    std::memcpy(head, bytes.data(), sizeof head);
    bytes = bytes.subspan(sizeof head);
    WalkPage page;
    const uint64_t place = Join64(head[0], head[1]);
    page.space = Bit(place, kPlaceGgttBit) ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
    page.number = place & LowMask64(kPageNumberBits);
    const size_t count =
        std::min<size_t>(head[2] % (kPageDwords + 1), bytes.size() / sizeof(uint32_t));
    page.dwords.resize(count);
    if (count != 0) std::memcpy(page.dwords.data(), bytes.data(), count * sizeof(uint32_t));
    bytes = bytes.subspan(count * sizeof(uint32_t));
    pages->push_back(std::move(page));
  }
}

void Append(std::span<const uint32_t> dwords, std::vector<uint8_t>* bytes) {
  const auto* raw = reinterpret_cast<const uint8_t*>(dwords.data());
  bytes->insert(bytes->end(), raw, raw + dwords.size_bytes());
}

}  // namespace

std::optional<WalkInput> ParseWalkInput(std::span<const uint8_t> bytes) {
  if (bytes.size() < kWalkHeaderBytes) return std::nullopt;
  WalkInput input;
  Numbers numbers;
  std::memcpy(&numbers, &bytes[4], sizeof numbers);
  input.platform = static_cast<hw::Platform>(bytes[0] % hw::kPlatformCount);
  input.workload = WorkloadOf(bytes[3], numbers);
  input.workload.engine = static_cast<hw::Engine>(bytes[1] % hw::kEngineCount);
  input.audit_only = (bytes[2] & kAuditOnlyBit) != 0;
  input.narrow_windows = (bytes[2] & kNarrowWindowsBit) != 0;
  input.changing = (bytes[2] & kChangingBit) != 0;
  ParsePages(bytes.subspan(kWalkHeaderBytes), &input.pages);
  return input;
}

std::vector<uint8_t> SerializeWalkInput(const WalkInput& input) {
  const scanner::Workload& work = input.workload;
  Numbers n;
  uint8_t parts = 0;
  if (work.context_image) {
    parts |= kImageBit;
    n.image_start = static_cast<uint32_t>(work.context_image->start.value);
    n.image_size = work.context_image->size_bytes;
  }
  if (work.indirect_context) {
    parts |= kIndirectBit;
    n.indirect_start = static_cast<uint32_t>(work.indirect_context->start.value);
    n.indirect_size = work.indirect_context->size_bytes;
  }
  if (work.per_context_batch) {
    parts |= kPerContextBit;
    n.per_context_start = static_cast<uint32_t>(work.per_context_batch->value);
  }
  if (work.ring) {
    parts |= kRingBit;
    n.ring_start = static_cast<uint32_t>(work.ring->start.value);
    n.ring_size = work.ring->size_bytes;
    n.ring_head = work.ring->head;
    n.ring_tail = work.ring->tail;
  }
  if (work.batch) {
    parts |= kBatchBit;
    if (work.batch->space == hw::AddressSpace::kGgtt) parts |= kBatchGgttBit;
    n.batch_start_low = static_cast<uint32_t>(work.batch->start.value);
    n.batch_start_high = static_cast<uint32_t>(work.batch->start.value >> 32);
  }
  uint8_t flags = 0;
  if (input.audit_only) flags |= kAuditOnlyBit;
  if (input.narrow_windows) flags |= kNarrowWindowsBit;
  if (input.changing) flags |= kChangingBit;
  std::vector<uint8_t> bytes = {static_cast<uint8_t>(input.platform),
                                static_cast<uint8_t>(work.engine), flags, parts};
  bytes.resize(kWalkHeaderBytes);
  std::memcpy(&bytes[4], &n, sizeof n);
  for (const WalkPage& page : input.pages) {
    const uint64_t ggtt = page.space == hw::AddressSpace::kGgtt ? 1 : 0;
    const uint64_t place = page.number | ggtt << kPlaceGgttBit;
    const uint32_t head[kPageHeadDwords] = {Low32(place), High32(place),
                                            static_cast<uint32_t>(page.dwords.size())};
    Append(head, &bytes);
    Append(page.dwords, &bytes);
  }
  return bytes;
}

scanner::Policy PolicyOf(const WalkInput& input) {
  scanner::Policy policy;
  policy.audit_only = input.audit_only;
  if (input.narrow_windows) {
    policy.aperture = Range{0x10000, 0x20000};
    policy.hidden = Range{0x80000, 0x100000};
  }
  return policy;
}

const WalkPage* WalkMemory::NextVersion(hw::AddressSpace space, uint64_t number) {
  size_t first = input_.pages.size();
  unsigned version = 0;
  const WalkPage* found = nullptr;
  for (size_t i = 0; i < input_.pages.size(); ++i) {
    const WalkPage& page = input_.pages[i];
    if (page.space != space || page.number != number) continue;
    if (found == nullptr) first = i;
    if (found == nullptr || version <= fetched_[first]) found = &page;
    ++version;
  }
  if (found != nullptr && input_.changing && fetched_[first] < kMaxWalkPages) ++fetched_[first];
  return found;
}

uint32_t WalkMemory::Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) {
  uint32_t done = 0;
  while (done < out.size()) {
    const Gma at = MaskGma(address.value + uint64_t{done} * 4);
    const WalkPage* page = NextVersion(space, at.page());
    const auto first = static_cast<uint32_t>(at.page_offset() / 4);
    const uint32_t count = std::min(kPageDwords - first, static_cast<uint32_t>(out.size()) - done);
    if (page == nullptr || count > budget_) break;
    budget_ -= count;
    for (uint32_t i = 0; i < count; ++i) {
      const size_t index = first + i;
      out[done + i] = index < page->dwords.size() ? page->dwords[index] : 0;
    }
    done += count;
  }
  return done;
}

}  // namespace gvt::fuzz
