// Where control leaves a trace: one entry of the arena's link part.
#pragma once

#include <atomic>
#include <cstdint>

namespace gvt::jit {

enum class LinkKind : uint8_t {
  kLearnable,  // what follows here may be compiled: a new branch of the tree
  kFrozen,     // nothing will be: too many branches, or the copy ends
  kAudit,      // a command that has to be audited
  kBatchEnd,   // MI_BATCH_BUFFER_END was the last command
};

// Emitted code jumps through `code`; the rest says what that exit means.
struct Link {
  // atomic: published by the learner with release (write view), read by emitted code (execute view)
  std::atomic<const uint8_t*> code{nullptr};
  uint32_t dword = 0;     // counted from the root, whose address the code has in its register
  uint16_t commands = 0;  // likewise
  LinkKind kind = LinkKind::kLearnable;
  uint8_t alternatives = 0;  // comparisons of this very position that failed before
};
static_assert(sizeof(Link) == 16);

}  // namespace gvt::jit
