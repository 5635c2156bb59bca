// Writes MI commands into a buffer's dwords. Encodings as the PRM (SKL vol 2a) has them; addresses
// are those of the context.
#ifndef GVT_GUEST_COMMANDS_H
#define GVT_GUEST_COMMANDS_H

#include <stdint.h>

#include "gem.h"

#define MI(opcode) ((uint32_t)(opcode) << 23)
#define MI_NOOP 0u
#define MI_BATCH_BUFFER_END MI(0x0a)
#define MI_SEMAPHORE_WAIT MI(0x1c)
#define MI_STORE_DATA_IMM MI(0x20)
#define MI_LOAD_REGISTER_IMM MI(0x22)
#define MI_STORE_REGISTER_MEM MI(0x24)
#define MI_ATOMIC MI(0x2f)
#define MI_BATCH_BUFFER_START MI(0x31)

// Where the next command goes.
struct cursor {
  const struct buffer* buffer;
  uint32_t at;  // dword
};

static inline struct cursor At(const struct buffer* buffer, uint32_t dword) {
  return (struct cursor){buffer, dword};
}

static inline void Put(struct cursor* cursor, uint32_t dword) {
  // Volatile: a batch may be running while it is changed.
  ((volatile uint32_t*)cursor->buffer->dwords)[cursor->at++] = dword;
}

static inline void PutAddress(struct cursor* cursor, uint64_t address) {
  Put(cursor, (uint32_t)address);
  Put(cursor, (uint32_t)(address >> 32));
}

static inline uint64_t AddressOf(const struct buffer* buffer, uint32_t dword) {
  return buffer->address + UINT64_C(4) * dword;
}

static inline void PutStore(struct cursor* cursor, uint64_t address, uint32_t value) {
  Put(cursor, MI_STORE_DATA_IMM | 2);
  PutAddress(cursor, address);
  Put(cursor, value);
}

static inline void PutStoreQword(struct cursor* cursor, uint64_t address, uint64_t value) {
  Put(cursor, MI_STORE_DATA_IMM | 1u << 21 | 3);  // bit 21: a qword
  PutAddress(cursor, address);
  PutAddress(cursor, value);
}

static inline void PutIncrement(struct cursor* cursor, uint64_t address) {
  Put(cursor, MI_ATOMIC | 0x05u << 8 | 1);  // operation 5: add 1 to 4 bytes
  PutAddress(cursor, address);
}

static inline void PutStart(struct cursor* cursor, uint64_t address) {
  Put(cursor, MI_BATCH_BUFFER_START | 1u << 8 | 1);  // bit 8: in the PPGTT
  PutAddress(cursor, address);
}

static inline void PutLoadRegister(struct cursor* cursor, uint32_t offset, uint32_t value) {
  Put(cursor, MI_LOAD_REGISTER_IMM | 1);
  Put(cursor, offset);
  Put(cursor, value);
}

static inline void PutStoreRegister(struct cursor* cursor, uint32_t offset, uint64_t address) {
  Put(cursor, MI_STORE_REGISTER_MEM | 2);
  Put(cursor, offset);
  PutAddress(cursor, address);
}

// Waits, reading memory again and again, until the dword at `address` equals `value`.
static inline void PutWaitEqual(struct cursor* cursor, uint64_t address, uint32_t value) {
  Put(cursor, MI_SEMAPHORE_WAIT | 1u << 15 | 4u << 12 | 2);  // bit 15: polling; comparison 4: equal
  Put(cursor, value);
  PutAddress(cursor, address);
}

static inline void PutEnd(struct cursor* cursor) {
  Put(cursor, MI_BATCH_BUFFER_END);
  Put(cursor, MI_NOOP);
}

#endif
