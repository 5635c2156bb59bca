// The tests, by the name that the command line has. Each prints its checks.
#ifndef GVT_GUEST_TESTS_H
#define GVT_GUEST_TESTS_H

#include <stdint.h>

void TestBatches(uint32_t count);  // `count` batches an engine, each one's store looked at
void TestSpinner(void);            // a batch that jumps to itself until the CPU ends it
void TestChain(void);              // a batch that goes on in another buffer
void TestCall(void);       // a batch called twice, which returns to an address stored into it
void TestSemaphore(void);  // one context waits for what another one stores
void TestRegisters(void);  // no context sees the general registers of another
void TestHang(void);       // a hung context is reset, others lose nothing
void TestShare(uint32_t seconds);  // wants all of an engine, beside another guest that does, too
void Measure(uint32_t blocks,
             uint32_t per_block);    // submit and wait, in blocks that the runner starts
void MeasureAccess(uint32_t count);  // cost of a register read

#endif
