// Fuzz target: the GGTT window against an array of bytes.
//
// Input: operations of 16 bytes: kind, length, place, then eight bytes of content. Places lie
// around the ends of the two windows that the vGPU owns and around the end of the table.
#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "base/range.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/input_reader.h"
#include "hw/gtt_entry.h"
#include "vgpu/ggtt_window.h"

namespace gvt::fuzz {
namespace {

constexpr Range kLow{0x400000, 0x800000};
constexpr Range kHigh{0x40000000, 0x40200000};

// What the guest wrote, byte by byte.
class NaiveGgtt {
 public:
  uint8_t Read(uint64_t offset) const {
    const auto found = bytes_.find(offset);
    return found == bytes_.end() ? uint8_t{0} : found->second;
  }
  void Write(uint64_t offset, uint8_t value) {
    const uint64_t address = offset / hw::kEntryBytes << kPageShift;
    if (kLow.Contains(address, 1) || kHigh.Contains(address, 1)) bytes_[offset] = value;
  }
  uint64_t Entry(uint64_t index) const {
    uint64_t entry = 0;
    for (unsigned i = 0; i < hw::kEntryBytes; ++i) {
      entry |= uint64_t{Read(index * hw::kEntryBytes + i)} << (8 * i);
    }
    return entry;
  }
  void Reset() { bytes_.clear(); }

 private:
  std::unordered_map<uint64_t, uint8_t> bytes_;
};

uint64_t PlaceOf(uint32_t raw) {
  constexpr uint64_t kEnds[] = {0, kLow.begin, kLow.end, kHigh.begin, kHigh.end, hw::kGgttBytes};
  const uint64_t end = kEnds[raw % std::size(kEnds)] >> kPageShift << 3;
  const uint64_t shift = (raw >> 8) % 96;
  return end < 48 ? shift : end - 48 + shift;
}

void CheckTranslation(const vgpu::GgttWindow& window, const NaiveGgtt& naive, uint64_t offset) {
  const Gma address(offset / hw::kEntryBytes << kPageShift | (offset * 97 & kPageOffsetMask));
  const Gpa page = window.Translate(address);
  const hw::GgttEntry entry(naive.Entry(offset / hw::kEntryBytes));
  const bool is_there = page != sched::kNoPage;
  Require(is_there == entry.present(), "a page is there if its entry says so");
  Require(!is_there || page.value == (entry.address() | address.page_offset()),
          "an entry names its page");
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt::fuzz;  // NOLINT(google-build-using-namespace)
  InputReader reader(data, size);
  gvt::vgpu::GgttWindow window(kLow, kHigh);
  NaiveGgtt naive;
  while (!reader.empty()) {
    const auto kind = reader.Take<uint8_t>();
    const size_t length = 1 + reader.Take<uint8_t>() % 24;
    reader.Take<uint16_t>();
    const uint64_t offset = PlaceOf(reader.Take<uint32_t>());
    const auto content = reader.Take<std::array<uint8_t, 8>>();
    std::vector<std::byte> bytes(length);
    if (kind % 4 < 2) {
      for (size_t i = 0; i < length; ++i) {
        bytes[i] = std::byte{content[i % content.size()]};
        naive.Write(offset + i, content[i % content.size()]);
      }
      window.Write(offset, bytes);
    } else if (kind == 0xff) {
      window.Reset();
      naive.Reset();
    }
    window.Read(offset, bytes);
    for (size_t i = 0; i < length; ++i) {
      Require(bytes[i] == std::byte{naive.Read(offset + i)}, "what was written is read");
    }
    CheckTranslation(window, naive, offset);
  }
  return 0;
}
