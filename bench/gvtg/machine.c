// Sets up what GVT-g needs to believe that it runs in a kernel with one vGPU, and calls it.
//
// The kernel's command parser is included as text, because what is to be measured and compared,
// command_scan() and cmd_parser_exec(), is private to that file. Around it there is one engine
// object each, one vGPU with its windows of the GGTT, one workload whose page tables are the
// guest's. All else is zero, as in a fresh object.
//
// Source of the numbers: linux v6.1 gvt/kvmgt.c init_device_info (limits of the device),
// gt/intel_engine_cs.c (bases, context sizes).
#include "machine.h"

#include "i915.h"
// The parser, after what it needs.
#include <gvt/cmd_parser.c>

enum { ENGINES = 5, RING_BYTES = 2 << 20 };

// By hw::Engine.
static const struct {
  const char* name;
  enum intel_engine_id id;
  u32 mmio_base;
} engine_facts[ENGINES] = {{"rcs", RCS0, RENDER_RING_BASE},
                           {"bcs", BCS0, BLT_RING_BASE},
                           {"vcs", VCS0, GEN6_BSD_RING_BASE},
                           {"vcs2", VCS1, GEN8_BSD2_RING_BASE},
                           {"vecs", VECS0, VEBOX_RING_BASE}};

// By hw::Platform.
static const struct {
  enum intel_platform platform;
  int graphics_ver;
} platform_facts[] = {{INTEL_BROADWELL, 8},
                      {INTEL_SKYLAKE, 9},
                      {INTEL_KABYLAKE, 9},
                      {INTEL_COFFEELAKE, 9},
                      {INTEL_BROXTON, 9}};

struct gvtg_machine {
  struct drm_i915_private i915;
  struct i915_ggtt ggtt;
  struct intel_engine_cs engines[ENGINES];
  struct intel_gvt gvt;
  struct intel_vgpu vgpu;
  struct kvm kvm;
  struct intel_vgpu_workload workload;
};

static void set_up_engines(struct gvtg_machine* m) {
  struct intel_gt* gt = to_gt(&m->i915);
  gt->i915 = &m->i915;
  gt->ggtt = &m->ggtt;
  gt->uncore = &m->i915.uncore;
  for (int i = 0; i < ENGINES; ++i) {
    struct intel_engine_cs* engine = &m->engines[i];
    strcpy(engine->name, engine_facts[i].name);
    engine->i915 = &m->i915;
    engine->gt = gt;
    engine->id = engine_facts[i].id;
    engine->mask = BIT(engine->id);
    engine->mmio_base = engine_facts[i].mmio_base;
    gt->engine[engine->id] = engine;
    gt->info.engine_mask |= engine->mask;
  }
}

static void set_up_device(struct gvtg_machine* m, const struct gvtg_setup* setup) {
  struct intel_gvt_device_info* info = &m->gvt.device_info;
  info->mmio_size = 2 << 20;
  info->gtt_entry_size = 8;
  info->gtt_entry_size_shift = 3;
  info->gmadr_bytes_in_cmd = 8;
  info->max_surface_size = 36 << 20;
  m->i915.platform = platform_facts[setup->platform].platform;
  m->i915.graphics_ver = platform_facts[setup->platform].graphics_ver;
  m->i915.gvt = &m->gvt;
  m->gvt.gt = to_gt(&m->i915);
  m->ggtt.vm.total = 1ull << 32;
  m->ggtt.mappable_end = 256 << 20;
  m->ggtt.gsm = calloc(1u << 20, sizeof(gen8_pte_t));
}

static void set_up_vgpu(struct gvtg_machine* m, const struct gvtg_setup* setup) {
  struct intel_vgpu* vgpu = &m->vgpu;
  vgpu->gvt = &m->gvt;
  vgpu->id = 1;
  vgpu->active = vgpu->attached = vgpu->pv_notified = true;
  vgpu->gm.low_gm_node.start = setup->aperture_begin;
  vgpu->gm.aperture_sz = setup->aperture_end - setup->aperture_begin;
  vgpu->gm.high_gm_node.start = setup->hidden_begin;
  vgpu->gm.hidden_sz = setup->hidden_end - setup->hidden_begin;
  vgpu->mmio.vreg = calloc(1, m->gvt.device_info.mmio_size);
  vgpu->vfio_device.kvm = &m->kvm;
  vgpu->vfio_device.memory = setup->memory;
  vgpu->vfio_device.bytes = setup->memory_bytes;
  m->workload.vgpu = vgpu;
  INIT_LIST_HEAD(&m->workload.shadow_bb);
  INIT_LIST_HEAD(&m->workload.lri_shadow_mm);
}

