/* gvtcore: a virtual Intel GPU as a library.
 *
 * One gvtcore_t is the engine of a process; each gvtcore_vgpu_t is one PCI function of one virtual
 * machine. The host forwards the guest's accesses to the function's regions and gives guest memory
 * and an interrupt; the core does the rest on its own threads.
 *
 * Results: 0 or a positive count is success; a negative value is one of GVTCORE_E*. No call aborts
 * the process because of what a guest did.
 *
 * Ownership: what an argument points to is the caller's, and is read or written before the call
 * returns, and not later, but for three: the clock that a gvtcore_config_t names, `host` and the
 * functions of a gvtcore_host_ops_t, and memory that was added. What a call gives is the library's
 * until the call that takes it back.
 *
 * Threads: all functions may be called from any thread. Calls on different vGPUs never wait for
 * each other. gvtcore_vgpu_destroy and gvtcore_destroy must not run concurrently with other calls
 * on the same object.
 */
#ifndef GVTCORE_GVTCORE_H
#define GVTCORE_GVTCORE_H

#include <stddef.h>
#include <stdint.h>

#include "gvtcore/host.h"

/* What the shared library exports, and nothing else is. */
#if defined(__GNUC__)
#define GVTCORE_API __attribute__((visibility("default")))
#else
#define GVTCORE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define GVTCORE_EINVAL (-1)  /* an argument is out of range */
#define GVTCORE_ENOMEM (-2)  /* no memory, or no address space */
#define GVTCORE_ENOSPC (-3)  /* a named limit is reached */
#define GVTCORE_EBUSY (-4)   /* overlaps something that is in use */
#define GVTCORE_ENOENT (-5)  /* no such type, region or mapping */
#define GVTCORE_ENOTSUP (-6) /* this build or this host does not have it */

/* Text for one of the codes above; never NULL. */
GVTCORE_API const char* gvtcore_error_text(int code);

/* What a contract may have and this library does not is a bit that is not set; its calls answer
 * ENOTSUP. Bits are only ever added. */
#define GVTCORE_CAN_DISPLAY \
  1u                        /* planes, dma-bufs, hotplug, OpRegion, EDID: the device has outputs */
#define GVTCORE_CAN_POST 2u /* gvtcore_vgpu_post returns before the write is complete */
/* Those that are there. This library's devices are headless and complete every write: 0. */
GVTCORE_API uint64_t gvtcore_capabilities(void);

typedef struct gvtcore_instance gvtcore_t;
typedef struct gvtcore_vgpu gvtcore_vgpu_t;

/* How the core runs. Zero a member for its default. */
typedef struct gvtcore_config {
  size_t size;    /* sizeof(gvtcore_config_t) */
  uint32_t flags; /* GVTCORE_STEPPED */
  /* With GVTCORE_STEPPED: nanoseconds that never go back; `clock` is handed back to it. NULL:
   * steady time. It must not call the core. */
  uint64_t (*now_ns)(void* clock);
  void* clock;
  /* Without GVTCORE_STEPPED: a file, best one in memory, by which processes share engines; each
   * names the same one, the first makes it. What a process gets of an engine follows from the
   * weights of its vGPUs that want it. Processes that end, however they end, hold nobody up for
   * longer than 20 ms. NULL: engines are this process's own. */
  const char* lease_path;
} gvtcore_config_t;

/* No threads: engines run in gvtcore_step. All calls on the core and on its vGPUs then come from
 * one thread at a time. With a clock of the host's own, the same calls do the same again. */
#define GVTCORE_STEPPED 1u

/* Starts the core: one thread an engine. `*out` is the instance. Errors: EINVAL, ENOMEM. */
GVTCORE_API int gvtcore_create(gvtcore_t** out);
/* The same by `config`. Errors: EINVAL (also: lease_path is another kind of file), ENOMEM, ENOENT
 * (lease_path cannot be opened), ENOSPC (64 processes share it). */
GVTCORE_API int gvtcore_create_with(const gvtcore_config_t* config, gvtcore_t** out);
/* Runs the next slice (2 ms) of an engine, numbered as in gvtcore_vgpu_statistics_t. 1: something
 * ran; 0: nothing can run there now. Errors: EINVAL, ENOTSUP (it has threads). */
GVTCORE_API int gvtcore_step(gvtcore_t* core, uint32_t engine);
/* Ends it. Every vGPU must have been destroyed. NULL is allowed. */
GVTCORE_API void gvtcore_destroy(gvtcore_t* core);

