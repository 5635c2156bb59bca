// Many small batches: each stores a value of its own to a place of its own, and every place is
// looked at. Sent in groups, so that requests queue up behind each other, are coalesced by the
// driver, and restart an idle engine again and again.
#include <string.h>

#include "commands.h"
#include "gem.h"
#include "tests.h"

enum { kGroup = 64, kSlotDwords = 16 };

static uint32_t ValueOf(enum engine engine, uint32_t index) {
  return 0xb0000000u | (uint32_t)engine << 24 | index;
}

// Runs batches [first, first + count) and returns how many stored what they should.
static uint32_t RunGroup(enum engine engine, const struct buffer* batches,
                         const struct buffer* results, uint32_t first, uint32_t count) {
  memset(results->dwords, 0xff, results->size_bytes);
  for (uint32_t i = 0; i < count; ++i) {
    struct cursor cursor = At(batches, i * kSlotDwords);
    PutStore(&cursor, AddressOf(results, i * kSlotDwords), ValueOf(engine, first + i));
    PutEnd(&cursor);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (Submit(engine, 0, batches, i * kSlotDwords * 4, kSlotDwords * 4, &results, 1) != 0)
      return 0;
  }
  if (!BufferWait(results, 10000)) return 0;
  uint32_t right = 0;
  for (uint32_t i = 0; i < count; ++i)
    right += results->dwords[i * kSlotDwords] == ValueOf(engine, first + i);
  return right;
}

void TestBatches(uint32_t count) {
  for (int e = 0; e < kEngineCount; ++e) {
    const enum engine engine = (enum engine)e;
    struct buffer batches = BufferCreate(kGroup * kSlotDwords * 4);
    struct buffer results = BufferCreate(kGroup * kSlotDwords * 4);
    const uint64_t begin = NowNs();
    uint32_t right = 0;
    uint32_t sent = 0;
    // A group that loses a batch ends the test: the rest would wait for its time limit again and
    // again.
    while (sent < count && right == sent) {
      const uint32_t group = count - sent < kGroup ? count - sent : kGroup;
      right += RunGroup(engine, &batches, &results, sent, group);
      sent += group;
    }
    const double us = (double)(NowNs() - begin) / 1000.0 / (double)sent;
    char name[32] = "batches_";
    Check(strcat(name, EngineName(engine)), right == count, "%u of %u right, %.1f us each", right,
          count, us);
    BufferDestroy(&batches);
    BufferDestroy(&results);
  }
}
