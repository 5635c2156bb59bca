// The memory behind an AUB file.
//
// 1. Physical page n is page n of the image (n < 2^36). GGTT entries are a table at kGgttTable, the
// legacy flat space starts at
//    kLocal; both are beyond 48 bits, and every address that comes from file content is masked to
//    48 bits before use.
// 2. A page that an entry maps but nobody wrote reads as zero; an entry that nobody wrote is zero,
// hence not present.
// 3. The cache of translations is only valid between two writes of the file; ForgetTranslations()
// is called at each submission.
#include "capture/aub_memory.h"

#include <algorithm>

#include "base/bits.h"
#include "hw/gtt_entry.h"
#include "hw/page_walk.h"

namespace gvt::capture {
namespace {

constexpr uint64_t kPhysicalEnd = uint64_t{1} << 48;
constexpr uint64_t kGgttTable = uint64_t{1} << 48;
constexpr uint64_t kLocal = uint64_t{2} << 48;
constexpr uint64_t kGgttTableBytes = hw::kGgttEntries * hw::kEntryBytes;
static_assert(kLocal + kPhysicalEnd <= uint64_t{1} << MemoryImage::kAddressBits);

alignas(kPageSize) constexpr std::array<std::byte, kPageSize> kZeroPage{};

}  // namespace

void AubMemory::SetContext(AddressingMode mode, const std::array<uint64_t, 4>& pdp) {
  mode_ = mode;
  pdp_ = pdp;
  ForgetTranslations();
}

void AubMemory::ForgetTranslations() const {
  cache_.fill(CachedPage{});
}

std::optional<uint64_t> AubMemory::TranslateGgtt(Gma address) const {
  if (address.value >= hw::kGgttBytes) return std::nullopt;
  const hw::GgttEntry entry(image_.Load64(kGgttTable + address.page() * hw::kEntryBytes));
  if (!entry.present()) return std::nullopt;
  return entry.address() | address.page_offset();
}

const std::byte* AubMemory::PhysicalPage(uint64_t physical) const {
  const std::byte* page = image_.Find((physical & (kPhysicalEnd - 1)) >> kPageShift);
  return page != nullptr ? page : kZeroPage.data();
}

const std::byte* AubMemory::FindGgtt(Gma address) const {
  if (const auto physical = TranslateGgtt(address)) return PhysicalPage(*physical);
  return image_.Find((kLocal + address.value) >> kPageShift);
}

const std::byte* AubMemory::GgttTablePage(uint64_t number) const {
  return image_.Find((kGgttTable >> kPageShift) + number);
}

std::optional<uint64_t> AubMemory::Translate(hw::AddressSpace space, Gma address) const {
  if (space == hw::AddressSpace::kGgtt) return TranslateGgtt(address);
  const auto read_entry = [this](uint64_t physical) -> std::optional<uint64_t> {
    return image_.Load64(physical & (kPhysicalEnd - 1));
  };
  const auto large_ptes =
      generation_ == hw::Generation::kGen8 ? hw::LargePtes::kOff : hw::LargePtes::kOn;
  hw::WalkResult walk;
  switch (mode_) {
    case AddressingMode::kPpgtt4Level:
      walk = hw::WalkPpgtt4Level(pdp_[0], address, read_entry, large_ptes);
      break;
    case AddressingMode::kPpgtt3Level:
      walk = hw::WalkPpgtt3Level(pdp_, address, read_entry, large_ptes);
      break;
    case AddressingMode::kGgttOnly: return TranslateGgtt(address);
    case AddressingMode::kFlatObjects: break;
  }
  if (!walk.ok()) return std::nullopt;
  return walk.physical;
}

const std::byte* AubMemory::Page(hw::AddressSpace space, Gma address) const {
  const Gma gma = MaskGma(address.value);
  const uint64_t key = gma.page() << 1 | (space == hw::AddressSpace::kGgtt ? 1 : 0);
  CachedPage& cached = cache_[gma.page() % kCachedPages];
  if (cached.key != key) {
    cached.key = key;
    const bool in_ggtt = space == hw::AddressSpace::kGgtt || mode_ == AddressingMode::kGgttOnly;
    const auto physical = in_ggtt ? std::nullopt : Translate(space, gma);
    cached.page = in_ggtt ? FindGgtt(gma) : physical ? PhysicalPage(*physical) : nullptr;
  }
  return cached.page;
}

AubMemory::WriteStatus AubMemory::WriteGgtt(uint64_t address, std::span<const std::byte> data) {
  while (!data.empty()) {
    const auto physical = TranslateGgtt(Gma(address));
    if (!physical) return WriteStatus::kNotMapped;
    const uint64_t in_page = address & kPageOffsetMask;
    const size_t piece = std::min(data.size(), static_cast<size_t>(kPageSize - in_page));
    if (!image_.Write(*physical, data.first(piece))) return WriteStatus::kNoSpace;
    address += piece;
    data = data.subspan(piece);
  }
  return WriteStatus::kOk;
}

AubMemory::WriteStatus AubMemory::Write(AubSpace space, uint64_t address,
                                        std::span<const std::byte> data) {
  uint64_t base = 0;
  uint64_t end = kPhysicalEnd;
  switch (space) {
    case AubSpace::kGgtt: return WriteGgtt(address, data);
    case AubSpace::kPhysical:
    case AubSpace::kPpgttPte:
    case AubSpace::kPpgttPde:
    case AubSpace::kPpgttPdpe:
    case AubSpace::kPpgttPml4e: break;
    case AubSpace::kLocal: base = kLocal; break;
    case AubSpace::kGgttEntry:
      base = kGgttTable;
      end = kGgttTableBytes;
      break;
    default: return WriteStatus::kUnsupported;
  }
  if (address > end || data.size() > end - address) return WriteStatus::kOutOfRange;
  return image_.Write(base + address, data) ? WriteStatus::kOk : WriteStatus::kNoSpace;
}

}  // namespace gvt::capture
