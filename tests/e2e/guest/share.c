// How much of the render engine this guest gets while it wants all of it: a batch without an end
// counts its own turns.
#include <stdio.h>

#include "commands.h"
#include "gem.h"
#include "tests.h"

// Fewer seconds than after which the kernel takes the batch for hung.
void TestShare(uint32_t seconds) {
  struct buffer batch = BufferCreate(4096);
  struct buffer result = BufferCreate(4096);
  const struct buffer* const others[] = {&result};
  struct cursor cursor = At(&batch, 0);
  for (uint32_t i = 0; i < 64; ++i) PutIncrement(&cursor, result.address);
  const uint32_t jump = cursor.at;
  PutStart(&cursor, batch.address);
  PutEnd(&cursor);

  char line[16];
  printf("GVT-SHARE-READY\n");
  fflush(stdout);
  if (fgets(line, sizeof(line), stdin) == NULL) Fatal("read the runner's line");
  const bool sent = Submit(kRender, 0, &batch, 0, 4096, others, 1) == 0;
  const volatile uint32_t* turns = result.dwords;
  const uint64_t begin = NowNs();
  for (uint32_t i = 1; i <= seconds; ++i) {
    SleepMs(1000);
    printf("GVT-SHARE %u %.3f %u\n", i, (double)(NowNs() - begin) / 1e9, *turns);
    fflush(stdout);
  }
  cursor = At(&batch, jump);
  Put(&cursor, MI_BATCH_BUFFER_END);
  const bool ended = BufferWait(&batch, 5000);
  Check("share", sent && ended && *turns > 0, "sent %d, ended %d, %u turns", sent, ended, *turns);
  BufferDestroy(&batch);
  BufferDestroy(&result);
}