struct gvtg_machine* gvtg_create(const struct gvtg_setup* setup) {
  struct gvtg_machine* m = calloc(1, sizeof(*m));
  if (!m) return NULL;
  set_up_engines(m);
  set_up_device(m, setup);
  set_up_vgpu(m, setup);
  bool made = m->ggtt.gsm && m->vgpu.mmio.vreg && intel_gvt_init_cmd_parser(&m->gvt) == 0 &&
              intel_gvt_setup_mmio_info(&m->gvt) == 0 && intel_gvt_init_gtt(&m->gvt) == 0 &&
              intel_vgpu_init_gtt(&m->vgpu) == 0;
  if (made && setup->root) {
    u64 pdps[GEN8_3LVL_PDPES] = {setup->root};
    m->workload.shadow_mm =
        intel_vgpu_create_ppgtt_mm(&m->vgpu, GTT_TYPE_PPGTT_ROOT_L4_ENTRY, pdps);
    made = !IS_ERR(m->workload.shadow_mm);
  } else if (made) {
    // Nothing is looked up in it; it says that the guest has four levels.
    m->workload.shadow_mm = calloc(1, sizeof(*m->workload.shadow_mm));
    m->workload.shadow_mm->ppgtt_mm.root_entry_type = GTT_TYPE_PPGTT_ROOT_L4_ENTRY;
  }
  return made ? m : NULL;
}

void gvtg_destroy(struct gvtg_machine* m) {
  if (list_empty(&m->vgpu.gtt.ppgtt_mm_list_head)) free(m->workload.shadow_mm);
  intel_vgpu_clean_gtt(&m->vgpu);
  intel_gvt_clean_gtt(&m->gvt);
  intel_gvt_clean_mmio_info(&m->gvt);
  intel_gvt_clean_cmd_parser(&m->gvt);
  radix_tree_free(&m->vgpu.gtt.spt_tree);
  radix_tree_free(&m->vgpu.page_track_tree);
  for (int i = 0; i < ENGINES; ++i) {
    free(m->vgpu.submission.ring_scan_buffer[m->engines[i].id]);
  }
  free(m->vgpu.mmio.vreg);
  free(m->ggtt.gsm);
  free(m);
}

bool gvtg_learn_context(struct gvtg_machine* m, unsigned engine, uint32_t* image,
                        uint32_t image_bytes) {
  const unsigned long status_page = LRC_STATE_PN * PAGE_SIZE;
  m->engines[engine].context_size = image_bytes + (u32)status_page;
  m->engines[engine].default_state = (struct file*)((u8*)image - status_page);
  m->gvt.is_reg_whitelist_updated = false;
  intel_gvt_update_reg_whitelist(&m->vgpu);
  m->engines[engine].default_state = NULL;
  return m->gvt.is_reg_whitelist_updated;
}

void gvtg_allow_register(struct gvtg_machine* m, uint32_t offset) {
  if (offset < m->gvt.device_info.mmio_size) intel_gvt_mmio_set_cmd_accessible(&m->gvt, offset);
}

void gvtg_map_ggtt(struct gvtg_machine* m, uint64_t gma, uint64_t physical) {
  u64* entries = m->vgpu.gtt.ggtt_mm->ggtt_mm.virtual_ggtt;
  entries[gma >> PAGE_SHIFT] = physical | GEN8_PAGE_PRESENT;
}

static void release_shadow(struct intel_vgpu_workload* workload) {
  struct intel_vgpu_shadow_bb *bb, *behind;
  list_for_each_entry_safe(bb, behind, &workload->shadow_bb, list) {
    i915_gem_object_put(bb->obj);
    list_del(&bb->list);
    free(bb);
  }
}

// Where a ring may be: the scan loop keeps 32 bits of its tail.
#define LOW_RING 0x10000000ul
// Where a ring cannot be, but no batch either: a batch that lies over its ring ends GVT-g's loop.
#define HIGH_RING (1ul << 52)

