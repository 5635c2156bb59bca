/* The host of a hypervisor that nobody else knows: the four members that have no default, and a
 * virtual machine to try them on. Here the hypervisor is an array of bytes and a counter; yours has
 * calls in their place. docs/porting-a-hypervisor.md goes on from here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gvtcore/module.h"

static const gvtcore_mpt_ops_t* ops;

struct vm {
  void* vgpu;
  size_t bytes;
  unsigned interrupts;
  unsigned char memory[];
};

/* The host: these four functions and the table. */

static int xxx_host_init(struct device* dev, void* gvt, const void* upward) {
  (void)dev, (void)gvt;
  ops = upward;
  return 0;
}

static int xxx_inject_msi(unsigned long handle, uint32_t addr, uint16_t data) {
  (void)addr, (void)data;
  if (handle == 0) return -ESRCH;
  __atomic_fetch_add(&((struct vm*)handle)->interrupts, 1, __ATOMIC_SEQ_CST);
  return 0;
}

static int xxx_copy(unsigned long handle, unsigned long gpa, void* buf, unsigned long len,
                    bool write) {
  struct vm* vm = (struct vm*)handle;
  if (vm == NULL) return -ESRCH;
  if (gpa >= vm->bytes || len > vm->bytes - gpa) return -EFAULT;
  void* to = write ? vm->memory + gpa : buf;
  const void* from = write ? buf : vm->memory + gpa;
  const uintptr_t both = (uintptr_t)to | (uintptr_t)from;
  if (len == 8 && both % 8 == 0) { /* words in one access */
    __atomic_store_n((uint64_t*)to, __atomic_load_n((const uint64_t*)from, __ATOMIC_ACQUIRE),
                     __ATOMIC_RELEASE);
  } else if (len == 4 && both % 4 == 0) {
    __atomic_store_n((uint32_t*)to, __atomic_load_n((const uint32_t*)from, __ATOMIC_ACQUIRE),
                     __ATOMIC_RELEASE);
  } else {
    memcpy(to, from, len);
  }
  return 0;
}

static int xxx_read_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  return xxx_copy(handle, gpa, buf, len, false);
}

static int xxx_write_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  return xxx_copy(handle, gpa, buf, len, true);
}

static const gvtcore_mpt_t xxxgt_mpt = {
    .type = GVTCORE_HYPERVISOR_PRIVATE + 1,
    .host_init = xxx_host_init,
    .inject_msi = xxx_inject_msi,
    .read_gpa = xxx_read_gpa,
    .write_gpa = xxx_write_gpa,
};

/* For `gvtcore conformance`: a machine, and no guest to look through. */

static int xxx_vm_create(void* vgpu, uint64_t memory_bytes, void** out) {
  struct vm* vm = calloc(1, sizeof *vm + memory_bytes);
  if (vm == NULL) return -ENOMEM;
  vm->vgpu = vgpu;
  vm->bytes = memory_bytes;
  *out = vm;
  return ops->set_handle(vgpu, (unsigned long)vm);
}

static void xxx_vm_destroy(void* self) {
  struct vm* vm = self;
  ops->set_handle(vm->vgpu, 0);
  free(vm);
}

const gvtcore_module_t* gvtcore_module(uint32_t version) {
  static const gvtcore_module_t module = {
      .size = sizeof module,
      .version = GVTCORE_MODULE_VERSION,
      .name = "xxxgt",
      .table = &xxxgt_mpt,
      .vm_create = xxx_vm_create,
      .vm_destroy = xxx_vm_destroy,
  };
  return version == GVTCORE_MODULE_VERSION ? &module : NULL;
}
