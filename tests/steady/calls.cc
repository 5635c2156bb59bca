// Functions of the C library, counted and passed on. The allocator's own names lead past ours at
// once; the others are looked up when they are first used, which allocates nothing.
#include "tests/steady/calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <cstdarg>
#include <cstddef>

namespace gvt::steady {
namespace {

thread_local Calls calls;

}  // namespace

Calls CallsOfThread() {
  return calls;
}

}  // namespace gvt::steady

namespace {

using gvt::steady::calls;

// Passes a call on to the function of that name behind ours.
template <typename Result, typename... Arguments>
Result PassOn(Result (**next)(Arguments...), const char* name, Arguments... arguments) {
  auto* function = __atomic_load_n(next, __ATOMIC_RELAXED);
  if (function == nullptr) {
    function = reinterpret_cast<Result (*)(Arguments...)>(dlsym(RTLD_NEXT, name));
    __atomic_store_n(next, function, __ATOMIC_RELAXED);
  }
  return function(arguments...);
}

}  // namespace

extern "C" {

void* PlainMalloc(size_t size) noexcept __asm__("__libc_malloc");
void* PlainCalloc(size_t count, size_t size) noexcept __asm__("__libc_calloc");
void* PlainRealloc(void* memory, size_t size) noexcept __asm__("__libc_realloc");
void* PlainAlign(size_t alignment, size_t size) noexcept __asm__("__libc_memalign");
void PlainFree(void* memory) noexcept __asm__("__libc_free");

void* malloc(size_t size) noexcept {
  ++calls.allocations;
  return PlainMalloc(size);
}
void* calloc(size_t count, size_t size) noexcept {
  ++calls.allocations;
  return PlainCalloc(count, size);
}
void* realloc(void* memory, size_t size) noexcept {
  ++calls.allocations;
  return PlainRealloc(memory, size);
}
void* memalign(size_t alignment, size_t size) noexcept {
  ++calls.allocations;
  return PlainAlign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  ++calls.allocations;
  return PlainAlign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) noexcept {
  ++calls.allocations;
  *memory = PlainAlign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) noexcept {
  PlainFree(memory);
}

// A function of the C library that takes one object, counted as one of `kind`.
#define GVT_COUNTED(kind, name, Object, exceptions) \
  int name(Object* object) exceptions {             \
    static int (*next)(Object*);                    \
    ++calls.kind;                                   \
    return PassOn(&next, #name, object);            \
  }

GVT_COUNTED(locks, pthread_mutex_lock, pthread_mutex_t, noexcept)
GVT_COUNTED(locks, pthread_mutex_trylock, pthread_mutex_t, noexcept)
GVT_COUNTED(locks, pthread_rwlock_rdlock, pthread_rwlock_t, noexcept)
GVT_COUNTED(locks, pthread_rwlock_tryrdlock, pthread_rwlock_t, noexcept)
GVT_COUNTED(locks, pthread_rwlock_wrlock, pthread_rwlock_t, noexcept)
GVT_COUNTED(locks, pthread_rwlock_trywrlock, pthread_rwlock_t, noexcept)
GVT_COUNTED(locks, pthread_spin_lock, volatile pthread_spinlock_t, noexcept)
GVT_COUNTED(waits, sem_wait, sem_t, )
GVT_COUNTED(waits, sem_post, sem_t, noexcept)
GVT_COUNTED(waits, pthread_cond_signal, pthread_cond_t, noexcept)
GVT_COUNTED(waits, pthread_cond_broadcast, pthread_cond_t, noexcept)

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  static int (*next)(pthread_cond_t*, pthread_mutex_t*);
  ++calls.waits;
  return PassOn(&next, "pthread_cond_wait", condition, mutex);
}

long syscall(long number, ...) noexcept {
  static long (*next)(long, long, long, long, long, long, long);
  ++calls.waits;
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  return PassOn(&next, "syscall", number, arguments[0], arguments[1], arguments[2], arguments[3],
                arguments[4], arguments[5]);
}

}  // extern "C"