// A parser at `gma`: in the ring that starts at `ring_start`, or in a batch that was started there.
static struct parser_exec_state at(struct gvtg_machine* m, unsigned engine, int buf_type,
                                   unsigned long ring_start, uint64_t gma, uint32_t* dwords) {
  m->workload.engine = &m->engines[engine];
  return (struct parser_exec_state){
      .vgpu = &m->vgpu,
      .engine = &m->engines[engine],
      .buf_type = buf_type,
      .buf_addr_type = GTT_BUFFER,
      .saved_buf_addr_type = GTT_BUFFER,
      .ring_start = ring_start,
      .ring_size = RING_BYTES,
      .ring_head = ring_start,
      .ring_tail = ring_start + RING_BYTES / 2,
      .ip_gma = gma,
      .ip_va = dwords,
      .rb_va = dwords,
      .ret_bb_va = dwords,
      .ret_ip_gma_ring = ring_start + RING_BYTES / 2,
      .ret_ip_gma_bb = gma,
      .workload = &m->workload,
  };
}

static const int buffer_types[] = {RING_BUFFER_INSTRUCTION, BATCH_BUFFER_INSTRUCTION,
                                   BATCH_BUFFER_2ND_LEVEL, RING_BUFFER_CTX};

struct gvtg_verdict gvtg_judge(struct gvtg_machine* m, unsigned engine, enum gvtg_buffer buffer,
                               uint32_t* dwords) {
  const bool in_ring = buffer == GVTG_RING || buffer == GVTG_CONTEXT;
  struct intel_vgpu_workload* workload = &m->workload;
  struct parser_exec_state s =
      at(m, engine, buffer_types[buffer], LOW_RING, in_ring ? LOW_RING : 1ul << 40, dwords);
  const struct cmd_info* info = get_cmd_info(&m->gvt, dwords[0], s.engine);
  struct gvtg_verdict verdict = {.name = ""};
  if (info) {
    verdict.name = info->name;
    verdict.length_dwords = (uint32_t)get_cmd_length(info, dwords[0]);
  }
  memset(workload->pending_events, 0, sizeof(workload->pending_events));
  INIT_LIST_HEAD(&workload->lri_shadow_mm);
  m->vgpu.scan_nonprivbb = 0;
  m->vgpu.failsafe = false;
  verdict.error = cmd_parser_exec(&s);
  verdict.failsafe = m->vgpu.failsafe;
  const struct cmd_interrupt_event* events = &cmd_interrupt_events[s.engine->id];
  verdict.user_interrupt = test_bit((unsigned)events->mi_user_interrupt, workload->pending_events);
  clear_bit(INTEL_GVT_EVENT_RESERVED, workload->pending_events);
  verdict.notify = test_bit((unsigned)events->mi_flush_dw, workload->pending_events) ||
                   test_bit((unsigned)events->pipe_control_notify, workload->pending_events);
  release_shadow(workload);
  return verdict;
}

int gvtg_scan_ring(struct gvtg_machine* m, unsigned engine, enum gvtg_buffer buffer,
                   uint32_t* dwords, uint32_t count) {
  struct parser_exec_state s = at(m, engine, buffer_types[buffer], LOW_RING, LOW_RING, dwords);
  s.ring_tail = s.ring_start + count * sizeof(u32);
  m->vgpu.scan_nonprivbb = 0;
  const int error = command_scan(&s, 0, count * sizeof(u32), s.ring_start, RING_BYTES);
  release_shadow(&m->workload);
  return error;
}

int gvtg_scan(struct gvtg_machine* m, unsigned engine, uint64_t start, uint32_t* dwords) {
  struct parser_exec_state s = at(m, engine, BATCH_BUFFER_INSTRUCTION, HIGH_RING, start, dwords);
  m->vgpu.scan_nonprivbb = 0;
  return command_scan(&s, 0, RING_BYTES / 2, s.ring_start, RING_BYTES);
}

int gvtg_scan_and_shadow(struct gvtg_machine* m, unsigned engine, uint64_t ring, uint32_t head,
                         uint32_t tail) {
  struct intel_vgpu_workload* workload = &m->workload;
  workload->engine = &m->engines[engine];
  workload->rb_start = ring;
  workload->rb_ctl = RB_TAIL_SIZE_MASK;  // the longest: 2 MiB
  workload->rb_head = head;
  workload->rb_tail = tail;
  m->vgpu.scan_nonprivbb = ALL_ENGINES;
  const int error = intel_gvt_scan_and_shadow_ringbuffer(workload);
  release_shadow(workload);
  return error;
}
