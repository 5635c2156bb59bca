// A string goes up from its first address, or down (direction flag). The ports of configuration
// space stay where they are while the data goes on.
#include "hostif/xen/ioreq.h"

namespace gvt::hostif::xen {
namespace {

bool IsWidth(uint32_t bytes) {
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

// No access of the string leaves the address space.
bool Fits(uint64_t first, int64_t step, uint32_t count, uint32_t bytes) {
  const uint64_t span = uint64_t{count - 1} * bytes;
  if (first > ~uint64_t{0} - (bytes - 1)) return false;
  if (step == 0) return true;
  return step > 0 ? first + (bytes - 1) <= ~uint64_t{0} - span : first >= span;
}

}  // namespace

Request Decode(const ioreq_t& request, uint32_t function) {
  Request decoded;
  decoded.write = request.dir == IOREQ_WRITE;
  decoded.bytes = request.size;
  decoded.data_in_memory = request.data_is_ptr != 0;
  decoded.data = request.data;
  if (request.type == IOREQ_TYPE_INVALIDATE) {
    decoded.kind = Request::Kind::kInvalidate;
    return decoded;
  }
  if (!IsWidth(request.size) || request.count == 0 || request.count > kMaxAccesses) return decoded;
  decoded.count = request.count;
  const int64_t step = request.df != 0 ? -int64_t{request.size} : int64_t{request.size};
  decoded.data_step = step;
  decoded.address = request.addr;
  if (decoded.data_in_memory && !Fits(request.data, step, request.count, request.size)) {
    return decoded;
  }
  if (request.type == IOREQ_TYPE_COPY) {
    decoded.address_step = step;
    if (Fits(request.addr, step, request.count, request.size)) {
      decoded.kind = Request::Kind::kMemory;
    }
  } else if (request.type == IOREQ_TYPE_PCI_CONFIG) {
    decoded.address = request.addr & 0xffffffff;
    if (request.addr >> 32 == function && request.size <= 4) {
      decoded.kind = Request::Kind::kConfig;
    }
  }
  return decoded;
}

}  // namespace gvt::hostif::xen
