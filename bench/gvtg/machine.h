// One vGPU of the kernel's GVT-g in this process, as plain C: the border between C++ and what is
// compiled from the kernel's source.
//
// Thread rule: one thread in the whole process. Nothing here validates its caller; what a guest
// writes (dwords, page tables) may be anything.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gvtg_machine;

struct gvtg_setup {
  unsigned platform;      // hw::Platform
  uint8_t* memory;        // guest physical memory from address 0 on; outlives the machine
  uint64_t memory_bytes;  // multiple of 4096
  uint64_t root;          // physical address of the guest's 4-level page table; 0: it has none
  uint64_t aperture_begin, aperture_end;  // the vGPU's windows of the GGTT, in bytes; their
  uint64_t hidden_begin, hidden_end;      // lengths and places are multiples of 4096
};

// Sets GVT-g up as its driver does: command table, register table, GGTT, and the shadow of the
// guest's page tables. Null if that fails.
struct gvtg_machine* gvtg_create(const struct gvtg_setup* setup);
void gvtg_destroy(struct gvtg_machine* machine);

// Makes the registers of an engine's default context accessible, as GVT-g does when its first vGPU
// is made. `image`: the register state page. False if GVT-g cannot read it.
bool gvtg_learn_context(struct gvtg_machine* machine, unsigned engine, uint32_t* image,
                        uint32_t image_bytes);
// Makes one register accessible to commands, which stock GVT-g does not let an administrator do.
void gvtg_allow_register(struct gvtg_machine* machine, uint32_t offset);
// Points the GGTT page at `gma` to the guest's page at `physical`.
void gvtg_map_ggtt(struct gvtg_machine* machine, uint64_t gma, uint64_t physical);

// --- one command (gvtg_diff) ---

enum gvtg_buffer { GVTG_RING, GVTG_BATCH, GVTG_SECOND_LEVEL, GVTG_CONTEXT };

// Dwords that must be readable behind a command: handlers read operands that its length denies.
enum { GVTG_MARGIN = 520 };

struct gvtg_verdict {
  int error;               // 0, or what the handler returned: -EBADRQC, -EFAULT, -EPERM, -EINVAL
  uint32_t length_dwords;  // by GVT-g's table; 0 if the command is unknown
  bool user_interrupt;     // an event that the guest gets when its workload is done
  bool notify;
  bool failsafe;     // the vGPU was put in failsafe mode
  const char* name;  // of the command; "" if unknown
};

// Runs cmd_parser_exec() on the command at `dwords`, which is patched as GVT-g does, in a buffer of
// that kind. Batch starts with bit 8 are not followed; others lead to `memory`.
struct gvtg_verdict gvtg_judge(struct gvtg_machine* machine, unsigned engine,
                               enum gvtg_buffer buffer, uint32_t* dwords);

// Runs command_scan() over `count` dwords as a whole ring part, context or indirect context; at
// least GVTG_MARGIN more must be readable. Returns 0 or GVT-g's error.
int gvtg_scan_ring(struct gvtg_machine* machine, unsigned engine, enum gvtg_buffer buffer,
                   uint32_t* dwords, uint32_t count);

// --- whole batches (gvtg_bench); each returns 0 or GVT-g's error ---

// command_scan() alone over a linear, private copy of a first-level batch, which ends with
// MI_BATCH_BUFFER_END or with the start of another batch. Patches the copy.
int gvtg_scan(struct gvtg_machine* machine, unsigned engine, uint64_t start, uint32_t* dwords);

// intel_gvt_scan_and_shadow_ringbuffer() with scan_nonprivbb on for a ring part [head, tail) of the
// ring of 2 MiB at `ring`; frees the shadow.
int gvtg_scan_and_shadow(struct gvtg_machine* machine, unsigned engine, uint64_t ring,
                         uint32_t head, uint32_t tail);

#ifdef __cplusplus
}
#endif
