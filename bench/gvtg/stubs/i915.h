// What GVT-g takes from i915 and its neighbours (DRM, VFIO, KVM): types with only the members that
// GVT-g reads, and functions that either do the least that is needed (stubs/services.c) or end the
// program, because a scan never comes there.
//
// Names, numbers and order of enumerators: linux v6.1, drivers/gpu/drm/i915.
#pragma once

#include "linux.h"
// The register headers need the types above.
#include "gt/uc/intel_guc_reg.h"
#include "i915_reg.h"

// --- gt/intel_engine_types.h ---

enum intel_engine_id {
  RCS0 = 0,
  BCS0 = 1,
  VCS0 = 10,
  VCS1 = 11,
  VECS0 = 18,
  CCS0 = 22,
  I915_NUM_ENGINES = 26
};
typedef u32 intel_engine_mask_t;
#define ALL_ENGINES (~0u)

struct drm_i915_private;
struct intel_vgpu;
struct file;
struct intel_gt;
struct intel_uncore;

struct intel_engine_cs {
  struct drm_i915_private* i915;
  struct intel_gt* gt;
  char name[8];
  enum intel_engine_id id;
  intel_engine_mask_t mask;
  u32 mmio_base;
  u32 context_size;
  struct file* default_state;
};

// --- intel_device_info.h: where the display blocks of Gen8 and Gen9 are ---

struct intel_device_info {
  struct {
    u32 mmio_offset;
    u32 pipe_offsets[5];   // A, B, C, D, EDP
    u32 trans_offsets[5];  // likewise
    u32 cursor_offsets[4];
  } display;
};
extern const struct intel_device_info gvtg_device_info;
#define INTEL_INFO(i915) ((void)(i915), &gvtg_device_info)
#define HAS_PAGE_SIZES(i915, sizes) ((void)(i915), (sizes)&4096)  // memory comes in 4 KiB pages

// --- display: what handlers of display registers name ---

enum intel_fbc_id { INTEL_FBC_A };
enum intel_dpll_id { DPLL_ID_WRPLL1 = 0, DPLL_ID_WRPLL2 = 1, DPLL_ID_SKL_DPLL0 = 0 };
struct dpll {
  int n, m1, m2, p1, p2, dot, vco, m, p;
};

// --- gt/intel_gtt.h, gt/intel_lrc.h, gt/intel_ring.h ---

#define I915_GTT_PAGE_SIZE 4096ull
#define I915_GTT_PAGE_MASK (-I915_GTT_PAGE_SIZE)
#define GEN8_3LVL_PDPES 4
#define GEN8_PAGE_PRESENT BIT_ULL(0)
#define GEN8_PAGE_RW BIT_ULL(1)
#define GEN8_PDE_IPS_64K BIT(11)
#define I915_GTT_PAGE_SIZE_2M BIT_ULL(21)
#define PPAT_CACHED _PAGE_PAT
#define CHV_PPAT_SNOOP BIT(6)
#define GEN8_PPAT(index, value) ((u64)(value) << ((index)*8))
#define LRC_STATE_PN 1
#define CACHELINE_BYTES 64
#define CACHELINE_DWORDS (CACHELINE_BYTES / sizeof(u32))
typedef u64 gen8_pte_t;

struct i915_ggtt {
  struct {
    u64 total;
  } vm;
  void* gsm;
  u64 mappable_end;
  struct {
    u64 start;
  } gmadr;
  u32 num_fences;
};

struct intel_uncore {
  void* rpm;
};
struct intel_gt {
  struct drm_i915_private* i915;
  struct i915_ggtt* ggtt;
  struct intel_uncore* uncore;
  struct intel_engine_cs* engine[I915_NUM_ENGINES];
  struct {
    intel_engine_mask_t engine_mask;
  } info;
};
#define HAS_ENGINE(gt, id) ((gt)->info.engine_mask & BIT(id))
#define for_each_engine(engine_, gt_, id_)           \
  for ((id_) = 0; (id_) < I915_NUM_ENGINES; (id_)++) \
    if (!((engine_) = (gt_)->engine[(id_)])) {       \
    } else
#define for_each_if(condition) \
  if (!(condition)) {          \
  } else

// --- i915_drv.h ---

