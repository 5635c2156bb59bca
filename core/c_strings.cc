// The C contract: what stands on its accesses (strings, posted writes), and what a library has
// whose devices have no display.
#include "gvtcore/gvtcore.h"

namespace {

constexpr uint32_t kMaxAccesses = 4096;  // of a string; x86's end with a page, too

// 0, or the code of a string of which something is wrong.
int CheckString(const gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset, int64_t step,
                const void* data, uint32_t size, uint32_t count) {
  if (vgpu == nullptr || data == nullptr) return GVTCORE_EINVAL;
  if (size != 1 && size != 2 && size != 4 && size != 8) return GVTCORE_EINVAL;
  if (count == 0 || count > kMaxAccesses) return GVTCORE_EINVAL;
  if (step != 0 && step != int64_t{size} && step != -int64_t{size}) return GVTCORE_EINVAL;
  const int64_t region_bytes = gvtcore_vgpu_region_size(vgpu, region);
  if (region_bytes < 0) return static_cast<int>(region_bytes);
  const auto bytes = static_cast<uint64_t>(region_bytes);
  const uint64_t way = step == 0 ? 0 : uint64_t{count - 1} * size;
  if (offset >= bytes) return GVTCORE_EINVAL;
  if (step < 0) return offset >= way && size <= bytes - offset ? 0 : GVTCORE_EINVAL;
  return way + size <= bytes - offset ? 0 : GVTCORE_EINVAL;
}

}  // namespace

extern "C" {

int64_t gvtcore_vgpu_read_string(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset,
                                 int64_t step, void* data, uint32_t size, uint32_t count) {
  const int code = CheckString(vgpu, region, offset, step, data, size, count);
  if (code != 0) return code;
  auto* to = static_cast<unsigned char*>(data);
  for (uint32_t i = 0; i < count; ++i, to += size) {
    gvtcore_vgpu_read(vgpu, region, offset + static_cast<uint64_t>(step * i), to, size);
  }
  return int64_t{count} * size;
}

int64_t gvtcore_vgpu_write_string(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset,
                                  int64_t step, const void* data, uint32_t size, uint32_t count) {
  const int code = CheckString(vgpu, region, offset, step, data, size, count);
  if (code != 0) return code;
  const auto* from = static_cast<const unsigned char*>(data);
  for (uint32_t i = 0; i < count; ++i, from += size) {
    gvtcore_vgpu_write(vgpu, region, offset + static_cast<uint64_t>(step * i), from, size);
  }
  return int64_t{count} * size;
}

int64_t gvtcore_vgpu_post(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset, const void* data,
                          size_t length) {
  return gvtcore_vgpu_write(vgpu, region, offset, data, length);
}

uint64_t gvtcore_capabilities(void) {
  return 0;
}

int gvtcore_vgpu_query_plane(gvtcore_vgpu_t* vgpu, uint32_t plane, gvtcore_plane_t* info) {
  const bool is_plane = plane == GVTCORE_PLANE_PRIMARY || plane == GVTCORE_PLANE_CURSOR;
  return vgpu == nullptr || info == nullptr || !is_plane ? GVTCORE_EINVAL : GVTCORE_ENOTSUP;
}

int gvtcore_vgpu_get_dmabuf(gvtcore_vgpu_t* vgpu, uint32_t /*dmabuf_id*/) {
  return vgpu == nullptr ? GVTCORE_EINVAL : GVTCORE_ENOTSUP;
}

int gvtcore_vgpu_hotplug(gvtcore_vgpu_t* vgpu, uint32_t /*port*/, int /*on*/) {
  return vgpu == nullptr ? GVTCORE_EINVAL : GVTCORE_ENOTSUP;
}

}  // extern "C"
