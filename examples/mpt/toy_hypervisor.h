/* The hypervisor of these examples: virtual machines without a processor, whose guest is whoever
 * calls the toy_guest functions. It stands for what kvm.ko, Xen or ACRN do below their gvt module.
 */
#ifndef TOY_HYPERVISOR_H
#define TOY_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOY_PAGE 4096u
#define TOY_MAX_INTERRUPTS 1024u

typedef struct toy_vm toy_vm_t;

/* Called on the guest's thread for a write to a page that is watched, with what toy_vm_create was
 * given. */
typedef void (*toy_watcher_t)(void* context, uint64_t gpa, void* data, unsigned int bytes);

/* NULL: no memory. `store_first`: a watched write is stored before the watcher is called, and not
 * behind it. */
toy_vm_t* toy_vm_create(uint64_t memory_bytes, bool store_first, toy_watcher_t watcher,
                        void* context);
void toy_vm_destroy(toy_vm_t* vm);
void* toy_vm_context(const toy_vm_t* vm);

/* The hypervisor's services. 0, or -1: no such memory. */
int toy_copy(toy_vm_t* vm, uint64_t gpa, void* data, size_t length, bool write);
int toy_interrupt(toy_vm_t* vm, uint32_t vector);
int toy_watch(toy_vm_t* vm, uint64_t gfn, bool on);
bool toy_has_frame(toy_vm_t* vm, uint64_t gfn);
bool toy_watched(toy_vm_t* vm, uint64_t gfn);
/* One reference more or less on a frame that the GPU reaches; the count that results, or -1. */
int toy_pin(toy_vm_t* vm, uint64_t gfn, int by);
/* References on the frame. */
int toy_pins(toy_vm_t* vm, uint64_t gfn);

/* The guest, in the shapes of gvtcore/module.h. `vm` is a toy_vm_t. */
int toy_guest_read(void* vm, uint64_t gpa, void* data, size_t length);
int toy_guest_write(void* vm, uint64_t gpa, const void* data, size_t length);
int toy_guest_interrupt(void* vm, uint32_t timeout_ms, uint32_t* vector);
int toy_memory_remove(void* vm, uint64_t gpa, uint64_t length);

#endif /* TOY_HYPERVISOR_H */
