/* A whole host in 20 lines of code, which passes `gvtcore conformance ./minimal_host.so`. Its
 * guests have no processor that would see an interrupt, and their memory is made by the core; yours
 * have both: inject_msi is a call of your hypervisor's, and memory_add is given an address.
 */
#include "gvtcore/module.h"

static const gvtcore_mpt_ops_t* ops;

static int inject_msi(unsigned long vm, uint32_t address, uint16_t data) {
  return vm != 0 ? 0 : -1;
}

static int vm_create(void* vgpu, uint64_t memory_bytes, void** vm) {
  *vm = vgpu;
  ops->set_handle(vgpu, (unsigned long)vgpu);
  return ops->memory_add(vgpu, 0, memory_bytes, NULL, 0);
}

static void vm_destroy(void* vm) {
  ops->set_handle(vm, 0);
}

static const gvtcore_mpt_t table = {.inject_msi = inject_msi};

const gvtcore_module_t* gvtcore_module(uint32_t version) {
  static const gvtcore_module_t module = {
      sizeof module, GVTCORE_MODULE_VERSION, "minimal", &table, vm_create, vm_destroy, .ops = &ops};
  return version == GVTCORE_MODULE_VERSION ? &module : NULL;
}
