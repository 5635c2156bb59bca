/* What a host gives a vGPU.
 *
 * A host is whatever runs the virtual machine: a VMM, a hypervisor's device process, a test. It
 * must give two things: the guest's memory (gvtcore_vgpu_memory_add in gvtcore.h) and a way to
 * raise an interrupt (raise_msi here). Everything else is optional: a NULL member means the core's
 * own default.
 *
 * Versioning: `size` is sizeof(gvtcore_host_ops_t) as the host was compiled; members behind it do
 * not exist for the core. Members are only ever added at the end.
 *
 * Threads: the core calls from its own threads and from inside gvtcore_* calls, for several vGPUs
 * at once; for one vGPU, each member may be called concurrently with itself. No member may call
 * back into gvtcore, nor wait for a thread that is inside a gvtcore_* call: such a call may be
 * waiting for the engine that the member is called from.
 */
#ifndef GVTCORE_HOST_H
#define GVTCORE_HOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gvtcore_log_level {
  GVTCORE_LOG_ERROR = 0,
  GVTCORE_LOG_WARNING = 1,
  GVTCORE_LOG_INFO = 2,
  GVTCORE_LOG_DEBUG = 3
} gvtcore_log_level_t;

typedef struct gvtcore_host_ops {
  size_t size;

  /* Mandatory. Delivers message-signalled interrupt `vector` (always 0) to the guest. Every store
   * that the core made to guest memory before is visible to the guest before the interrupt is. Must
   * not block on the guest. */
  void (*raise_msi)(void* host, uint32_t vector);

  /* Optional. One line of text without a newline: what was refused to the guest and why, command
   * errors and accesses without a page, failsafe, engine resets, a trace that could not be written.
   * At most 20 lines at once, then one a second; how many were left out is a line of its own.
   * Default: nothing is logged. */
  void (*log)(void* host, gvtcore_log_level_t level, const char* text);
} gvtcore_host_ops_t;

#ifdef __cplusplus
}
#endif

#endif /* GVTCORE_HOST_H */
