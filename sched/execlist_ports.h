// The two port pairs of an execlist unit and the writes that fill them: bookkeeping without
// execution.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "hw/context_image.h"

namespace gvt::sched {

// What one submission holds: one or two contexts that run one after the other.
struct ExeclistPair {
  std::array<uint64_t, 2> descriptors{};
  unsigned current = 0;  // which of them runs

  hw::ContextDescriptor running() const { return hw::ContextDescriptor(descriptors[current]); }
  bool has_next() const { return current == 0 && hw::ContextDescriptor(descriptors[1]).valid(); }
};

// Hardware knows a context by its image and id; the other bits of a descriptor say how to load it.
inline bool IsSameContext(hw::ContextDescriptor a, hw::ContextDescriptor b) {
  return a.lrca() == b.lrca() && a.context_id() == b.context_id();
}

// All that the ports hold.
struct ExeclistSnapshot {
  std::array<uint32_t, 4> words{};  // of ELSP, those of a submission that is not complete
  uint32_t count = 0;               // of words
  uint32_t running_slot = 0;        // which of the two list registers runs; the other takes writes
  std::optional<ExeclistPair> running;
  std::optional<ExeclistPair> pending;
  bool faulted = false;  // nothing runs until a reset; not the ports', but of the execlist

  // Whether an execlist can be in that state at all.
  bool IsSound() const;
};

class ExeclistPorts {
 public:
  ExeclistPorts() = default;
  // Requires snapshot.IsSound().
  explicit ExeclistPorts(const ExeclistSnapshot& snapshot) : s_(snapshot) {}
  const ExeclistSnapshot& snapshot() const { return s_; }

  // One dword of ELSP. True if it completes a submission that is taken: four dwords, element 0
  // valid, and no other submission waits.
  bool WriteElsp(uint32_t value);

  bool is_idle() const { return !s_.running && !s_.pending; }
  bool has_pending() const { return s_.pending.has_value(); }
  // The waiting submission, if there is one, may take over now.
  bool CanPromote() const { return s_.pending && (!s_.running || PendingContinuesRunning()); }
  const std::optional<ExeclistPair>& running() const { return s_.running; }

  // The waiting submission goes on with the context that runs.
  bool PendingContinuesRunning() const;
  // The waiting submission takes the place of whatever ran.
  void Promote();
  // The running context is done; its successor, if it has one, takes over. False: there is none.
  bool Advance();
  void Clear() { *this = ExeclistPorts(); }

  // EXECLIST_STATUS.
  uint64_t Status() const;

 private:
  ExeclistSnapshot s_;  // but for `faulted`
};

}  // namespace gvt::sched
