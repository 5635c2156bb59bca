/* A table in the manner of xengt: the handle is set when the toolstack has made the vGPU, frames
 * are the hypervisor's own, a tracked write is told instead of being stored (the device model
 * stores it then), and the device model claims the address range that the guest gave BAR0. What Xen
 * has no use for is not there.
 */
#include <errno.h>
#include <stdlib.h>

#include "gvtcore/module.h"
#include "toy_hypervisor.h"

#define FRAMES_FROM 0x100000ul /* machine frames are not guest frames */

static const gvtcore_mpt_ops_t* ops;

struct xengt_domain {
  toy_vm_t* vm;
  uint64_t trapped_from, trapped_to; /* the claimed range; 0 to 0: none */
};

static toy_vm_t* vm_of(unsigned long handle) {
  return handle != 0 ? ((struct xengt_domain*)handle)->vm : NULL;
}

static int xengt_host_init(struct device* dev, void* gvt, const void* upward) {
  (void)dev;
  if (gvt == NULL || upward == NULL) return -EINVAL;
  ops = upward;
  return 0;
}

static void xengt_host_exit(struct device* dev, void* gvt) {
  (void)dev, (void)gvt;
}

static int xengt_attach_vgpu(void* vgpu, unsigned long* handle) {
  (void)vgpu, (void)handle;
  return 0;
}

static void xengt_detach_vgpu(void* vgpu) {
  (void)vgpu;
}

static int xengt_inject_msi(unsigned long handle, uint32_t addr, uint16_t data) {
  (void)addr;
  toy_vm_t* vm = vm_of(handle);
  return vm == NULL ? -EINVAL : toy_interrupt(vm, data & 0xff);
}

static unsigned long xengt_virt_to_mfn(void* p) {
  return (uintptr_t)p / TOY_PAGE;
}

static unsigned long xengt_gfn_to_mfn(unsigned long handle, unsigned long gfn) {
  toy_vm_t* vm = vm_of(handle);
  return vm != NULL && toy_has_frame(vm, gfn) ? gfn + FRAMES_FROM : GVTCORE_INVALID_MFN;
}

static int xengt_read_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return -EINVAL;
  return toy_copy(vm, gpa, buf, len, false) < 0 ? -EFAULT : 0;
}

static int xengt_write_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return -EINVAL;
  return toy_copy(vm, gpa, buf, len, true) < 0 ? -EFAULT : 0;
}

static int xengt_dma_map_guest_page(unsigned long handle, unsigned long gfn, unsigned long size,
                                    uint64_t* dma_addr) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL || size != TOY_PAGE) return -EINVAL; /* 4 KiB pages only */
  if (toy_pin(vm, gfn, 1) < 0) return -EFAULT;
  *dma_addr = (uint64_t)(gfn + FRAMES_FROM) * TOY_PAGE;
  return 0;
}

static void xengt_dma_unmap_guest_page(unsigned long handle, uint64_t dma_addr) {
  toy_vm_t* vm = vm_of(handle);
  if (vm != NULL) toy_pin(vm, dma_addr / TOY_PAGE - FRAMES_FROM, -1);
}

static int xengt_map_gfn_to_mfn(unsigned long handle, unsigned long gfn, unsigned long mfn,
                                unsigned int nr, bool map) {
  (void)gfn, (void)mfn, (void)nr, (void)map;
  return vm_of(handle) != NULL ? 0 : -EINVAL;
}

static int xengt_set_trap_area(unsigned long handle, uint64_t start, uint64_t end, bool map) {
  struct xengt_domain* domain = (struct xengt_domain*)handle;
  if (domain == NULL) return -EINVAL;
  if (map) {
    domain->trapped_from = start;
    domain->trapped_to = end;
  } else if (domain->trapped_from == start) {
    domain->trapped_from = domain->trapped_to = 0;
  }
  return 0;
}

static int xengt_set_wp_page(unsigned long handle, uint64_t gfn) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return -EINVAL;
  return toy_watch(vm, gfn, true) < 0 ? -EFAULT : 0;
}

static int xengt_unset_wp_page(unsigned long handle, uint64_t gfn) {
  toy_vm_t* vm = vm_of(handle);
  if (vm != NULL) toy_watch(vm, gfn, false);
  return 0;
}

static const gvtcore_mpt_t xengt_mpt = {
    .type = GVTCORE_HYPERVISOR_XEN,
    .host_init = xengt_host_init,
    .host_exit = xengt_host_exit,
    .attach_vgpu = xengt_attach_vgpu,
    .detach_vgpu = xengt_detach_vgpu,
    .inject_msi = xengt_inject_msi,
    .from_virt_to_mfn = xengt_virt_to_mfn,
    .enable_page_track = xengt_set_wp_page,
    .disable_page_track = xengt_unset_wp_page,
    .read_gpa = xengt_read_gpa,
    .write_gpa = xengt_write_gpa,
    .gfn_to_mfn = xengt_gfn_to_mfn,
    .dma_map_guest_page = xengt_dma_map_guest_page,
    .dma_unmap_guest_page = xengt_dma_unmap_guest_page,
    .map_gfn_to_mfn = xengt_map_gfn_to_mfn,
    .set_trap_area = xengt_set_trap_area,
};

/* The toolstack. */

static void tracked_write(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  ops->write_protect_handler(vgpu, gpa, data, bytes);
}

static int create_domain(void* vgpu, uint64_t memory_bytes, void** out) {
  struct xengt_domain* domain = calloc(1, sizeof *domain);
  if (domain == NULL) return -ENOMEM;
  domain->vm = toy_vm_create(memory_bytes, false, tracked_write, vgpu);
  if (domain->vm == NULL) {
    free(domain);
    return -ENOMEM;
  }
  *out = domain;
  return ops->set_handle(vgpu, (unsigned long)domain);
}

static void destroy_domain(void* self) {
  struct xengt_domain* domain = self;
  ops->set_handle(toy_vm_context(domain->vm), 0);
  toy_vm_destroy(domain->vm);
  free(domain);
}

static int guest_read(void* self, uint64_t gpa, void* data, size_t length) {
  return toy_guest_read(((struct xengt_domain*)self)->vm, gpa, data, length);
}

static int guest_write(void* self, uint64_t gpa, const void* data, size_t length) {
  return toy_guest_write(((struct xengt_domain*)self)->vm, gpa, data, length);
}

static int guest_interrupt(void* self, uint32_t timeout_ms, uint32_t* vector) {
  return toy_guest_interrupt(((struct xengt_domain*)self)->vm, timeout_ms, vector);
}

static int memory_remove(void* self, uint64_t gpa, uint64_t length) {
  return toy_memory_remove(((struct xengt_domain*)self)->vm, gpa, length);
}

const gvtcore_module_t* gvtcore_module(uint32_t version) {
  static const gvtcore_module_t module = {
      .size = sizeof module,
      .version = GVTCORE_MODULE_VERSION,
      .name = "xengt manner",
      .table = &xengt_mpt,
      .vm_create = create_domain,
      .vm_destroy = destroy_domain,
      .guest_read = guest_read,
      .guest_write = guest_write,
      .guest_interrupt = guest_interrupt,
      .memory_remove = memory_remove,
  };
  return version == GVTCORE_MODULE_VERSION ? &module : NULL;
}
