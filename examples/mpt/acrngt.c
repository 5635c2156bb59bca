/* A table in the manner of acrngt: the service virtual machine maps guest memory one to one, pages
 * are neither pinned nor counted, and only the device model knows which guest pages exist.
 */
#include <errno.h>

#include "gvtcore/module.h"
#include "toy_hypervisor.h"

static const gvtcore_mpt_ops_t* ops;

static toy_vm_t* vm_of(unsigned long handle) {
  return (toy_vm_t*)handle;
}

static int acrngt_host_init(struct device* dev, void* gvt, const void* upward) {
  (void)dev, (void)gvt;
  ops = upward;
  return 0;
}

static void acrngt_host_exit(struct device* dev, void* gvt) {
  (void)dev, (void)gvt;
}

static int acrngt_attach_vgpu(void* vgpu, unsigned long* handle) {
  (void)vgpu, (void)handle;
  return 0;
}

static void acrngt_detach_vgpu(void* vgpu) {
  (void)vgpu;
}

static int acrngt_inject_msi(unsigned long handle, uint32_t addr, uint16_t data) {
  (void)addr;
  return vm_of(handle) == NULL ? -EINVAL : toy_interrupt(vm_of(handle), data & 0xff);
}

static unsigned long acrngt_virt_to_mfn(void* p) {
  return (uintptr_t)p / TOY_PAGE;
}

static int acrngt_page_track_add(unsigned long handle, uint64_t gfn) {
  if (vm_of(handle) == NULL) return -EINVAL;
  return toy_watch(vm_of(handle), gfn, true) < 0 ? -EFAULT : 0;
}

static int acrngt_page_track_remove(unsigned long handle, uint64_t gfn) {
  if (vm_of(handle) != NULL) toy_watch(vm_of(handle), gfn, false);
  return 0;
}

static int acrngt_read_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  if (vm_of(handle) == NULL) return -EINVAL;
  return toy_copy(vm_of(handle), gpa, buf, len, false) < 0 ? -EFAULT : 0;
}

static int acrngt_write_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  if (vm_of(handle) == NULL) return -EINVAL;
  return toy_copy(vm_of(handle), gpa, buf, len, true) < 0 ? -EFAULT : 0;
}

static unsigned long acrngt_gfn_to_mfn(unsigned long handle, unsigned long gfn) {
  return vm_of(handle) != NULL && toy_has_frame(vm_of(handle), gfn) ? gfn : GVTCORE_INVALID_MFN;
}

static int acrngt_dma_map_guest_page(unsigned long handle, unsigned long gfn, unsigned long size,
                                     uint64_t* dma_addr) {
  if (vm_of(handle) == NULL || size != TOY_PAGE) return -EINVAL;
  if (!toy_has_frame(vm_of(handle), gfn)) return -EFAULT;
  *dma_addr = (uint64_t)gfn * TOY_PAGE;
  return 0;
}

static void acrngt_dma_unmap_guest_page(unsigned long handle, uint64_t dma_addr) {
  (void)handle, (void)dma_addr;
}

static int acrngt_map_gfn_to_mfn(unsigned long handle, unsigned long gfn, unsigned long mfn,
                                 unsigned int nr, bool map) {
  (void)gfn, (void)mfn, (void)nr, (void)map;
  return vm_of(handle) != NULL ? 0 : -EINVAL;
}

static int acrngt_set_trap_area(unsigned long handle, uint64_t start, uint64_t end, bool map) {
  (void)start, (void)end, (void)map;
  return vm_of(handle) != NULL ? 0 : -EINVAL;
}

static const gvtcore_mpt_t acrngt_mpt = {
    .type = GVTCORE_HYPERVISOR_ACRN,
    .host_init = acrngt_host_init,
    .host_exit = acrngt_host_exit,
    .attach_vgpu = acrngt_attach_vgpu,
    .detach_vgpu = acrngt_detach_vgpu,
    .inject_msi = acrngt_inject_msi,
    .from_virt_to_mfn = acrngt_virt_to_mfn,
    .enable_page_track = acrngt_page_track_add,
    .disable_page_track = acrngt_page_track_remove,
    .read_gpa = acrngt_read_gpa,
    .write_gpa = acrngt_write_gpa,
    .gfn_to_mfn = acrngt_gfn_to_mfn,
    .dma_map_guest_page = acrngt_dma_map_guest_page,
    .dma_unmap_guest_page = acrngt_dma_unmap_guest_page,
    .map_gfn_to_mfn = acrngt_map_gfn_to_mfn,
    .set_trap_area = acrngt_set_trap_area,
};

/* The device model. */

static void tracked_write(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  ops->write_protect_handler(vgpu, gpa, data, bytes);
}

static int create_vm(void* vgpu, uint64_t memory_bytes, void** out) {
  toy_vm_t* vm = toy_vm_create(memory_bytes, false, tracked_write, vgpu);
  if (vm == NULL) return -ENOMEM;
  *out = vm;
  return ops->set_handle(vgpu, (unsigned long)vm);
}

static void destroy_vm(void* vm) {
  ops->set_handle(toy_vm_context(vm), 0);
  toy_vm_destroy(vm);
}

const gvtcore_module_t* gvtcore_module(uint32_t version) {
  static const gvtcore_module_t module = {
      .size = sizeof module,
      .version = GVTCORE_MODULE_VERSION,
      .name = "acrngt manner",
      .table = &acrngt_mpt,
      .vm_create = create_vm,
      .vm_destroy = destroy_vm,
      .guest_read = toy_guest_read,
      .guest_write = toy_guest_write,
      .guest_interrupt = toy_guest_interrupt,
      .memory_remove = toy_memory_remove,
  };
  return version == GVTCORE_MODULE_VERSION ? &module : NULL;
}
