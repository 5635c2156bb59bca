/* The host interface of GVT-g (its "mediated pass-through" table), as Linux 5.13 had it: 22
 * members, the same names, order and shapes. A table that was written for kvmgt, xengt or acrngt
 * compiles against this header as it is; gvtcore_mpt_register puts a core behind it. New hosts are
 * better written to host.h; docs/mpt.md says of each member why it exists and what stands in for
 * it.
 *
 * Downward (the table): the core calls the hypervisor's side. Upward (gvtcore_mpt_ops_t, which
 * host_init is given): the hypervisor's side calls the core.
 *
 * Results: 0, or a negative value of <errno.h>. Addresses are in bytes, frames ("gfn", "mfn") in
 * units of 4096 bytes.
 *
 * Handle: what the hypervisor's side calls a virtual machine by. It is 0 until attach_vgpu or
 * set_handle has given one, and again after set_handle(vgpu, 0). A member that is given 0 answers
 * with an error (or, if it returns nothing, does nothing).
 *
 * Threads: members are called from any thread, several at once, also for one virtual machine; from
 * threads that have nothing to do with it. They may sleep, but not wait for a thread that is inside
 * an upward call, nor call upward themselves: host_init, attach_vgpu and write tracking included.
 * No lock of the core's is held. Upward calls come from any thread.
 *
 * Source of names and shapes: linux v5.13 drivers/gpu/drm/i915/gvt/hypercall.h and gvt.h.
 */
#ifndef GVTCORE_MPT_H
#define GVTCORE_MPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gvtcore/gvtcore.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which hypervisor a table is for. An open enumeration, for people: the core decides nothing by it,
 * so a value that is not listed is as good as any. */
typedef uint32_t gvtcore_hypervisor_t;
#define GVTCORE_HYPERVISOR_XEN 0u
#define GVTCORE_HYPERVISOR_KVM 1u
#define GVTCORE_HYPERVISOR_ACRN 2u
#define GVTCORE_HYPERVISOR_QNX 3u
#define GVTCORE_HYPERVISOR_EMBEDDED 4u
#define GVTCORE_HYPERVISOR_PRIVATE 0x80000000u /* and all above: a vendor's own */

/* "No such frame": what gfn_to_mfn and from_virt_to_mfn answer. */
#define GVTCORE_INVALID_MFN (~0ul)

struct device; /* the hypervisor's side knows what it is; the core hands it back */

