// The kernel services that GVT-g's files call, as little of them as a scan needs.
//
// Pages come from one arena, so that a DMA address is an offset in it: GVT-g keeps 46 bits of an
// address in a page-table entry, fewer than a pointer has. The functions at the end belong to parts
// of GVT-g that are not built here (display, interrupts, submission, reset); a scan of commands
// cannot come there, or comes there for an effect that nobody looks at.
#include <stdio.h>
#include <sys/mman.h>

#include "i915.h"

const struct intel_device_info gvtg_device_info = {
    .display = {
        .pipe_offsets = {0x70000, 0x71000, 0x72000, 0x73000, 0x7f000},
        .trans_offsets = {0x60000, 0x61000, 0x62000, 0x63000, 0x6f000},
        .cursor_offsets = {0x70080, 0x71080, 0x72080, 0x73080},
    }};

void gvtg_bug(const char* what) {
  fprintf(stderr, "gvtg: GVT-g came to what it calls a bug: %s\n", what);
  abort();
}

// --- pages ---

#define ARENA_BYTES (1ul << 32)
// Where the arena seems to lie: the middle of a host of 16 GiB. It decides how deep the tree of
// shadow pages by page number is, which every translation looks into four times.
#define ARENA_ADDRESS (8ul << 30)
static u8* arena;
static size_t arena_used;
static struct page* free_pages;  // each begins with the next one's address

struct page* alloc_page(gfp_t flags) {
  (void)flags;
  struct page* page = free_pages;
  if (page) {
    memcpy(&free_pages, page, sizeof(free_pages));
    return memset(page, 0, PAGE_SIZE);
  }
  if (!arena) {
    void* made = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED) return NULL;
    arena = made;
  }
  if (arena_used == ARENA_BYTES) return NULL;
  arena_used += PAGE_SIZE;
  return (struct page*)(arena + arena_used - PAGE_SIZE);
}

void __free_page(struct page* page) {
  memcpy(page, &free_pages, sizeof(free_pages));
  free_pages = page;
}

dma_addr_t dma_map_page(struct device* device, struct page* page, size_t offset, size_t size,
                        int direction) {
  (void)device, (void)size, (void)direction;
  return ARENA_ADDRESS + (dma_addr_t)((u8*)page - arena) + offset;
}

// Guest pages keep their number: no IOMMU.
int intel_gvt_dma_map_guest_page(struct intel_vgpu* vgpu, unsigned long gfn, unsigned long size,
                                 dma_addr_t* address) {
  (void)vgpu, (void)size;
  *address = gfn << PAGE_SHIFT;
  return 0;
}

// --- radix tree ---

static void* new_node(void) {
  return calloc(1, sizeof(struct radix_node));
}

int radix_tree_insert(struct radix_tree_root* root, unsigned long index, void* item) {
  while (!root->top || (root->bits < 64 && index >> root->bits)) {
    struct radix_node* top = new_node();
    if (!top) return -ENOMEM;
    top->slots[0] = root->top;
    root->top = top;
    root->bits += RADIX_BITS;
  }
  struct radix_node* node = root->top;
  for (unsigned shift = root->bits - RADIX_BITS; shift; shift -= RADIX_BITS) {
    void** slot = &node->slots[(index >> shift) & 63];
    if (!*slot && !(*slot = new_node())) return -ENOMEM;
    node = *slot;
  }
  if (node->slots[index & 63]) return -EEXIST;
  node->slots[index & 63] = item;
  return 0;
}

// Nodes stay; radix_tree_free() takes them.
void* radix_tree_delete(struct radix_tree_root* root, unsigned long index) {
  struct radix_node* node = root->top;
  if (!node || (root->bits < 64 && index >> root->bits)) return NULL;
  for (unsigned shift = root->bits - RADIX_BITS; node && shift; shift -= RADIX_BITS) {
    node = node->slots[(index >> shift) & 63];
  }
  if (!node) return NULL;
  void* item = node->slots[index & 63];
  node->slots[index & 63] = NULL;
  return item;
}

static void free_nodes(struct radix_node* node, unsigned bits) {
  for (int i = 0; node && bits > RADIX_BITS && i < 64; ++i) {
    free_nodes(node->slots[i], bits - RADIX_BITS);
  }
  free(node);
}

void radix_tree_free(struct radix_tree_root* root) {
  free_nodes(root->top, root->bits);
  root->top = NULL;
  root->bits = 0;
}

// --- objects ---

struct drm_i915_gem_object* i915_gem_object_create_shmem(struct drm_i915_private* i915,
                                                         size_t size) {
  (void)i915;
  struct drm_i915_gem_object* object = malloc(sizeof(*object));
  void* pages = malloc(size);
  if (!object || !pages) {
    free(object);
    free(pages);
    return ERR_PTR(-ENOMEM);
  }
  object->pages = pages;
  return object;
}

void i915_gem_object_put(struct drm_i915_gem_object* object) {
  free(object->pages);
  free(object);
}

// An engine's default context is the memory itself.
void* shmem_pin_map(struct file* file) {
  return file;
}

// --- parts of GVT-g that are not built: effects of registers and commands beyond the scan ---

int gvtg_no_effect(void) {
  return 0;
}
#define NO_EFFECT(name) int name(void) __attribute__((alias("gvtg_no_effect")))
NO_EFFECT(intel_gvt_page_track_add);
NO_EFFECT(intel_gvt_page_track_remove);
NO_EFFECT(intel_gvt_dma_unmap_guest_page);
NO_EFFECT(intel_vgpu_trigger_virtual_event);
NO_EFFECT(intel_vgpu_select_submission_ops);
NO_EFFECT(intel_vgpu_start_schedule);

int gvtg_never(void) {
  gvtg_bug("a part that is not built was called");
}
#define NEVER(name) int name(void) __attribute__((alias("gvtg_never")))
NEVER(intel_gvt_i2c_handle_aux_ch_write);
NEVER(intel_gvt_i2c_handle_gmbus_read);
NEVER(intel_gvt_i2c_handle_gmbus_write);
NEVER(intel_gvt_reset_vgpu_locked);
NEVER(intel_vgpu_reg_ier_handler);
NEVER(intel_vgpu_reg_iir_handler);
NEVER(intel_vgpu_reg_imr_handler);
NEVER(intel_vgpu_reg_master_irq_handler);
NEVER(intel_vgpu_submit_execlist);
NEVER(intel_vgpu_write_fence);
NEVER(is_inhibit_context);
NEVER(vgpu_update_vblank_emulation);
