// Source: PRM SKL vol 7 "Execlist Submission Port", "EXECLIST_STATUS"; linux v6.1 gvt/execlist.c
// (meaning of the status bits), gt/intel_execlists_submission.c (order of the four writes).
#include "sched/execlist_ports.h"

#include "base/bits.h"

namespace gvt::sched {
namespace {

// EXECLIST_STATUS, lower dword.
constexpr uint32_t kCurrentList = 1u << 0;
constexpr uint32_t kWriteList = 1u << 1;
constexpr uint32_t kQueueFull = 1u << 2;
constexpr unsigned kListValid = 4;    // list 0; list 1 is one below
constexpr unsigned kListActive = 18;  // likewise

}  // namespace

bool ExeclistPorts::WriteElsp(uint32_t value) {
  words_[count_++] = value;
  if (count_ < words_.size()) return false;
  count_ = 0;
  ExeclistPair pair;
  pair.descriptors = {Join64(words_[3], words_[2]), Join64(words_[1], words_[0])};
  if (!pair.running().valid() || pending_) return false;
  pending_ = pair;
  return true;
}

bool ExeclistPorts::PendingContinuesRunning() const {
  return running_ && pending_ && IsSameContext(running_->running(), pending_->running());
}

void ExeclistPorts::Promote() {
  running_ = pending_;
  pending_.reset();
  running_slot_ ^= 1;
}

bool ExeclistPorts::Advance() {
  if (running_ && running_->has_next()) {
    running_->current = 1;
    return true;
  }
  running_.reset();
  return false;
}

uint64_t ExeclistPorts::Status() const {
  const unsigned write_slot = running_slot_ ^ 1;
  uint32_t low = (running_slot_ != 0 ? kCurrentList : 0) | (write_slot != 0 ? kWriteList : 0);
  uint32_t id = 0;
  if (running_) {
    low |= 1u << (kListValid - running_slot_) | 1u << (kListActive - running_slot_);
    id = running_->running().context_id();
  }
  if (pending_) low |= kQueueFull | 1u << (kListValid - write_slot);
  return Join64(low, id);
}

}  // namespace gvt::sched
