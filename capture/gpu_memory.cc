#include "capture/gpu_memory.h"

#include <algorithm>
#include <cstring>

namespace gvt::capture {

size_t GpuMemory::Read(hw::AddressSpace space, Gma address, std::span<std::byte> out) const {
  uint64_t at = MaskGma(address.value).value;
  size_t done = 0;
  while (done < out.size() && at < (uint64_t{1} << kGmaBits)) {
    const std::byte* page = Page(space, Gma(at));
    if (page == nullptr) break;
    const uint64_t in_page = at & kPageOffsetMask;
    const size_t piece = std::min(out.size() - done, static_cast<size_t>(kPageSize - in_page));
    std::memcpy(out.data() + done, page + in_page, piece);
    done += piece;
    at += piece;
  }
  return done;
}

}  // namespace gvt::capture