/* What a vGPU looks like to its guest. Zero a member for its default. */
typedef struct gvtcore_vgpu_config {
  size_t size;               /* sizeof(gvtcore_vgpu_config_t) */
  uint16_t pci_device_id;    /* 0x1912 (SKL GT2, default) or 0x5916 (KBL GT2) */
  uint32_t aperture_mib;     /* BAR2 and mappable part of the GGTT: 128, 256 (default) or 512 */
  uint32_t low_gm_base_mib;  /* ballooning: where the guest's mappable part starts (default 0) */
  uint32_t low_gm_mib;       /* its size (default: the whole aperture) */
  uint32_t high_gm_base_mib; /* hidden part: start (default: end of the aperture) */
  uint32_t high_gm_mib;      /* its size (default: up to 4 GiB) */
  uint32_t fence_count;      /* default 4, at most 32 */
  uint32_t weight;           /* share of the engines relative to other vGPUs (default 8) */
  uint32_t flags;            /* GVTCORE_VGPU_* */
  const char* trace_path;    /* record a boundary trace there (default NULL: none); see below */
  uint32_t cap_percent;      /* at most this much of each engine, even if it idles (default 100) */
  uint32_t latency_us;       /* work is begun within this time, if the share allows; see below */
} gvtcore_vgpu_config_t;

#define GVTCORE_VGPU_NO_SCAN 1u /* for measurements only: batches run without an audit */

/* Recording (trace_path): the file is created, or emptied, and grows with everything that crosses
 * the border between host and vGPU, until the vGPU is destroyed: `gvtcore replay FILE` does the
 * same again. It holds content of guest memory. Calls on the vGPU then wait for each other and for
 * slices of its engines (0.2 ms); raise_msi is called when the slice that caused it is over. A disk
 * that is full ends the recording, not the vGPU: the log says so. Hosts are expected to set
 * trace_path from the environment variable GVTCORE_TRACE. */

/* Sharing. Engines are shared by the time that vGPUs use of them: those that want an engine get it
 * in proportion to their weights, whoever does not want it costs the others nothing, and work that
 * is long is interrupted every 2 ms. latency_us (at most 1,000,000; default 0: none) shortens the
 * slices of the others to half of it, 0.1 ms at least, and lets the vGPU go first while it has had
 * no more than its share. A context that uses an engine for 20 s without getting on in its ring is
 * stopped by a command error, which a guest answers by a reset of that engine; a recorded one is
 * not. */

/* A size of vGPU that GVT-g had a name for. */
typedef struct gvtcore_type_info {
  size_t size;      /* in: sizeof; out: bytes filled */
  const char* name; /* "i915-GVTg_V5_4"; valid as long as the library */
  uint32_t low_gm_mib;
  uint32_t high_gm_mib;
  uint32_t fence_count;
  uint32_t weight;
  uint32_t available; /* how many more of them this core can make now */
} gvtcore_type_t;

/* The types by number, from 0 on. What a vGPU of one is made with: gvtcore_mpt_type (mpt.h) fills
 * it in by name. Errors: EINVAL, ENOENT (from the first number that is no type on). */
GVTCORE_API int gvtcore_type(const gvtcore_t* core, uint32_t index, gvtcore_type_t* type);

/* Makes a vGPU, reset, active and idle. `ops` is copied, `host` is handed back in every call of it.
 * Errors: EINVAL (also: mandatory member missing, one of read_memory and write_memory without the
 * other), ENOMEM, ENOSPC, ENOENT (trace_path cannot be created). */
GVTCORE_API int gvtcore_vgpu_create(gvtcore_t* core, const gvtcore_vgpu_config_t* config,
                                    const gvtcore_host_ops_t* ops, void* host,
                                    gvtcore_vgpu_t** out);
/* Stops its work, forgets its memory and frees it. When this returns, no member of ops is called
 * any more. NULL is allowed. */
GVTCORE_API void gvtcore_vgpu_destroy(gvtcore_vgpu_t* vgpu);
/* As a PCI function-level reset. Work in flight is dropped; memory and ops stay. Errors: EINVAL. */
GVTCORE_API int gvtcore_vgpu_reset(gvtcore_vgpu_t* vgpu);
/* Lets the engines run the vGPU's work (activate), or not (deactivate): submissions are then taken
 * and wait. When deactivate returns, nothing of the vGPU runs. Doing either again does nothing.
 * Errors: EINVAL. */
GVTCORE_API int gvtcore_vgpu_activate(gvtcore_vgpu_t* vgpu);
GVTCORE_API int gvtcore_vgpu_deactivate(gvtcore_vgpu_t* vgpu);
/* State: all of a vGPU but guest memory, to go on from in another process, or later in this one.
 * The guest's processors stand still from before save until guest memory has been copied, and a
 * save comes before that copy: it puts the contexts that engines hold back into their images there.
 * What was saved goes on if it is let; the engines pause only for the call. Interrupts that were
 * raised before are the host's to move. The bytes are versioned and checksummed; this library reads
 * what it and its predecessors wrote, and takes none of it on trust.
 *
 * Save writes at most `room` bytes to `data` and returns how many the state has; if that is more
 * than `room`, nothing was written (NULL and 0 ask for the size, which the guest's next access may
 * change; it is below 32 MiB). Errors: EINVAL, ENOTSUP (a recorded vGPU). */
