// Batches that change where control goes while they run, as drivers' batches do. All on the render
// engine: the kernel's own parser copies batches for the blitter, so that neither the CPU nor the
// batch itself can change what runs there.
#include "commands.h"
#include "gem.h"
#include "tests.h"

void TestSpinner(void) {
  struct buffer batch = BufferCreate(4096);
  struct buffer result = BufferCreate(4096);
  const struct buffer* const others[] = {&result};
  struct cursor cursor = At(&batch, 0);
  PutStore(&cursor, result.address, 1);
  const uint32_t loop = cursor.at;
  Put(&cursor, MI_NOOP);
  PutStart(&cursor, AddressOf(&batch, loop));
  PutEnd(&cursor);

  const bool sent = Submit(kRender, 0, &batch, 0, 64, others, 1) == 0;
  SleepMs(100);
  const bool spins = BufferBusy(&batch) && result.dwords[0] == 1;
  const uint64_t begin = NowNs();
  cursor = At(&batch, loop);
  Put(&cursor, MI_BATCH_BUFFER_END);
  const bool ended = BufferWait(&batch, 5000);
  const double us = (double)(NowNs() - begin) / 1000.0;
  Check("spinner", sent && spins && ended, "sent %d, spins %d, ended %d, %.0f us after the store",
        sent, spins, ended, us);
  BufferDestroy(&batch);
  BufferDestroy(&result);
}

void TestChain(void) {
  struct buffer first = BufferCreate(4096);
  struct buffer second = BufferCreate(4096);
  struct buffer result = BufferCreate(4096);
  const struct buffer* const others[] = {&second, &result};
  struct cursor cursor = At(&first, 0);
  PutStore(&cursor, AddressOf(&result, 0), 0x11);
  PutStart(&cursor, AddressOf(&second, 512));
  // Never reached: a chained batch does not come back.
  PutStore(&cursor, AddressOf(&result, 1), 0xbad);
  PutEnd(&cursor);
  cursor = At(&second, 512);
  PutStore(&cursor, AddressOf(&result, 2), 0x22);
  PutEnd(&cursor);

  const bool sent = Submit(kRender, 0, &first, 0, 64, others, 2) == 0;
  const bool ended = BufferWait(&result, 5000);
  const uint32_t* seen = result.dwords;
  Check("chain", sent && ended && seen[0] == 0x11 && seen[1] == 0 && seen[2] == 0x22,
        "before %#x, behind %#x, chained %#x", seen[0], seen[1], seen[2]);
  BufferDestroy(&first);
  BufferDestroy(&second);
  BufferDestroy(&result);
}

// Writes the return address into the callee, jumps there, and leaves the cursor where control comes
// back.
static void PutCall(struct cursor* cursor, const struct buffer* callee, uint32_t return_slot) {
  const uint32_t store_dwords = 5;
  const uint32_t start_dwords = 3;
  const uint64_t back = AddressOf(cursor->buffer, cursor->at + store_dwords + start_dwords);
  PutStoreQword(cursor, AddressOf(callee, return_slot), back);
  PutStart(cursor, callee->address);
}

void TestCall(void) {
  struct buffer caller = BufferCreate(4096);
  struct buffer callee = BufferCreate(4096);
  struct buffer result = BufferCreate(4096);
  const struct buffer* const others[] = {&callee, &result};
  struct cursor cursor = At(&callee, 0);
  PutIncrement(&cursor, AddressOf(&result, 0));
  PutStart(&cursor, 0);
  const uint32_t return_slot = 4;  // the address of that jump, on an 8-byte boundary
  cursor = At(&caller, 0);
  PutCall(&cursor, &callee, return_slot);
  PutStore(&cursor, AddressOf(&result, 1), 0x111);
  PutCall(&cursor, &callee, return_slot);
  PutStore(&cursor, AddressOf(&result, 2), 0x222);
  PutEnd(&cursor);

  const bool sent = Submit(kRender, 0, &caller, 0, 256, others, 2) == 0;
  const bool ended = BufferWait(&result, 5000);
  const uint32_t* seen = result.dwords;
  Check("call", sent && ended && seen[0] == 2 && seen[1] == 0x111 && seen[2] == 0x222,
        "%u calls, returns %#x and %#x", seen[0], seen[1], seen[2]);
  BufferDestroy(&caller);
  BufferDestroy(&callee);
  BufferDestroy(&result);
}
