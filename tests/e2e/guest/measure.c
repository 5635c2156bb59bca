// Times as the guest sees them. The guest cannot change how the host runs its device: it announces
// each block and waits for a line, before which the runner has set what is compared.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "commands.h"
#include "gem.h"
#include "tests.h"

static int Ascending(const void* a, const void* b) {
  const uint64_t left = *(const uint64_t*)a;
  const uint64_t right = *(const uint64_t*)b;
  return (left > right) - (left < right);
}

// Median time of submitting `batch` and waiting for it.
static double MedianNs(const struct buffer* batch, const struct buffer* result,
                       uint32_t length_bytes, uint32_t count) {
  uint64_t* times = calloc(count, sizeof(*times));
  if (times == NULL) Fatal("hold the times");
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t begin = NowNs();
    if (Submit(kRender, 0, batch, 0, length_bytes, &result, 1) != 0) Fatal("submit");
    if (!BufferWait(result, 5000)) Fatal("wait");
    times[i] = NowNs() - begin;
  }
  qsort(times, count, sizeof(*times), Ascending);
  const double median = (double)times[count / 2];
  free(times);
  return median;
}

void Measure(uint32_t blocks, uint32_t per_block) {
  enum { kLongStores = 500 };
  struct buffer small = BufferCreate(4096);
  struct buffer large = BufferCreate(16384);
  struct buffer result = BufferCreate(4096);
  struct cursor cursor = At(&small, 0);
  PutStore(&cursor, result.address, 1);
  PutEnd(&cursor);
  cursor = At(&large, 0);
  for (uint32_t i = 0; i < kLongStores; ++i) PutStore(&cursor, AddressOf(&result, i), i);
  PutEnd(&cursor);
  for (uint32_t block = 0; block < blocks; ++block) {
    char line[16];
    printf("GVT-BLOCK-READY %u\n", block);
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL) Fatal("read the runner's line");
    const double small_ns = MedianNs(&small, &result, 64, per_block);
    const double large_ns = MedianNs(&large, &result, 16384, per_block);
    printf("GVT-BLOCK %u %.0f %.0f\n", block, small_ns, large_ns);
  }
  BufferDestroy(&small);
  BufferDestroy(&large);
  BufferDestroy(&result);
}

// Mean time of `count` reads at `offset` of the register BAR.
static double ReadNs(const volatile uint32_t* registers, uint32_t offset, uint32_t count) {
  const uint64_t begin = NowNs();
  for (uint32_t i = 0; i < count; ++i) (void)registers[offset / 4];
  return (double)(NowNs() - begin) / (double)count;
}

void MeasureAccess(uint32_t count) {
  const int bar = open("/sys/bus/pci/devices/0000:00:02.0/resource0", O_RDWR | O_SYNC);
  if (bar < 0) Fatal("open BAR 0");
  const size_t size = 2u << 20;
  const volatile uint32_t* registers = mmap(NULL, size, PROT_READ, MAP_SHARED, bar, 0);
  if (registers == MAP_FAILED) Fatal("map BAR 0");
  Figure("read_storage", ReadNs(registers, 0x78008, count), "ns");  // PVINFO version
  Figure("read_dynamic", ReadNs(registers, 0x2358, count),
         "ns");  // RING_TIMESTAMP of the render engine
  munmap((void*)registers, size);
  close(bar);
}
