#define _GNU_SOURCE
#include "toy_hypervisor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct page {
  bool gone;
  bool watched;
  int pins;
};

struct toy_vm {
  uint64_t bytes;
  bool store_first;
  toy_watcher_t watcher;
  void* context;
  uint8_t* memory;
  struct page* pages;
  pthread_rwlock_t map; /* pages[].gone and watched: read by accesses, written by changes */
  pthread_mutex_t lock; /* guards pins and what follows */
  pthread_cond_t raised;
  uint32_t vectors[TOY_MAX_INTERRUPTS];
  uint32_t head, count;
};

toy_vm_t* toy_vm_create(uint64_t memory_bytes, bool store_first, toy_watcher_t watcher,
                        void* context) {
  toy_vm_t* vm = calloc(1, sizeof *vm);
  if (vm == NULL) return NULL;
  vm->bytes = memory_bytes;
  vm->store_first = store_first;
  vm->watcher = watcher;
  vm->context = context;
  vm->memory = aligned_alloc(TOY_PAGE, memory_bytes);
  vm->pages = calloc(memory_bytes / TOY_PAGE, sizeof *vm->pages);
  pthread_rwlock_init(&vm->map, NULL);
  pthread_mutex_init(&vm->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&vm->raised, &attributes);
  pthread_condattr_destroy(&attributes);
  if (vm->memory == NULL || vm->pages == NULL) {
    toy_vm_destroy(vm);
    return NULL;
  }
  memset(vm->memory, 0, memory_bytes);
  return vm;
}

void toy_vm_destroy(toy_vm_t* vm) {
  if (vm == NULL) return;
  pthread_cond_destroy(&vm->raised);
  pthread_mutex_destroy(&vm->lock);
  pthread_rwlock_destroy(&vm->map);
  free(vm->pages);
  free(vm->memory);
  free(vm);
}

void* toy_vm_context(const toy_vm_t* vm) {
  return vm->context;
}

static bool is_memory(const toy_vm_t* vm, uint64_t gpa, size_t length) {
  if (length == 0 || gpa >= vm->bytes || length > vm->bytes - gpa) return false;
  for (uint64_t gfn = gpa / TOY_PAGE; gfn <= (gpa + length - 1) / TOY_PAGE; ++gfn) {
    if (vm->pages[gfn].gone) return false;
  }
  return true;
}

/* Words move whole; everything else in the order of its bytes. */
static void move(void* to, const void* from, size_t length) {
  const uintptr_t both = (uintptr_t)to | (uintptr_t)from | length;
  if (length == 8 && both % 8 == 0) {
    __atomic_store_n((uint64_t*)to, __atomic_load_n((const uint64_t*)from, __ATOMIC_ACQUIRE),
                     __ATOMIC_RELEASE);
  } else if (length % 4 == 0 && both % 4 == 0) {
    for (size_t i = 0; i < length / 4; ++i) {
      __atomic_store_n((uint32_t*)to + i,
                       __atomic_load_n((const uint32_t*)from + i, __ATOMIC_ACQUIRE),
                       __ATOMIC_RELEASE);
    }
  } else {
    for (size_t i = 0; i < length; ++i) {
      __atomic_store_n((uint8_t*)to + i,
                       __atomic_load_n((const uint8_t*)from + i, __ATOMIC_RELAXED),
                       __ATOMIC_RELAXED);
    }
  }
}

int toy_copy(toy_vm_t* vm, uint64_t gpa, void* data, size_t length, bool write) {
  pthread_rwlock_rdlock(&vm->map);
  const bool there = is_memory(vm, gpa, length);
  if (there && write) move(vm->memory + gpa, data, length);
  if (there && !write) move(data, vm->memory + gpa, length);
  pthread_rwlock_unlock(&vm->map);
  return there ? 0 : -1;
}

