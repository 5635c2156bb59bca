// Loads and stores by graphics address.
//
// A page that is mapped read-only drops stores without a word (i915 hands out such pages, its own
// scratch page among them); the port answers false for it as for a page that is not there, so that
// a load of the same address tells the two apart. Only the second is a fault.
//
// A store that hits the rest of the running copy is seen by its graphics address. The same memory
// under another address is not noticed: hardware, which fetches ahead, promises no more.
//
// Source: linux v6.1 gt/gen8_ppgtt.c (scratch, PTE_READ_ONLY); PRM SKL vol 5 "Memory Views".
#include "gpu/soft/data_memory.h"

#include <algorithm>

#include "base/bits.h"

namespace gvt::gpu::soft {
namespace {

constexpr uint64_t kDword = sizeof(uint32_t);
constexpr uint64_t kQword = sizeof(uint64_t);

Gma GmaOf(DataAddress address, uint64_t alignment) {
  return MaskGma(AlignDown(address.value, alignment));
}

}  // namespace

void DataMemory::Stored(DataAddress to, uint64_t size_bytes) {
  if (to.space == watched_space_ && watched_.Overlaps(MaskGma(to.value).value, size_bytes)) {
    code_changed_ = true;
  }
}

void DataMemory::Refused(DataAddress at, bool write) {
  uint32_t ignored = 0;
  if (write && port_.Load32(at.space, GmaOf(at, kDword), &ignored)) return;
  if (!fault_.pending) fault_ = {true, write, at};
}

uint32_t DataMemory::Load32(DataAddress from) {
  uint32_t value = 0;
  if (port_.Load32(from.space, GmaOf(from, kDword), &value)) return value;
  Refused(from, false);
  return 0;
}

uint64_t DataMemory::Load64(DataAddress from) {
  uint64_t value = 0;
  if (port_.Load64(from.space, GmaOf(from, kQword), &value)) return value;
  Refused(from, false);
  return 0;
}

void DataMemory::Store32(DataAddress to, uint32_t value) {
  const Gma at = GmaOf(to, kDword);
  if (!port_.Store32(to.space, at, value)) return Refused(to, true);
  Stored({to.space, at.value}, kDword);
}

void DataMemory::Store64(DataAddress to, uint64_t value) {
  if ((to.value & (kQword - 1)) >= kDword) {
    Store32(to, Low32(value));
    Store32(to.Plus(kDword), High32(value));
    return;
  }
  const Gma at = GmaOf(to, kQword);
  if (!port_.Store64(to.space, at, value)) return Refused(to, true);
  Stored({to.space, at.value}, kQword);
}

void DataMemory::LoadBytes(DataAddress from, std::span<std::byte> out) {
  if (port_.Read(from.space, MaskGma(from.value), out)) return;
  Refused(from, false);
  std::fill(out.begin(), out.end(), std::byte{0});
}

void DataMemory::StoreBytes(DataAddress to, std::span<const std::byte> data) {
  const Gma at = MaskGma(to.value);
  if (!port_.Write(to.space, at, data)) return Refused(to, true);
  Stored({to.space, at.value}, data.size());
}

bool DataMemory::CompareExchange32(DataAddress at, uint32_t* expected, uint32_t desired) {
  const uint32_t wanted = *expected;
  const Gma address = GmaOf(at, kDword);
  const bool reached = port_.CompareExchange32(at.space, address, expected, desired);
  if (*expected != wanted) return false;
  if (!reached) {
    Refused(at, true);
    return true;
  }
  Stored({at.space, address.value}, kDword);
  return true;
}

bool DataMemory::CompareExchange64(DataAddress at, uint64_t* expected, uint64_t desired) {
  const uint64_t wanted = *expected;
  const Gma address = GmaOf(at, kQword);
  const bool reached = port_.CompareExchange64(at.space, address, expected, desired);
  if (*expected != wanted) return false;
  if (!reached) {
    Refused(at, true);
    return true;
  }
  Stored({at.space, address.value}, kQword);
  return true;
}

}  // namespace gvt::gpu::soft
