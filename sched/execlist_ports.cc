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

bool IsSoundPair(const ExeclistPair& pair) {
  return pair.current < 2 && hw::ContextDescriptor(pair.descriptors[0]).valid() &&
         pair.running().valid();
}

}  // namespace

bool ExeclistSnapshot::IsSound() const {
  return count < words.size() && running_slot < 2 && (!running || IsSoundPair(*running)) &&
         (!pending || (IsSoundPair(*pending) && pending->current == 0));
}

bool ExeclistPorts::WriteElsp(uint32_t value) {
  s_.words[s_.count++] = value;
  if (s_.count < s_.words.size()) return false;
  s_.count = 0;
  ExeclistPair pair;
  pair.descriptors = {Join64(s_.words[3], s_.words[2]), Join64(s_.words[1], s_.words[0])};
  if (!pair.running().valid() || s_.pending) return false;
  s_.pending = pair;
  return true;
}

bool ExeclistPorts::PendingContinuesRunning() const {
  return s_.running && s_.pending && IsSameContext(s_.running->running(), s_.pending->running());
}

void ExeclistPorts::Promote() {
  s_.running = s_.pending;
  s_.pending.reset();
  s_.running_slot ^= 1;
}

bool ExeclistPorts::Advance() {
  if (s_.running && s_.running->has_next()) {
    s_.running->current = 1;
    return true;
  }
  s_.running.reset();
  return false;
}

uint64_t ExeclistPorts::Status() const {
  const unsigned write_slot = s_.running_slot ^ 1;
  uint32_t low = (s_.running_slot != 0 ? kCurrentList : 0) | (write_slot != 0 ? kWriteList : 0);
  uint32_t id = 0;
  if (s_.running) {
    low |= 1u << (kListValid - s_.running_slot) | 1u << (kListActive - s_.running_slot);
    id = s_.running->running().context_id();
  }
  if (s_.pending) low |= kQueueFull | 1u << (kListValid - write_slot);
  return Join64(low, id);
}

}  // namespace gvt::sched
