// A context that never ends, while two others work: one on another engine the whole time, one
// behind it on the same engine. The driver's heartbeat finds the hang; it is set short, for its
// default needs 12 seconds.
#include <stdio.h>

#include "commands.h"
#include "gem.h"
#include "tests.h"

enum { kHeartbeatMs = 200, kLimitMs = 30000 };

static void SetHeartbeat(uint32_t milliseconds) {
  FILE* file = fopen("/sys/class/drm/card0/engine/rcs0/heartbeat_interval_ms", "w");
  if (file == NULL) Fatal("open the heartbeat interval");
  fprintf(file, "%u\n", milliseconds);
  if (fclose(file) != 0) Fatal("set the heartbeat interval");
}

// One batch that stores `value` and is waited for; true when memory has it.
static bool RunStore(enum engine engine, uint32_t context, const struct buffer* batch,
                     const struct buffer* result, uint32_t value) {
  struct cursor cursor = At(batch, 0);
  PutStore(&cursor, result->address, value);
  PutEnd(&cursor);
  return Submit(engine, context, batch, 0, 64, &result, 1) == 0 && BufferWait(result, kLimitMs) &&
         result->dwords[0] == value;
}

struct outcome {
  bool ended;       // the hung batch went away
  uint32_t worked;  // batches of the bystander meanwhile
  uint32_t lost;    // of them with a wrong result
  uint64_t waited_ns;
};

// Works on another engine until the hung batch is gone.
static struct outcome WorkMeanwhile(const struct buffer* hung, uint32_t context) {
  struct buffer batch = BufferCreate(4096);
  struct buffer result = BufferCreate(4096);
  struct outcome outcome = {0};
  const uint64_t begin = NowNs();
  while (BufferBusy(hung) && NowNs() - begin < kLimitMs * UINT64_C(1000000)) {
    ++outcome.worked;
    outcome.lost += !RunStore(kBsd, context, &batch, &result, outcome.worked);
  }
  outcome.waited_ns = NowNs() - begin;
  outcome.ended = !BufferBusy(hung);
  BufferDestroy(&batch);
  BufferDestroy(&result);
  return outcome;
}

void TestHang(void) {
  const uint32_t guilty = ContextCreate();
  const uint32_t queued = ContextCreate();
  const uint32_t bystander = ContextCreate();
  struct buffer loop = BufferCreate(4096);
  struct buffer behind = BufferCreate(4096);
  struct buffer result = BufferCreate(4096);
  const struct buffer* const others[] = {&result};
  struct cursor cursor = At(&loop, 0);
  PutStart(&cursor, loop.address);
  PutEnd(&cursor);
  cursor = At(&behind, 0);
  PutStore(&cursor, result.address, 0x600d);
  PutEnd(&cursor);

  SetHeartbeat(kHeartbeatMs);
  const bool sent = Submit(kRender, guilty, &loop, 0, 64, NULL, 0) == 0 &&
                    Submit(kRender, queued, &behind, 0, 64, others, 1) == 0;
  const struct outcome outcome = WorkMeanwhile(&loop, bystander);
  const bool ran = BufferWait(&result, kLimitMs) && result.dwords[0] == 0x600d;
  SetHeartbeat(2500);

  uint32_t blamed[3] = {0};
  uint32_t pending[3] = {0};
  ContextResets(guilty, &blamed[0], &pending[0]);
  ContextResets(queued, &blamed[1], &pending[1]);
  ContextResets(bystander, &blamed[2], &pending[2]);
  Check("hang_reset", sent && outcome.ended && blamed[0] == 1, "ended %d after %.1f s, blamed %u",
        outcome.ended, (double)outcome.waited_ns / 1e9, blamed[0]);
  Check("hang_bystander", outcome.worked > 0 && outcome.lost == 0 && blamed[2] == 0,
        "%u batches meanwhile, %u lost, blamed %u", outcome.worked, outcome.lost, blamed[2]);
  Check("hang_queued", ran && blamed[1] == 0, "stored %#x, blamed %u", result.dwords[0], blamed[1]);
  struct buffer batch = BufferCreate(4096);
  Check("hang_after", RunStore(kRender, queued, &batch, &result, 0xaf7e), "stored %#x",
        result.dwords[0]);
  BufferDestroy(&batch);
  BufferDestroy(&loop);
  BufferDestroy(&behind);
  BufferDestroy(&result);
}
