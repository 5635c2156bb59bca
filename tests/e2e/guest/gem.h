// Requests to i915 through the kernel's own interface, without a library: buffers at fixed
// addresses, contexts, submissions. Every buffer has one address, valid in each context. A call
// that fails where it must not ends the program with a failed check.
#ifndef GVT_GUEST_GEM_H
#define GVT_GUEST_GEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum engine { kRender, kBlt, kBsd, kVebox, kEngineCount };

struct buffer {
  uint32_t handle;
  uint64_t size_bytes;
  uint64_t address;  // where every context sees it
  uint32_t* dwords;  // where the CPU sees it
};

// Opens the render node; once, before everything else.
void GemOpen(void);
const char* EngineName(enum engine engine);

struct buffer BufferCreate(uint64_t size_bytes);
void BufferDestroy(struct buffer* buffer);
bool BufferBusy(const struct buffer* buffer);
// True when all work on the buffer ended in time.
bool BufferWait(const struct buffer* buffer, int64_t timeout_ms);

uint32_t ContextCreate(void);
void ContextDestroy(uint32_t context);
// Requests of this context that were lost: guilty ones and bystanders.
void ContextResets(uint32_t context, uint32_t* guilty, uint32_t* pending);

// Runs the batch that begins `offset_bytes` into `batch` and has `length_bytes`; the last `others`
// are buffers that it uses. Returns 0 or an errno.
int Submit(enum engine engine, uint32_t context, const struct buffer* batch, uint32_t offset_bytes,
           uint32_t length_bytes, const struct buffer* const* others, size_t other_count);

// GVT-CHECK line; returns `good`.
bool Check(const char* name, bool good, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
void Figure(const char* name, double value, const char* unit);
// Ends the program: a request failed that the test stands on.
void Fatal(const char* what) __attribute__((noreturn));
uint64_t NowNs(void);
void SleepMs(uint32_t milliseconds);

#endif
