// The hostile guest of the demo: what it tries, and what becomes of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"
#include "tools/gvtcore/demo_guest.h"

namespace gvt::tools {

// How an attack ended, for the attacker.
struct AttackTally {
  std::string name;
  uint64_t tries = 0;
  uint64_t refusals = 0;  // that the audit counted
  uint64_t ended = 0;     // the engine went on as if nothing had been asked
  uint64_t stopped = 0;   // the engine stopped its work
  uint64_t reset = 0;     // it had to be reset by its guest
};

// Thread rule: as DemoGuest.
class DemoAttacker {
 public:
  DemoAttacker(const DemoClock& clock, uint64_t seed) : clock_(clock), random_(seed) {}

  Result<void> Boot(hostif::embedded::Host& host, uint32_t weight);
  // One attack after the other, one at least, until `stop`.
  void Run(const std::atomic<bool>& stop);

  DemoSpinner& spinner() { return *spinner_; }
  hostif::embedded::Machine& machine() { return *machine_; }
  const std::vector<AttackTally>& tallies() const { return tallies_; }
  // `workload` is the index of the attack's tally.
  const std::vector<DemoEvent>& events() const { return events_; }
  uint64_t tries() const { return tries_.load(std::memory_order_relaxed); }

 private:
  using Commands = std::vector<uint32_t>;

  void Attack(size_t index);
  void Submit(size_t index);
  Commands BatchOf(size_t index);
  void Settle(AttackTally* tally);
  uint32_t Noise() { return static_cast<uint32_t>(random_()); }

  const DemoClock& clock_;
  std::mt19937_64 random_;
  std::unique_ptr<hostif::embedded::Machine> machine_;
  std::unique_ptr<hostif::embedded::GuestDriver> driver_;
  std::unique_ptr<DemoSpinner> spinner_;
  hostif::embedded::PageTables tables_;
  hostif::embedded::GuestContext context_;
  Gpa batch_;
  Gpa image_;  // a copy of the register state as it was made
  std::vector<AttackTally> tallies_;
  std::vector<DemoEvent> events_;
  std::atomic<uint64_t> tries_{0};  // atomic: a counter for onlookers
};

}  // namespace gvt::tools
