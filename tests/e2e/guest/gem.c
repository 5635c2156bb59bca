// The requests of gem.h as ioctls. Source of numbers and structures: the kernel's
// include/uapi/drm/i915_drm.h.
#include "gem.h"

#include <errno.h>
#include <fcntl.h>
#include <i915_drm.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int device = -1;
// Buffers get ascending addresses, far from page 0 and above 4 GiB, so that both halves of an
// address count.
static uint64_t next_address = UINT64_C(0x120000000);

static int Ioctl(unsigned long request, void* argument) {
  int status;
  do {
    status = ioctl(device, request, argument);
  } while (status == -1 && (errno == EINTR || errno == EAGAIN));
  return status == -1 ? errno : 0;
}

void GemOpen(void) {
  device = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
  if (device < 0) Fatal("open renderD128");
}

const char* EngineName(enum engine engine) {
  static const char* const kNames[kEngineCount] = {"render", "blt", "bsd", "vebox"};
  return kNames[engine];
}

struct buffer BufferCreate(uint64_t size_bytes) {
  struct drm_i915_gem_create create = {.size = size_bytes};
  if (Ioctl(DRM_IOCTL_I915_GEM_CREATE, &create) != 0) Fatal("create a buffer");
  struct drm_i915_gem_mmap_offset map = {.handle = create.handle, .flags = I915_MMAP_OFFSET_WB};
  if (Ioctl(DRM_IOCTL_I915_GEM_MMAP_OFFSET, &map) != 0) Fatal("offset of a buffer");
  void* dwords =
      mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)map.offset);
  if (dwords == MAP_FAILED) Fatal("map a buffer");
  const struct buffer buffer = {create.handle, create.size, next_address, dwords};
  next_address += (create.size + 0xffff) & ~UINT64_C(0xffff);
  return buffer;
}

void BufferDestroy(struct buffer* buffer) {
  munmap(buffer->dwords, buffer->size_bytes);
  struct drm_gem_close close_it = {.handle = buffer->handle};
  Ioctl(DRM_IOCTL_GEM_CLOSE, &close_it);
  buffer->dwords = NULL;
}

bool BufferBusy(const struct buffer* buffer) {
  struct drm_i915_gem_busy busy = {.handle = buffer->handle};
  if (Ioctl(DRM_IOCTL_I915_GEM_BUSY, &busy) != 0) Fatal("ask whether a buffer is busy");
  return busy.busy != 0;
}

bool BufferWait(const struct buffer* buffer, int64_t timeout_ms) {
  struct drm_i915_gem_wait wait = {.bo_handle = buffer->handle, .timeout_ns = timeout_ms * 1000000};
  return Ioctl(DRM_IOCTL_I915_GEM_WAIT, &wait) == 0;
}

uint32_t ContextCreate(void) {
  struct drm_i915_gem_context_create create = {0};
  if (Ioctl(DRM_IOCTL_I915_GEM_CONTEXT_CREATE, &create) != 0) Fatal("create a context");
  return create.ctx_id;
}

void ContextDestroy(uint32_t context) {
  struct drm_i915_gem_context_destroy destroy = {.ctx_id = context};
  if (Ioctl(DRM_IOCTL_I915_GEM_CONTEXT_DESTROY, &destroy) != 0) Fatal("destroy a context");
}

void ContextResets(uint32_t context, uint32_t* guilty, uint32_t* pending) {
  struct drm_i915_reset_stats stats = {.ctx_id = context};
  if (Ioctl(DRM_IOCTL_I915_GET_RESET_STATS, &stats) != 0) Fatal("ask for resets");
  *guilty = stats.batch_active;
  *pending = stats.batch_pending;
}

int Submit(enum engine engine, uint32_t context, const struct buffer* batch, uint32_t offset_bytes,
           uint32_t length_bytes, const struct buffer* const* others, size_t other_count) {
  static const uint64_t kRings[kEngineCount] = {I915_EXEC_RENDER, I915_EXEC_BLT, I915_EXEC_BSD,
                                                I915_EXEC_VEBOX};
  struct drm_i915_gem_exec_object2 objects[8];
  if (other_count >= sizeof(objects) / sizeof(objects[0])) Fatal("too many buffers");
  memset(objects, 0, sizeof(objects));
  for (size_t i = 0; i <= other_count; ++i) {
    const struct buffer* buffer = i < other_count ? others[i] : batch;
    objects[i].handle = buffer->handle;
    objects[i].offset = buffer->address;
    objects[i].flags = EXEC_OBJECT_PINNED | EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
  }
  struct drm_i915_gem_execbuffer2 exec = {
      .buffers_ptr = (uintptr_t)objects,
      .buffer_count = (uint32_t)other_count + 1,
      .batch_start_offset = offset_bytes,
      .batch_len = length_bytes,
      .flags = kRings[engine] | I915_EXEC_NO_RELOC,
      .rsvd1 = context,
  };
  return Ioctl(DRM_IOCTL_I915_GEM_EXECBUFFER2, &exec);
}

bool Check(const char* name, bool good, const char* format, ...) {
  char detail[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(detail, sizeof(detail), format, arguments);
  va_end(arguments);
  printf("GVT-CHECK %s %s %s\n", name, good ? "ok" : "FAIL", detail);
  fflush(stdout);
  return good;
}

void Figure(const char* name, double value, const char* unit) {
  printf("GVT-FIGURE %s %.1f %s\n", name, value, unit);
  fflush(stdout);
}

void Fatal(const char* what) {
  Check("request", false, "could not %s: %s", what, strerror(errno));
  exit(1);
}

uint64_t NowNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void SleepMs(uint32_t milliseconds) {
  usleep(milliseconds * 1000);
}
