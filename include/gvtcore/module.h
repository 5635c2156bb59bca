/* A host as a module: a shared library that the program loads, in tree or not.
 *
 * The library exports one symbol, gvtcore_module. It answers with its description, which holds an
 * MPT table (mpt.h); the library links nothing of gvtcore's, for all that it calls is in the
 * operations that host_init is given. docs/porting-a-hypervisor.md shows the way.
 *
 * Versions: the program tells its version of this contract, the module answers with a description
 * of its own version, or NULL if it cannot work with the program's. Within a version structures
 * grow at the end, and each side takes from the other's what its `size` says is there.
 */
#ifndef GVTCORE_MODULE_H
#define GVTCORE_MODULE_H

#include "gvtcore/mpt.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GVTCORE_MODULE_VERSION 1u
#define GVTCORE_MODULE_SYMBOL "gvtcore_module"

typedef struct gvtcore_module_description {
  size_t size;      /* sizeof(gvtcore_module_t) as the module was compiled */
  uint32_t version; /* GVTCORE_MODULE_VERSION, likewise */
  const char* name; /* of the hypervisor, for people */
  const gvtcore_mpt_t* table;

  /* The members below let `gvtcore conformance` try the host. vm_create: a virtual machine with
   * `memory_bytes` of zeroed memory at guest address 0, for `vgpu`, whose handle it sets
   * (ops->set_handle) unless attach_vgpu did. 0, or a negative value of <errno.h>. */
  int (*vm_create)(void* vgpu, uint64_t memory_bytes, void** vm);
  /* Takes the handle back (0), then ends it. */
  void (*vm_destroy)(void* vm);

  /* Optional, all of them: what a processor of the guest does. A contract line that needs one which
   * is not there is not tried. Plain accesses; 4 and 8 bytes, naturally aligned, are one access. A
   * write to a tracked page has been told when guest_write returns. 0, or a negative value: no
   * memory there. */
  int (*guest_read)(void* vm, uint64_t gpa, void* data, size_t length);
  int (*guest_write)(void* vm, uint64_t gpa, const void* data, size_t length);
  /* Waits until the guest has taken an interrupt that was not reported yet, and says its vector. 1:
   * there was one; 0: the time is over. */
  int (*guest_interrupt)(void* vm, uint32_t timeout_ms, uint32_t* vector);
  /* Takes memory away from the guest, as hot-unplug does. 0, or a negative value. */
  int (*memory_remove)(void* vm, uint64_t gpa, uint64_t length);

  /* Optional. Where the program leaves what it gives to host_init, before it calls that. */
  const gvtcore_mpt_ops_t** ops;
} gvtcore_module_t;

/* What the module exports. */
typedef const gvtcore_module_t* (*gvtcore_module_entry_t)(uint32_t version);

#if defined(__GNUC__)
#define GVTCORE_MODULE_EXPORT __attribute__((visibility("default")))
#else
#define GVTCORE_MODULE_EXPORT
#endif

GVTCORE_MODULE_EXPORT const gvtcore_module_t* gvtcore_module(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif /* GVTCORE_MODULE_H */
