/* What a host gives a vGPU.
 *
 * A host is whatever runs the virtual machine: a VMM, a hypervisor's device process, a test. It
 * must give two things: the guest's memory (gvtcore_vgpu_memory_add in gvtcore.h, or read_memory
 * and write_memory here) and a way to raise an interrupt (raise_msi or inject_msi). Everything else
 * is optional: a NULL member means the core's own default.
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

  /* Mandatory, unless there is inject_msi. Delivers message-signalled interrupt `vector` (always 0)
   * to the guest. Every store that the core made to guest memory before is visible to the guest
   * before the interrupt is. Must not block on the guest. */
  void (*raise_msi)(void* host, uint32_t vector);

  /* Optional. One line of text without a newline: what was refused to the guest and why, command
   * errors and accesses without a page, failsafe, engine resets, a trace that could not be written.
   * At most 20 lines at once, then one a second; how many were left out is a line of its own.
   * Default: nothing is logged. */
  void (*log)(void* host, gvtcore_log_level_t level, const char* text);

  /* Optional. As raise_msi, and called in its place: with the message that the guest has written
   * into its MSI capability, 32 bits of address and 16 of data, as it stands. For hypervisors that
   * deliver messages by address and data. Default: raise_msi. */
  void (*inject_msi)(void* host, uint64_t address, uint32_t data);

  /* Optional, both or none. Copies between guest memory and `data`: any length from 1 on, any
   * alignment, across pages. Asked for what no mapping of gvtcore_vgpu_memory_add holds; nothing is
   * kept. A naturally aligned access of 4 or 8 bytes is one access for the guest's processors, and
   * what was written is visible to them before a later interrupt. Returns 0, or a negative value:
   * some byte is not there (bytes before it may have been moved). Called from threads that have
   * nothing to do with the virtual machine. Default: memory that was not added does not exist. */
  int (*read_memory)(void* host, uint64_t gpa, void* data, size_t length);
  int (*write_memory)(void* host, uint64_t gpa, const void* data, size_t length);

  /* Optional. The guest has moved a region, or turned its decoding on or off: accesses to guest
   * addresses [gpa, gpa + length) (for BAR4: I/O ports) are now region `region` (on != 0), or no
   * longer (on == 0). A move is an off, then an on. Called from gvtcore_vgpu_write to the
   * configuration space, gvtcore_vgpu_reset, gvtcore_vgpu_restore and gvtcore_vgpu_destroy; should
   * two run at once, one of them makes the calls of both, in order. Default: the host follows the
   * BARs itself, or does not need to. */
  void (*set_trap_area)(void* host, uint32_t region, uint64_t gpa, uint64_t length, int on);
} gvtcore_host_ops_t;

#ifdef __cplusplus
}
#endif

#endif /* GVTCORE_HOST_H */