GVTCORE_API int64_t gvtcore_vgpu_save(gvtcore_vgpu_t* vgpu, void* data, size_t room);
/* Takes a state over, in place of its own, when guest memory is there. set_trap_area is told where
 * the regions are. Counters, weight, cap and latency stay what they are here. Whatever an error
 * says, the vGPU is then as it was; the log says more. Errors: EINVAL (damaged), ENOTSUP (of
 * another version, of a vGPU with other sizes or another device id; or this one is recorded),
 * ENOSPC (longer than any state). */
GVTCORE_API int gvtcore_vgpu_restore(gvtcore_vgpu_t* vgpu, const void* state, size_t length);
/* For measurements only: whether segments that are entered from now on are audited. What was the
 * case before follows from GVTCORE_VGPU_NO_SCAN. Errors: EINVAL, ENOTSUP (a recorded vGPU). */
GVTCORE_API int gvtcore_vgpu_set_scan(gvtcore_vgpu_t* vgpu, int on);

/* Regions, numbered as VFIO numbers them. */
#define GVTCORE_REGION_BAR0 0u   /* registers and GGTT entries, 16 MiB */
#define GVTCORE_REGION_BAR2 2u   /* aperture */
#define GVTCORE_REGION_BAR4 4u   /* 64 bytes of I/O space */
#define GVTCORE_REGION_CONFIG 7u /* 4096 bytes of PCI configuration space */

/* Size in bytes; it never changes. Errors: EINVAL, ENOENT. */
GVTCORE_API int64_t gvtcore_vgpu_region_size(const gvtcore_vgpu_t* vgpu, uint32_t region);

/* A guest access. Registers take 1, 2, 4 or 8 bytes, naturally aligned; BAR2 and config any length.
 * Returns `length`; an access that no device would answer reads as all ones and is dropped when it
 * writes, and still returns `length`. Errors: ENOENT (region), EINVAL (beyond its end, or length
 * 0). */
GVTCORE_API int64_t gvtcore_vgpu_read(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset,
                                      void* data, size_t length);
GVTCORE_API int64_t gvtcore_vgpu_write(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset,
                                       const void* data, size_t length);

/* A string of accesses, as an instruction of the guest's can be one: `count` (1 to 4096) accesses
 * of `size` bytes (1, 2, 4 or 8), the i-th at offset + i * step; `step` is size, -size, or 0.
 * `data` has them side by side, in their order. Each is as gvtcore_vgpu_read and gvtcore_vgpu_write
 * have it, and other threads' accesses may come between. Returns count * size. Errors: ENOENT,
 * EINVAL (also: one of them is not inside the region): nothing was done. */
GVTCORE_API int64_t gvtcore_vgpu_read_string(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset,
                                             int64_t step, void* data, uint32_t size,
                                             uint32_t count);
GVTCORE_API int64_t gvtcore_vgpu_write_string(gvtcore_vgpu_t* vgpu, uint32_t region,
                                              uint64_t offset, int64_t step, const void* data,
                                              uint32_t size, uint32_t count);
/* A write that nobody waits for: the hypervisor has queued it, and its processor has gone on. It is
 * complete before the next access of any kind to the vGPU is begun. `data` is copied. As
 * gvtcore_vgpu_write; without GVTCORE_CAN_POST it is that. */
GVTCORE_API int64_t gvtcore_vgpu_post(gvtcore_vgpu_t* vgpu, uint32_t region, uint64_t offset,
                                      const void* data, size_t length);

/* Memory events. Memory comes, goes and moves while the vGPU works, from any thread but those that
 * are inside a member of ops. */
#define GVTCORE_MEMORY_READ_ONLY 1u

/* Guest memory [gpa, gpa + length) is at `address` in this process. All multiples of 4096. Errors:
 * EINVAL, EBUSY (overlaps), ENOSPC. */
GVTCORE_API int gvtcore_vgpu_memory_add(gvtcore_vgpu_t* vgpu, uint64_t gpa, uint64_t length,
                                        void* address, uint32_t flags);
/* Takes [gpa, gpa + length) away, whatever mix of mappings, parts of mappings and holes it is. When
 * this returns, nothing in the core touches those pages any more (work that did is paused first),
 * and the host may unmap them. Errors: EINVAL. */
