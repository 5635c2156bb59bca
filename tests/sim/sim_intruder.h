// A guest of a simulation that stops at nothing: random registers, entries, tables, rings, resets,
// and batches that never end.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"
#include "tests/sim/sim_guest.h"

namespace gvt::sim {

class SimIntruder {
 public:
  SimIntruder(hostif::embedded::Host& host, uint32_t weight);

  void Act(Random& random);
  const std::string& failure() const { return failure_; }

 private:
  void WriteRegister(Random& random);
  void SubmitAnything(Random& random);
  void SpinForEver(Random& random);
  void TakePageAway(Random& random);

  std::unique_ptr<hostif::embedded::Machine> machine_;
  std::unique_ptr<hostif::embedded::GuestDriver> driver_;
  std::array<hostif::embedded::GuestContext, 2> contexts_;  // blitter, video enhancement
  hostif::embedded::PageTables tables_;
  Gpa batch_;
  std::string failure_;
};

}  // namespace gvt::sim
