// Copies from and to memory that somebody else owns, writes and may take away at any moment.
//
// Guest pages are such memory: other threads store to them while we read, and a client can truncate
// the file behind a mapping. These functions are the one place that knows how to touch them: a page
// that is gone is an answer (false), not a signal, and there is no data race in the language's
// sense, since every access is an instruction of our own assembly.
//
// The first call of InstallGuestFaultHandler() puts a handler for SIGSEGV and SIGBUS in front of
// the process's own. It takes only faults whose instruction lies in this file's assembly; all
// others go to the handler that was there before, as if ours were not. A handler that the process
// installs later must hand on what it does not know.
//
// Thread rule: any thread that does not block SIGSEGV and SIGBUS. Cost: a call and the access.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gvt {

// Installs the fault handler; later calls do nothing. False: the system refused (never seen).
// Before this, a missing page is an ordinary crash.
bool InstallGuestFaultHandler();

// Copies `size_bytes` between guest memory and private memory, or between two guest buffers.
// Returns how many bytes were not copied: 0 is success, and all before them were. Dwords that are
// aligned on both sides move whole, in ascending order, unless a page in the way is gone; so do
// eight aligned bytes that are all that is copied.
size_t GuestCopy(void* to, const void* from, size_t size_bytes);

// Naturally aligned single accesses: all of the value or nothing, with acquire and release meaning.
// False: the page is gone.
bool GuestLoad32(const void* from, uint32_t* out);
bool GuestLoad64(const void* from, uint64_t* out);
bool GuestStore32(void* to, uint32_t value);
bool GuestStore64(void* to, uint64_t value);

// Stores `desired` iff memory holds *expected; *expected becomes what it held. Sequentially
// consistent. False: the page is gone, or is read-only.
bool GuestCompareExchange32(void* at, uint32_t* expected, uint32_t desired);
bool GuestCompareExchange64(void* at, uint64_t* expected, uint64_t desired);

}  // namespace gvt