GVTCORE_API int gvtcore_vgpu_memory_remove(gvtcore_vgpu_t* vgpu, uint64_t gpa, uint64_t length);
/* [gpa, gpa + length), all of which is there, is at `address` from now on; there is no time at
 * which it is away. When this returns, nothing in the core touches where it was. Either both places
 * show the same memory, or the vGPU is inactive while the host copies. Errors: EINVAL, ENOENT (a
 * hole), ENOSPC. */
GVTCORE_API int gvtcore_vgpu_memory_move(gvtcore_vgpu_t* vgpu, uint64_t gpa, uint64_t length,
                                         void* address);

/* The display: present with GVTCORE_CAN_DISPLAY; else each answers EINVAL (an argument that no
 * display would have) or ENOTSUP. */
typedef struct gvtcore_plane {
  size_t size;         /* in: sizeof; out: bytes filled */
  uint32_t drm_format; /* 0: the plane is off */
  uint32_t width;
  uint32_t height;
  uint32_t stride_bytes;
  uint64_t drm_modifier;
  uint32_t dmabuf_id; /* for gvtcore_vgpu_get_dmabuf */
} gvtcore_plane_t;

#define GVTCORE_PLANE_PRIMARY 0u
#define GVTCORE_PLANE_CURSOR 1u

/* What a plane of the guest's shows. */
GVTCORE_API int gvtcore_vgpu_query_plane(gvtcore_vgpu_t* vgpu, uint32_t plane,
                                         gvtcore_plane_t* info);
/* A file descriptor of what was queried; the caller's to close. */
GVTCORE_API int gvtcore_vgpu_get_dmabuf(gvtcore_vgpu_t* vgpu, uint32_t dmabuf_id);
/* A monitor is there (on != 0), or no longer. */
GVTCORE_API int gvtcore_vgpu_hotplug(gvtcore_vgpu_t* vgpu, uint32_t port, int on);

/* What happened to a vGPU: the last GVTCORE_EVENT_SLOTS events, for whoever asks. */
#define GVTCORE_EVENT_SLOTS 256u

typedef struct gvtcore_event {
  uint64_t number;  /* of the vGPU's events, from 0 on; a gap: the reader came too late */
  uint64_t time_ns; /* of gvtcore_config_t's clock, or steady time */
  uint32_t kind;    /* gvtcore_event_name */
  uint32_t engine;  /* as in gvtcore_vgpu_statistics_t; ~0: of none */
  uint64_t detail;  /* what the kind says: an address, an offset, a length */
} gvtcore_event_t;

/* Copies events from number `from` on (or from the oldest that is kept), oldest first, at most
 * `room`. Returns how many; 0: there are none yet. The next `from` is the last one's number + 1.
 * Errors: EINVAL. */
GVTCORE_API int gvtcore_vgpu_events(const gvtcore_vgpu_t* vgpu, uint64_t from,
                                    gvtcore_event_t* events, uint32_t room);
/* Name of a kind ("engine-reset", ...), stable. NULL from the first number that is no kind on. */
GVTCORE_API const char* gvtcore_event_name(uint32_t kind);

#define GVTCORE_RULE_SLOTS 32u

/* Name of an audit rule ("unknown-command", ...): stable, the same in reports and policy files.
 * NULL from the first number that is no rule on; that is GVTCORE_RULE_SLOTS at most. */
GVTCORE_API const char* gvtcore_rule_name(uint32_t rule);

typedef struct gvtcore_vgpu_counters {
  size_t size; /* in: sizeof; out: bytes filled */
  uint64_t submissions;
  uint64_t segments;
  uint64_t batches;
  uint64_t commands;
  uint64_t scanned_bytes;
  uint64_t refusals;
  uint64_t interrupts;
  uint64_t engine_resets;
  uint64_t engine_busy_ns[5]; /* RCS, BCS, VCS, VCS2, VECS */
  /* Of `refusals`, those by rule number; only the first 64 of a segment are told apart. */
  uint64_t refusals_by_rule[GVTCORE_RULE_SLOTS];
  uint64_t stalls;           /* contexts stopped for not getting on */
  uint64_t ptes_converted;   /* entries of page tables, of every level */
  uint64_t tables_shadowed;  /* page tables that were made for the device */
  uint64_t ptes_substituted; /* entries that name no page of the guest, or set reserved bits */
} gvtcore_vgpu_statistics_t;

/* Counters since creation. Errors: EINVAL. */
GVTCORE_API int gvtcore_vgpu_statistics(const gvtcore_vgpu_t* vgpu,
                                        gvtcore_vgpu_statistics_t* statistics);

#ifdef __cplusplus
}
#endif

#endif /* GVTCORE_GVTCORE_H */
