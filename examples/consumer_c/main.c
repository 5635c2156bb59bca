/* The smallest host: a vGPU, some memory, an interrupt; reads the PCI id that its guest will see.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gvtcore/gvtcore.h"

static void raise_msi(void* host, uint32_t vector) {
  (void)host;
  printf("interrupt %u\n", vector);
}

int main(void) {
  const gvtcore_host_ops_t ops = {.size = sizeof ops, .raise_msi = raise_msi};
  const gvtcore_vgpu_config_t config = {.size = sizeof config};
  const size_t memory_bytes = 16u << 20;
  void* memory = aligned_alloc(4096, memory_bytes);
  gvtcore_t* core = NULL;
  gvtcore_vgpu_t* vgpu = NULL;
  if (memory == NULL || gvtcore_create(&core) != 0) return 1;
  if (gvtcore_vgpu_create(core, &config, &ops, NULL, &vgpu) != 0) return 1;
  if (gvtcore_vgpu_memory_add(vgpu, 0, memory_bytes, memory, 0) != 0) return 1;
  uint32_t id = 0;
  gvtcore_vgpu_read(vgpu, GVTCORE_REGION_CONFIG, 0, &id, sizeof id);
  printf("PCI id %04x:%04x\n", id & 0xffff, id >> 16);
  gvtcore_vgpu_destroy(vgpu);
  gvtcore_destroy(core);
  free(memory);
  return 0;
}
