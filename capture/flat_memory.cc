#include "capture/flat_memory.h"

namespace gvt::capture {
namespace {

constexpr uint64_t kPpgttEnd = uint64_t{1} << kGmaBits;
constexpr uint64_t kGgttEnd = uint64_t{1} << 32;

// Start of a space in the image: the GGTT first, then the engines' PPGTTs.
constexpr uint64_t BaseOf(hw::Engine engine, hw::AddressSpace space) {
  return space == hw::AddressSpace::kGgtt
             ? 0
             : (uint64_t{1} + static_cast<uint64_t>(engine)) << kGmaBits;
}
static_assert(BaseOf(hw::Engine::kVecs, hw::AddressSpace::kPpgtt) + kPpgttEnd <=
              uint64_t{1} << MemoryImage::kAddressBits);

constexpr uint64_t EndOf(hw::AddressSpace space) {
  return space == hw::AddressSpace::kGgtt ? kGgttEnd : kPpgttEnd;
}

}  // namespace

const std::byte* FlatMemory::Page(hw::AddressSpace space, Gma address) const {
  const Gma gma = MaskGma(address.value);
  if (gma.value >= EndOf(space)) return nullptr;
  return image_.Find((BaseOf(engine_, space) + gma.value) >> kPageShift);
}

FlatMemory::WriteStatus FlatMemory::Write(hw::Engine engine, hw::AddressSpace space, Gma address,
                                          std::span<const std::byte> bytes) {
  const uint64_t at = MaskGma(address.value).value;
  if (at > EndOf(space) || bytes.size() > EndOf(space) - at) return WriteStatus::kOutOfRange;
  return image_.Write(BaseOf(engine, space) + at, bytes) ? WriteStatus::kOk : WriteStatus::kNoSpace;
}

}  // namespace gvt::capture
