#include "tests/oracle/fake_memory.h"

#include <algorithm>

namespace gvt::oracle {

void FakeMemory::Write(hw::AddressSpace space, uint64_t address, std::span<const uint32_t> dwords) {
  Space& to = spaces_[static_cast<size_t>(space)];
  for (const uint32_t dword : dwords) {
    to.dwords[address] = dword;
    to.pages.insert(address >> kPageShift);
    address += 4;
  }
}

void FakeMemory::SetChanging(hw::AddressSpace space, uint64_t address,
                             std::vector<uint32_t> values) {
  Space& to = spaces_[static_cast<size_t>(space)];
  to.pages.insert(address >> kPageShift);
  to.changing[address] = std::move(values);
}

uint32_t FakeMemory::Read(Space* space, uint64_t address) {
  const uint64_t read = space->reads[address]++;
  if (const auto changing = space->changing.find(address); changing != space->changing.end()) {
    const std::vector<uint32_t>& values = changing->second;
    return values[std::min<size_t>(read, values.size() - 1)];
  }
  const auto dword = space->dwords.find(address);
  return dword == space->dwords.end() ? 0 : dword->second;
}

uint32_t FakeMemory::Fetch(hw::AddressSpace space, Gma address, std::span<uint32_t> out) {
  Space& from = spaces_[static_cast<size_t>(space)];
  for (uint32_t i = 0; i < out.size(); ++i) {
    const uint64_t at = address.value + uint64_t{i} * 4;
    if (at >> kGmaBits != 0 || !from.pages.contains(at >> kPageShift)) return i;
    out[i] = Read(&from, at);
  }
  return static_cast<uint32_t>(out.size());
}

uint64_t FakeMemory::Reads(hw::AddressSpace space, uint64_t address) const {
  const Space& from = spaces_[static_cast<size_t>(space)];
  const auto reads = from.reads.find(address);
  return reads == from.reads.end() ? 0 : reads->second;
}

}  // namespace gvt::oracle