/* Mandatory: inject_msi. A NULL elsewhere means what "Default" says. */
typedef struct gvtcore_mpt {
  /* What reports print; the core never reads it. */
  gvtcore_hypervisor_t type;

  /* Once, from gvtcore_mpt_register. `gvt` goes into ops->vgpu_create; `ops` is a
   * gvtcore_mpt_ops_t, valid until host_exit returns. A failure makes registration fail. Default:
   * 0; a module may have the operations by its description instead. */
  int (*host_init)(struct device* dev, void* gvt, const void* ops);
  /* From gvtcore_mpt_unregister. Default: nothing. */
  void (*host_exit)(struct device* dev, void* gvt);

  /* A vGPU is made, and not known to anybody yet. May set *handle, or leave it 0 for set_handle. A
   * failure makes vgpu_create fail. Default: 0, no handle. */
  int (*attach_vgpu)(void* vgpu, unsigned long* handle);
  /* It is about to go; nothing is called for it behind this. Default: nothing. */
  void (*detach_vgpu)(void* vgpu);

  /* Delivers the message that the guest has written into its MSI capability. Everything that
   * write_gpa stored before is visible to the guest before the interrupt is. Must not wait for the
   * guest; a lost one hangs it. */
  int (*inject_msi)(unsigned long handle, uint32_t addr, uint16_t data);

  /* The machine frame behind an address of the core's, to be given to map_gfn_to_mfn. Default:
   * GVTCORE_INVALID_MFN. */
  unsigned long (*from_virt_to_mfn)(void* p);

  /* From now on each write of the guest's to the frame is told by ops->write_protect_handler, with
   * what was written, on the thread of the guest's processor. The hypervisor's side also stores it:
   * before the call or behind it. Enabling again is fine, and one disable ends it. A frame without
   * memory is an error. Default: -EOPNOTSUPP; the core then looks at tables anew wherever the guest
   * submits. */
  int (*enable_page_track)(unsigned long handle, uint64_t gfn);
  /* No more. A frame that is not tracked is no error. Default: 0. */
  int (*disable_page_track)(unsigned long handle, uint64_t gfn);

  /* Both or none. Copies from and to guest memory: any length from 1 on, any alignment, across
   * pages. A byte that is not there is an error; bytes before it may have been moved. 4 and 8
   * bytes, naturally aligned, are one access for the guest's processors. Asked for what
   * ops->memory_add did not lend. Default: there is no other memory. */
  int (*read_gpa)(unsigned long handle, unsigned long gpa, void* buf, unsigned long len);
  int (*write_gpa)(unsigned long handle, unsigned long gpa, void* buf, unsigned long len);

  /* The machine frame of a guest frame; takes no reference. GVTCORE_INVALID_MFN: there is none.
   * Default: GVTCORE_INVALID_MFN. */
  unsigned long (*gfn_to_mfn)(unsigned long handle, unsigned long gfn);

  /* Pins `size` (4096 or 2 MiB) bytes from frame `gfn` and gives the address by which the GPU
   * reaches them; it stays valid until as many dma_unmap_guest_page calls. Nests: the same gfn
   * gives the same address. Default: -EOPNOTSUPP; a core whose engines are software has no need of
   * it. */
  int (*dma_map_guest_page)(unsigned long handle, unsigned long gfn, unsigned long size,
                            uint64_t* dma_addr);
  /* Takes one reference back. An address that is not mapped is ignored. Default: nothing. */
  void (*dma_unmap_guest_page)(unsigned long handle, uint64_t dma_addr);
  /* One more reference on an address that is mapped; else an error. Default: -EOPNOTSUPP. */
  int (*dma_pin_guest_page)(unsigned long handle, uint64_t dma_addr);

  /* Puts `nr` machine frames from `mfn` on at guest frame `gfn`, or takes them away. Default: 0,
   * every access to them is trapped. */
  int (*map_gfn_to_mfn)(unsigned long handle, unsigned long gfn, unsigned long mfn, unsigned int nr,
                        bool map);
  /* Accesses to guest addresses [start, end] (end included) are the device's, or no longer. At
   * each change of BAR0's decoding. Default: 0, the hypervisor follows the BARs itself. */
  int (*set_trap_area)(unsigned long handle, uint64_t start, uint64_t end, bool map);

  /* The vGPU is made: offer its OpRegion, its EDID. Default: 0. This core calls neither: the device
   * has no display. */
  int (*set_opregion)(void* vgpu);
  int (*set_edid)(void* vgpu, int port_num);

  /* Keeps the vGPU while a framebuffer of it is exported. Default: 0. Called by this core never:
   * see set_opregion. */
  int (*get_vfio_device)(void* vgpu);
  void (*put_vfio_device)(void* vgpu);

  /* The guest has memory at that frame. Default: a byte of it can be read. */
  bool (*is_valid_gfn)(unsigned long handle, unsigned long gfn);
} gvtcore_mpt_t;

/* What the core offers upward: GVT-g's operations in their 5.13 order, behind them what is new.
 * `vgpu` is what vgpu_create gave. All may be called from any thread. */
