// What contexts share, and what they must not.
#include "commands.h"
#include "gem.h"
#include "tests.h"

// CS_GPR of the render engine: 16 registers of 64 bits, open to user space. PRM SKL vol 2c.
enum { kGprBase = 0x2600, kGprDwords = 32 };

// The waiter's engine and the signaller's differ: under a vGPU the driver never preempts, so on one
// engine the second would never run.
void TestSemaphore(void) {
  const uint32_t waiter = ContextCreate();
  const uint32_t signaller = ContextCreate();
  struct buffer wait = BufferCreate(4096);
  struct buffer signal = BufferCreate(4096);
  struct buffer result = BufferCreate(4096);
  const struct buffer* const others[] = {&result};
  struct cursor cursor = At(&wait, 0);
  PutWaitEqual(&cursor, AddressOf(&result, 0), 7);
  PutStore(&cursor, AddressOf(&result, 1), 0x77);
  PutEnd(&cursor);
  cursor = At(&signal, 0);
  PutStore(&cursor, AddressOf(&result, 0), 7);
  PutEnd(&cursor);

  const bool sent = Submit(kRender, waiter, &wait, 0, 64, others, 1) == 0;
  SleepMs(100);
  const bool waits = BufferBusy(&wait) && result.dwords[1] == 0;
  const bool signalled = Submit(kBsd, signaller, &signal, 0, 64, others, 1) == 0;
  const bool ended = BufferWait(&wait, 5000);
  Check("semaphore", sent && waits && signalled && ended && result.dwords[1] == 0x77,
        "sent %d, waits %d, signalled %d, ended %d, stored %#x", sent, waits, signalled, ended,
        result.dwords[1]);
  BufferDestroy(&wait);
  BufferDestroy(&signal);
  BufferDestroy(&result);
  ContextDestroy(waiter);
  ContextDestroy(signaller);
}

// Stores the registers to `result` by a batch of `context`; with a `seed`, loads them first.
static bool RunRegisters(uint32_t context, const struct buffer* result, uint32_t seed) {
  struct buffer batch = BufferCreate(4096);
  struct cursor cursor = At(&batch, 0);
  for (uint32_t i = 0; seed != 0 && i < kGprDwords; ++i)
    PutLoadRegister(&cursor, kGprBase + 4 * i, seed + i);
  for (uint32_t i = 0; i < kGprDwords; ++i)
    PutStoreRegister(&cursor, kGprBase + 4 * i, AddressOf(result, i));
  PutEnd(&cursor);
  const bool ended =
      Submit(kRender, context, &batch, 0, 4096, &result, 1) == 0 && BufferWait(result, 5000);
  BufferDestroy(&batch);
  return ended;
}

// How many registers in `result` have the values of `seed`; 0 = the value of an untouched context.
static uint32_t Matching(const struct buffer* result, uint32_t seed) {
  uint32_t matching = 0;
  for (uint32_t i = 0; i < kGprDwords; ++i)
    matching += result->dwords[i] == (seed == 0 ? 0 : seed + i);
  return matching;
}

void TestRegisters(void) {
  const uint32_t first = ContextCreate();
  const uint32_t second = ContextCreate();
  struct buffer result = BufferCreate(4096);
  uint32_t own = 0;
  uint32_t clean = 0;
  uint32_t kept = 0;
  if (RunRegisters(first, &result, 0xa1000000)) own = Matching(&result, 0xa1000000);
  if (RunRegisters(second, &result, 0)) clean = Matching(&result, 0);
  if (RunRegisters(second, &result, 0xb2000000) && RunRegisters(first, &result, 0))
    kept = Matching(&result, 0xa1000000);
  Check("registers", own == kGprDwords && clean == kGprDwords && kept == kGprDwords,
        "of %d: %u loaded, %u untouched in another context, %u kept", kGprDwords, own, clean, kept);
  BufferDestroy(&result);
  ContextDestroy(first);
  ContextDestroy(second);
}
