/* A table in the manner of kvmgt: the handle comes when a VMM opens the device, pages are pinned
 * and counted, a tracked write has been stored when it is told, and the VMM follows the BARs.
 */
#include <errno.h>

#include "gvtcore/module.h"
#include "toy_hypervisor.h"

static const gvtcore_mpt_ops_t* ops;

/* A value up to 0xff is no handle: kvmgt's own rule. */
static toy_vm_t* vm_of(unsigned long handle) {
  return handle > 0xff ? (toy_vm_t*)handle : NULL;
}

static int kvmgt_host_init(struct device* dev, void* gvt, const void* upward) {
  (void)dev, (void)gvt;
  ops = upward;
  return 0;
}

static void kvmgt_host_exit(struct device* dev, void* gvt) {
  (void)dev, (void)gvt;
}

static int kvmgt_attach_vgpu(void* vgpu, unsigned long* handle) {
  (void)vgpu, (void)handle; /* the handle comes with the VMM */
  return 0;
}

static void kvmgt_detach_vgpu(void* vgpu) {
  (void)vgpu;
}

static int kvmgt_inject_msi(unsigned long handle, uint32_t addr, uint16_t data) {
  (void)addr;
  toy_vm_t* vm = vm_of(handle);
  return vm == NULL ? -ESRCH : toy_interrupt(vm, data & 0xff);
}

static unsigned long kvmgt_virt_to_mfn(void* p) {
  return (uintptr_t)p / TOY_PAGE;
}

static int kvmgt_page_track_add(unsigned long handle, uint64_t gfn) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return -ESRCH;
  return toy_watch(vm, gfn, true) < 0 ? -EINVAL : 0;
}

static int kvmgt_page_track_remove(unsigned long handle, uint64_t gfn) {
  toy_vm_t* vm = vm_of(handle);
  if (vm != NULL) toy_watch(vm, gfn, false);
  return 0;
}

static int kvmgt_read_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return -ESRCH;
  return toy_copy(vm, gpa, buf, len, false) < 0 ? -EFAULT : 0;
}

static int kvmgt_write_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return -ESRCH;
  return toy_copy(vm, gpa, buf, len, true) < 0 ? -EFAULT : 0;
}

static unsigned long kvmgt_gfn_to_pfn(unsigned long handle, unsigned long gfn) {
  toy_vm_t* vm = vm_of(handle);
  return vm != NULL && toy_has_frame(vm, gfn) ? gfn : GVTCORE_INVALID_MFN;
}

/* The toy's GPU sees guest memory where the guest does. */
static int kvmgt_dma_map_guest_page(unsigned long handle, unsigned long gfn, unsigned long size,
                                    uint64_t* dma_addr) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL || (size != TOY_PAGE && size != 2u << 20)) return -EINVAL;
  for (unsigned long i = 0; i < size / TOY_PAGE; ++i) {
    if (toy_pin(vm, gfn + i, 1) < 0) {
      while (i-- > 0) toy_pin(vm, gfn + i, -1);
      return -EFAULT;
    }
  }
  *dma_addr = (uint64_t)gfn * TOY_PAGE;
  return 0;
}

static void kvmgt_dma_unmap_guest_page(unsigned long handle, uint64_t dma_addr) {
  toy_vm_t* vm = vm_of(handle);
  if (vm != NULL) toy_pin(vm, dma_addr / TOY_PAGE, -1);
}

static int kvmgt_dma_pin_guest_page(unsigned long handle, uint64_t dma_addr) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return -ENODEV;
  if (toy_pins(vm, dma_addr / TOY_PAGE) <= 0) return -ENOMEM;
  return toy_pin(vm, dma_addr / TOY_PAGE, 1) > 0 ? 0 : -ENOMEM;
}

static int kvmgt_set_opregion(void* vgpu) {
  (void)vgpu;
  return 0;
}

static int kvmgt_set_edid(void* vgpu, int port_num) {
  (void)vgpu, (void)port_num;
  return 0;
}

static int kvmgt_get_vfio_device(void* vgpu) {
  return vgpu != NULL ? 0 : -ENODEV;
}

static void kvmgt_put_vfio_device(void* vgpu) {
  (void)vgpu;
}

static bool kvmgt_is_valid_gfn(unsigned long handle, unsigned long gfn) {
  toy_vm_t* vm = vm_of(handle);
  return vm != NULL && toy_has_frame(vm, gfn);
}

static const gvtcore_mpt_t kvmgt_mpt = {
    .type = GVTCORE_HYPERVISOR_KVM,
    .host_init = kvmgt_host_init,
    .host_exit = kvmgt_host_exit,
    .attach_vgpu = kvmgt_attach_vgpu,
    .detach_vgpu = kvmgt_detach_vgpu,
    .inject_msi = kvmgt_inject_msi,
    .from_virt_to_mfn = kvmgt_virt_to_mfn,
    .enable_page_track = kvmgt_page_track_add,
    .disable_page_track = kvmgt_page_track_remove,
    .read_gpa = kvmgt_read_gpa,
    .write_gpa = kvmgt_write_gpa,
    .gfn_to_mfn = kvmgt_gfn_to_pfn,
    .dma_map_guest_page = kvmgt_dma_map_guest_page,
    .dma_unmap_guest_page = kvmgt_dma_unmap_guest_page,
    .dma_pin_guest_page = kvmgt_dma_pin_guest_page,
    .set_opregion = kvmgt_set_opregion,
    .set_edid = kvmgt_set_edid,
    .get_vfio_device = kvmgt_get_vfio_device,
    .put_vfio_device = kvmgt_put_vfio_device,
    .is_valid_gfn = kvmgt_is_valid_gfn,
};

/* The VMM. */

static void tracked_write(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  ops->write_protect_handler(vgpu, gpa, data, bytes);
}

static int open_device(void* vgpu, uint64_t memory_bytes, void** out) {
  toy_vm_t* vm = toy_vm_create(memory_bytes, true, tracked_write, vgpu);
  if (vm == NULL) return -ENOMEM;
  *out = vm;
  return ops->set_handle(vgpu, (unsigned long)vm);
}

static void close_device(void* vm) {
  ops->set_handle(toy_vm_context(vm), 0);
  toy_vm_destroy(vm);
}

const gvtcore_module_t* gvtcore_module(uint32_t version) {
  static const gvtcore_module_t module = {
      .size = sizeof module,
      .version = GVTCORE_MODULE_VERSION,
      .name = "kvmgt manner",
      .table = &kvmgt_mpt,
      .vm_create = open_device,
      .vm_destroy = close_device,
      .guest_read = toy_guest_read,
      .guest_write = toy_guest_write,
      .guest_interrupt = toy_guest_interrupt,
      .memory_remove = toy_memory_remove,
  };
  return version == GVTCORE_MODULE_VERSION ? &module : NULL;
}