int toy_interrupt(toy_vm_t* vm, uint32_t vector) {
  pthread_mutex_lock(&vm->lock);
  const bool room = vm->count < TOY_MAX_INTERRUPTS;
  if (room) vm->vectors[(vm->head + vm->count++) % TOY_MAX_INTERRUPTS] = vector;
  pthread_cond_broadcast(&vm->raised);
  pthread_mutex_unlock(&vm->lock);
  return 0;
}

int toy_watch(toy_vm_t* vm, uint64_t gfn, bool on) {
  pthread_rwlock_wrlock(&vm->map);
  const bool there = gfn < vm->bytes / TOY_PAGE && !vm->pages[gfn].gone;
  if (there) vm->pages[gfn].watched = on;
  pthread_rwlock_unlock(&vm->map);
  return there ? 0 : -1;
}

bool toy_has_frame(toy_vm_t* vm, uint64_t gfn) {
  pthread_rwlock_rdlock(&vm->map);
  const bool there = gfn < vm->bytes / TOY_PAGE && !vm->pages[gfn].gone;
  pthread_rwlock_unlock(&vm->map);
  return there;
}

bool toy_watched(toy_vm_t* vm, uint64_t gfn) {
  pthread_rwlock_rdlock(&vm->map);
  const bool watched = gfn < vm->bytes / TOY_PAGE && vm->pages[gfn].watched;
  pthread_rwlock_unlock(&vm->map);
  return watched;
}

int toy_pin(toy_vm_t* vm, uint64_t gfn, int by) {
  if (!toy_has_frame(vm, gfn)) return -1;
  pthread_mutex_lock(&vm->lock);
  int pins = vm->pages[gfn].pins + by;
  if (pins >= 0) {
    vm->pages[gfn].pins = pins;
  } else {
    pins = -1;
  }
  pthread_mutex_unlock(&vm->lock);
  return pins;
}

int toy_pins(toy_vm_t* vm, uint64_t gfn) {
  return toy_pin(vm, gfn, 0);
}

int toy_guest_read(void* self, uint64_t gpa, void* data, size_t length) {
  return toy_copy(self, gpa, data, length, false);
}

int toy_guest_write(void* self, uint64_t gpa, const void* data, size_t length) {
  toy_vm_t* vm = self;
  pthread_rwlock_rdlock(&vm->map);
  const bool there = is_memory(vm, gpa, length);
  const bool watched = there && vm->pages[gpa / TOY_PAGE].watched;
  if (there && (!watched || vm->store_first)) move(vm->memory + gpa, data, length);
  pthread_rwlock_unlock(&vm->map);
  if (!there) return -1;
  if (watched) vm->watcher(vm->context, gpa, (void*)(uintptr_t)data, (unsigned int)length);
  return watched && !vm->store_first ? toy_copy(vm, gpa, (void*)(uintptr_t)data, length, true) : 0;
}

int toy_guest_interrupt(void* self, uint32_t timeout_ms, uint32_t* vector) {
  toy_vm_t* vm = self;
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += timeout_ms / 1000;
  end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
  if (end.tv_nsec >= 1000000000) {
    end.tv_nsec -= 1000000000;
    ++end.tv_sec;
  }
  pthread_mutex_lock(&vm->lock);
  while (vm->count == 0 && pthread_cond_timedwait(&vm->raised, &vm->lock, &end) == 0) {
  }
  const bool came = vm->count > 0;
  if (came) {
    *vector = vm->vectors[vm->head];
    vm->head = (vm->head + 1) % TOY_MAX_INTERRUPTS;
    --vm->count;
  }
  pthread_mutex_unlock(&vm->lock);
  return came ? 1 : 0;
}

int toy_memory_remove(void* self, uint64_t gpa, uint64_t length) {
  toy_vm_t* vm = self;
  pthread_rwlock_wrlock(&vm->map);
  const bool there = is_memory(vm, gpa, length);
  for (uint64_t gfn = gpa / TOY_PAGE; there && gfn < (gpa + length) / TOY_PAGE; ++gfn) {
    vm->pages[gfn] = (struct page){.gone = true};
  }
  pthread_rwlock_unlock(&vm->map);
  return there ? 0 : -1;
}
