#include "tests/conformance/broken_core.h"

#include <string.h>

static gvtcore_mpt_ops_t right; /* what the core gave */

static int take_cfg(void* vgpu, unsigned int offset, void* buf, unsigned int bytes) {
  if (vgpu != NULL && offset < 4096 && bytes <= 4 && buf != NULL) {
    right.emulate_cfg_read(vgpu, offset, buf, bytes);
  }
  return 0;
}

static int take_mmio(void* vgpu, uint64_t gpa, void* buf, unsigned int bytes) {
  if (vgpu != NULL && bytes <= 8) right.emulate_mmio_read(vgpu, gpa, buf, bytes);
  return 0;
}

static int lose_bytes(void* vgpu, uint64_t gpa, void* buf, unsigned int bytes) {
  return bytes == 1 ? 0 : right.emulate_mmio_write(vgpu, gpa, buf, bytes);
}

/* BAR0 does not move a second time. */
static int keep_bar0(void* vgpu, unsigned int offset, void* buf, unsigned int bytes) {
  static int moves;
  return offset == 0x10 && ++moves > 1 ? 0 : right.emulate_cfg_write(vgpu, offset, buf, bytes);
}

static int forget_move(void* vgpu, uint64_t gpa, uint64_t length, void* address) {
  (void)vgpu, (void)gpa, (void)length, (void)address;
  return 0;
}

static int all_free(void* gvt, uint32_t index, gvtcore_type_t* type) {
  const int code = right.vgpu_type(gvt, index, type);
  if (code == 0) type->available = 7;
  return code;
}

static int show_plane(void* vgpu, void* info) {
  (void)vgpu, (void)info;
  return 0;
}

static int take_write(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  (void)vgpu, (void)gpa, (void)data, (void)bytes;
  return 0;
}

static void ignore(void* vgpu) {
  (void)vgpu;
}

static int take_state(void* vgpu, const void* state, size_t length) {
  (void)vgpu, (void)state, (void)length;
  return 0;
}

void break_core(gvtcore_mpt_ops_t* ops, bool (*broken)(const char* line)) {
  right = *ops;
  if (broken("emulate-cfg.refuses")) ops->emulate_cfg_read = take_cfg;
  if (broken("emulate-mmio.refuses")) ops->emulate_mmio_read = take_mmio;
  if (broken("emulate-mmio.aperture")) ops->emulate_mmio_write = lose_bytes;
  if (broken("set-trap-area.follows")) ops->emulate_cfg_write = keep_bar0;
  if (broken("memory-move.lent")) ops->memory_move = forget_move;
  if (broken("vgpu-type.counted")) ops->vgpu_type = all_free;
  if (broken("query-plane.no-display")) ops->vgpu_query_plane = show_plane;
  if (broken("write-protect.untracked")) ops->write_protect_handler = take_write;
  if (broken("vgpu-activate.waits")) ops->vgpu_deactivate = ignore;
  if (broken("vgpu-release.drops")) ops->vgpu_release = ignore;
  if (broken("vgpu-reset.anew")) ops->vgpu_reset = ignore;
  if (broken("vgpu-restore.refuses")) ops->vgpu_restore = take_state;
}
