// What a request of Xen's to a device model asks for.
//
// A request is one instruction of the guest's: an access, or a string of them (REP MOVS, REP STOS,
// REP OUTS). What the guest can say in it, counts and addresses, is bounded here.
//
// Source: xen/hvm/ioreq.h.
#pragma once

#include <stdint.h>  // Xen's header wants it before itself
#include <xen/hvm/ioreq.h>

#include <cstdint>

namespace gvt::hostif::xen {

// Of a request. Xen ends a string at the page's end, so none has more.
inline constexpr uint32_t kMaxAccesses = 4096;

struct Request {
  enum class Kind : uint8_t {
    kMemory,      // accesses to guest addresses
    kConfig,      // to our function's configuration space; addresses are offsets
    kInvalidate,  // mappings of guest memory are stale
    kNobody,      // not ours, or not what an instruction can say: reads are all ones
  };
  Kind kind = Kind::kNobody;
  bool write = false;
  uint32_t bytes = 0;  // of one access: 1, 2, 4 or 8
  uint32_t count = 0;  // accesses
  uint64_t address = 0;
  int64_t address_step = 0;
  // The value is the request's data, or each access has its own in guest memory.
  bool data_in_memory = false;
  uint64_t data = 0;  // value, or guest address of the first
  int64_t data_step = 0;

  uint64_t AddressOf(uint32_t access) const {
    return address + static_cast<uint64_t>(address_step * access);
  }
  uint64_t DataAddressOf(uint32_t access) const {
    return data + static_cast<uint64_t>(data_step * access);
  }
};

// `function`: segment, bus, device and function of ours as Xen numbers them (16, 8, 5, 3 bits).
Request Decode(const ioreq_t& request, uint32_t function);

inline uint64_t AllOnes(uint32_t bytes) {
  return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1;
}

}  // namespace gvt::hostif::xen