struct kobject {
  int unused;
};
struct drm_minor {
  struct {
    struct kobject kobj;
  } * kdev;
};
struct drm_device {
  struct device* dev;
  struct drm_minor* primary;
};
enum intel_platform {
  INTEL_BROADWELL,
  INTEL_SKYLAKE,
  INTEL_BROXTON,
  INTEL_KABYLAKE,
  INTEL_COFFEELAKE
};
struct intel_gvt;
struct drm_i915_private {
  struct drm_device drm;
  enum intel_platform platform;
  int graphics_ver;
  struct intel_gt gt0;
  struct intel_uncore uncore;
  struct intel_gvt* gvt;
  struct {
    struct {
      struct {
        int nssc, ssc;
      } ref_clks;
    } dpll;
  } display;
};
#define to_gt(i915) (&(i915)->gt0)
#define IS_BROADWELL(i915) ((i915)->platform == INTEL_BROADWELL)
#define IS_SKYLAKE(i915) ((i915)->platform == INTEL_SKYLAKE)
#define IS_BROXTON(i915) ((i915)->platform == INTEL_BROXTON)
#define IS_KABYLAKE(i915) ((i915)->platform == INTEL_KABYLAKE)
#define IS_COFFEELAKE(i915) ((i915)->platform == INTEL_COFFEELAKE)
#define IS_COMETLAKE(i915) ((void)(i915), false)
#define GRAPHICS_VER(i915) ((i915)->graphics_ver)

// As in a kernel without CONFIG_DRM_I915_DEBUG_GEM.
#define GEM_BUG_ON(condition) ((void)sizeof((condition) ? 1 : 0))
#define GEM_WARN_ON(condition) (unlikely(!!(condition)))

// --- objects: an aligned piece of memory each ---

struct drm_i915_gem_object {
  void* pages;
};
#define I915_MAP_WB 0
struct drm_i915_gem_object* i915_gem_object_create_shmem(struct drm_i915_private* i915,
                                                         size_t size);
void i915_gem_object_put(struct drm_i915_gem_object* object);
static inline void* i915_gem_object_pin_map(struct drm_i915_gem_object* object, int type) {
  (void)type;
  return object->pages;
}
#define i915_gem_object_unpin_map(object) ((void)(object))
#define i915_gem_object_lock(object, context) ((void)(object))
#define i915_gem_object_unlock(object) ((void)(object))
#define i915_gem_object_set_to_cpu_domain(object, write) ((void)(object), 0)

struct i915_vma;
struct i915_request;
struct intel_context {
  struct i915_vma* state;
  u32* lrc_reg_state;
  atomic_t pin_count;
};
#define i915_ggtt_offset(vma) ((void)(vma), 0u)
void* shmem_pin_map(struct file* file);
#define shmem_unpin_map(file, address) ((void)(file), (void)(address))

#define intel_runtime_pm_get(rpm) ((void)(rpm))
#define intel_runtime_pm_put_unchecked(rpm) ((void)(rpm))
#define intel_uncore_read(uncore, reg) ((void)(uncore), (void)(reg), 0u)
#define intel_uncore_write(uncore, reg, value) ((void)(uncore), (void)(reg), (void)(value))
#define kobject_uevent_env(kobj, action, env) ((void)(kobj), (void)(env), 0)

// --- VFIO and KVM: guest memory is one array ---

struct mdev_type {
  int unused;
};
struct mdev_parent {
  int unused;
};
struct kvm {
  int srcu;
};
struct vfio_device {
  struct kvm* kvm;
  u8* memory;  // byte 0 of guest physical memory
  u64 bytes;
};
static inline int vfio_dma_rw(struct vfio_device* device, dma_addr_t at, void* data, size_t size,
                              bool write) {
  if (at > device->bytes || size > device->bytes - at) return -EFAULT;
  if (write) {
    memcpy(device->memory + at, data, size);
  } else {
    memcpy(data, device->memory + at, size);
  }
  return 0;
}
#define kvm_is_visible_gfn(kvm, gfn) ((void)(kvm), (void)(gfn), true)
typedef u64 kvm_pfn_t;
#define gfn_to_pfn(kvm, gfn) ((void)(kvm), (kvm_pfn_t)(gfn))
#define is_error_noslot_pfn(pfn) ((void)(pfn), false)
#define pfn_valid(pfn) ((void)(pfn), true)
#define pfn_to_page(pfn) (pfn)
#define PageTransHuge(page) ((void)(page), 0)
#define kvm_release_pfn_clean(pfn) ((void)(pfn))
struct kvm_page_track_notifier_node {
  int unused;
};
struct drm_mm_node {
  u64 start;
};
struct i915_fence_reg;

// --- tracepoints, which are off ---

#define trace_gvt_command(...) ((void)0)
#define trace_gma_index(...) ((void)0)
#define trace_gma_translate(...) ((void)0)
#define trace_spt_alloc(...) ((void)0)
#define trace_spt_free(...) ((void)0)
#define trace_spt_change(...) ((void)0)
#define trace_spt_guest_change(...) ((void)0)
#define trace_spt_refcount(...) ((void)0)
#define trace_oos_change(...) ((void)0)
#define trace_oos_sync(...) ((void)0)