typedef struct gvtcore_mpt_ops {
  size_t size; /* members behind it do not exist */

  /* PCI configuration space: bytes <= 4, inside 256 bytes' multiples up to 4096. -EINVAL. */
  int (*emulate_cfg_read)(void* vgpu, unsigned int offset, void* buf, unsigned int bytes);
  int (*emulate_cfg_write)(void* vgpu, unsigned int offset, void* buf, unsigned int bytes);
  /* BAR0 and BAR2 by guest address: 1, 2, 4 or 8 bytes. -EINVAL: no region is there. */
  int (*emulate_mmio_read)(void* vgpu, uint64_t gpa, void* buf, unsigned int bytes);
  int (*emulate_mmio_write)(void* vgpu, uint64_t gpa, void* buf, unsigned int bytes);

  /* Makes a vGPU of a type, "V4_1" to "V5_8" (docs/mpt.md), inactive. NULL: no such type, no room,
   * or attach_vgpu failed. */
  void* (*vgpu_create)(void* gvt, const char* type);
  void (*vgpu_destroy)(void* vgpu);
  /* Deactivates, and drops what is queued, as closing the device does. */
  void (*vgpu_release)(void* vgpu);
  void (*vgpu_reset)(void* vgpu);
  void (*vgpu_activate)(void* vgpu);
  void (*vgpu_deactivate)(void* vgpu);

  /* -ENODEV: the device has no display. */
  int (*vgpu_query_plane)(void* vgpu, void* info);
  int (*vgpu_get_dmabuf)(void* vgpu, unsigned int dmabuf_id);

  /* A tracked page was written. -ENXIO: the core tracks no such page; treat it as a plain write. */
  int (*write_protect_handler)(void* vgpu, uint64_t gpa, void* data, unsigned int bytes);
  /* Nothing: the device has no display. */
  void (*emulate_hotplug)(void* vgpu, bool connected);

  /* New. From now on the vGPU's virtual machine is `handle`; 0: none. When it returns, no member is
   * running with the former handle. -EINVAL. */
  int (*set_handle)(void* vgpu, unsigned long handle);
  /* New. As gvtcore_vgpu_save and gvtcore_vgpu_restore. The hypervisor's side moves guest memory,
   * and interrupts that it was given before. A state goes to a vGPU of the same type whose handle
   * is there, since set_trap_area is told where the regions are. -EINVAL, -EOPNOTSUPP, -ENOSPC. */
  int64_t (*vgpu_save)(void* vgpu, void* data, size_t room);
  int (*vgpu_restore)(void* vgpu, const void* state, size_t length);

  /* New. Lends guest memory: [gpa, gpa + length) is at `address` in this process, as in
   * gvtcore_vgpu_memory_add; it is then reached without a call. NULL: zeroed memory that the core
   * makes, at most 64 pieces, and keeps until the handle is taken back. Memory comes, goes and
   * moves while the vGPU works. -EINVAL, -EBUSY (overlaps what is lent), -ENOSPC, -ENOMEM. */
  int (*memory_add)(void* vgpu, uint64_t gpa, uint64_t length, void* address, uint32_t flags);
  /* New. When it returns, nothing in the core touches those pages any more. set_handle(vgpu, 0)
   * does this for all that is lent. -EINVAL. */
  int (*memory_remove)(void* vgpu, uint64_t gpa, uint64_t length);
  /* New. As gvtcore_vgpu_memory_move. -EINVAL, -ENOENT, -ENOSPC. */
  int (*memory_move)(void* vgpu, uint64_t gpa, uint64_t length, void* address);

  /* New. The types that vgpu_create knows, as gvtcore_type. -EINVAL, -ENOENT. */
  int (*vgpu_type)(void* gvt, uint32_t index, gvtcore_type_t* type);
} gvtcore_mpt_ops_t;

typedef struct gvtcore_mpt_host gvtcore_mpt_host_t;

/* Puts `core` behind a table; calls host_init. `table` stays valid and unchanged until
 * unregistration; `dev` is handed back in host_init and host_exit. Errors: EINVAL (an argument, or
 * a mandatory member, is missing), ENOTSUP (host_init failed), ENOMEM. */
GVTCORE_API int gvtcore_mpt_register(gvtcore_t* core, const gvtcore_mpt_t* table,
                                     struct device* dev, gvtcore_mpt_host_t** out);
/* Calls host_exit. Every vGPU must have been destroyed. NULL is allowed. */
GVTCORE_API void gvtcore_mpt_unregister(gvtcore_mpt_host_t* host);

/* What GVT-g calls a type of vGPU. "V5_4" or "i915-GVTg_V5_4": generation code 4 (Gen8) or 5
 * (Gen9), then how many of them a GPU of 512 MiB of aperture is cut into: 1, 2, 4 or 8. This device
 * is Gen9: V4 is an old name for the same sizes. The vGPU has a GGTT of its own, and its parts from
 * the beginning on; with a number, "V5_4:2", the parts that the second of them has in one GGTT of
 * GVT-g's, which keeps 128 MiB of the low and 384 MiB of the high part: there is room for six of
 * V5_8, three of V5_4, one of V5_2. "16+48" is no type of GVT-g's: MiB of the low part, 1 to 512,
 * and of the high part, from 1 to what the low one's aperture leaves of 4 GiB. Fills the members of
 * `config` that a type says. Errors: EINVAL, ENOENT, ENOSPC (there is no room for so many). */
GVTCORE_API int gvtcore_mpt_type(const char* type, gvtcore_vgpu_config_t* config);

#ifdef __cplusplus
}
#endif

#endif /* GVTCORE_MPT_H */
