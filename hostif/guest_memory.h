// Guest memory as the host lends it: slots of guest-physical addresses that are somewhere in this
// process.
//
// Readers pin the map for the time of one access; Remove() returns when no reader can hold a
// removed page any more (quiesce). Accesses are bounded and fault-safe: a page that vanishes under
// us (truncated file) is a failed access, not a signal.
//
// What no slot holds is asked of the outside memory, if there is one. A compare-exchange there is
// atomic among the callers of this object, but not for the guest's processors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/optional_mutex.h"
#include "base/page_piece.h"
#include "base/range.h"
#include "base/result.h"
#include "hostif/access_observer.h"
#include "hostif/outside_memory.h"

namespace gvt::hostif {

inline constexpr size_t kMaxSlots = 512;
// Frames that an address can name: 52 bits, more than any entry holds.
inline constexpr uint64_t kMaxFrames = uint64_t{1} << (52 - kPageShift);

class GuestMemory {
 public:
  // `observer`, if there is one, outlives the object and sees every access; so does `outside`.
  explicit GuestMemory(AccessObserver* observer = nullptr, OutsideMemory* outside = nullptr,
                       Threads threads = Threads::kMany);
  ~GuestMemory();
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  // All multiples of 4096. kInvalidArgument; kBusy: overlaps a slot; kNoSpace: kMaxSlots.
  Result<void> Add(Gpa start, uint64_t size_bytes, void* address, bool read_only);
  // Removes every page of the range from whatever slots hold it, splitting them where needed; holes
  // are fine. Returns after quiesce.
  Result<void> Remove(Gpa start, uint64_t size_bytes);
  // Puts `address` in the place of what the range, which has no holes, had; it stays as writable as
  // it was. No access sees it away. Returns after quiesce. kInvalidArgument, kNotFound: a hole;
  // kNoSpace.
  Result<void> Move(Gpa start, uint64_t size_bytes, void* address);

  // Copies across pages and slots. False: some page is not there (or read-only, for Write); bytes
  // before it may have been moved.
  bool Read(Gpa from, std::span<std::byte> out) const;
  bool Write(Gpa to, std::span<const std::byte> data);
  // Writes pieces of one page, which is looked up once. A piece of 4 or 8 bytes that is naturally
  // aligned is a single access. False: as Write.
  bool WriteInPage(Gpa page, std::span<const PagePiece> pieces);

  // Naturally aligned single accesses, atomic for the guest's CPUs.
  bool Load32(Gpa from, uint32_t* out) const;
  bool Load64(Gpa from, uint64_t* out) const;
  bool Store32(Gpa to, uint32_t value);
  bool Store64(Gpa to, uint64_t value);
  bool CompareExchange32(Gpa at, uint32_t* expected, uint32_t desired);
  bool CompareExchange64(Gpa at, uint64_t* expected, uint64_t desired);

  // True iff the guest has memory at this frame. Outside memory: a byte of it is read.
  bool Contains(Gfn frame) const;
  // The frames that the guest may have: sorted, apart from each other. Outside memory is not asked:
  // every frame may be there, and an access finds out.
  std::vector<Range> Frames() const;

  // Grows with every change. What was made of a former value is stale; what is made of Frames() or
  // Contains() after a value was read is at least as new as the value.
  uint64_t generation() const;

 private:
  struct State;
  State* state_;
};

}  // namespace gvt::hostif
