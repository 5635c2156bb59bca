// Source: sched_setattr(2); linux v6.12 kernel/sched/syscalls.c __setparam_fair (the wish, its
// bounds), kernel/sched/fair.c wakeup_preempt_fair, PREEMPT_SHORT.
#include "sched/short_turns.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace gvt::sched {
namespace {

// struct sched_attr in its first version. The system's header cannot stand beside the C library's.
struct Attributes {
  uint32_t size = sizeof(Attributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;  // of the normal class: the turn
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};
static_assert(sizeof(Attributes) == 48);

constexpr uint32_t kNormal = 0;       // SCHED_OTHER
constexpr uint64_t kResetOnFork = 1;  // the one flag that is a thread's own
constexpr pid_t kThisThread = 0;

}  // namespace

void AskForShortTurns() {
  Attributes attributes;
  const long known =
      syscall(SYS_sched_getattr, kThisThread, &attributes, uint32_t{sizeof attributes}, 0u);
  if (known != 0 || attributes.policy != kNormal) return;
  attributes.flags &= kResetOnFork;
  attributes.runtime_ns = kProcessorTurnNs;
  // Refused: then turns are as long as everybody's.
  (void)syscall(SYS_sched_setattr, kThisThread, &attributes, 0u);
}

}  // namespace gvt::sched
