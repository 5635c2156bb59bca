// A guest's driver in miniature at work on a module's machine, with one context.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "hostif/conformance/module_guest.h"
#include "hostif/embedded/guest_driver.h"

namespace gvt::hostif::conformance {

class Worker {
 public:
  // A booted guest with a context on `engine`. nullptr: *why says what does not work.
  static std::unique_ptr<Worker> Create(ModuleCore& core, hw::Engine engine, std::string* why);

  // Brings the driver up again, as after a reset of the device: in memory that it has not used.
  // False: it does not come up, or not once more.
  bool BootAgain();

  // Stores `value` as the sequence number and interrupts. Empty: both were seen, in that order.
  std::string Run(uint32_t value, uint32_t patience_ms);
  // The same, not waited for. Empty: it was taken.
  std::string Submit(uint32_t value);
  // Polls a word of guest memory, and never finds what it waits for. False: it was not taken.
  bool SubmitEndless();
  bool WaitForSeqno(uint32_t value, uint32_t patience_ms) const;
  uint32_t ReadSeqno() const { return guest_->Load32(seqno_.gpa); }
  bool WaitForIdle() { return driver_->WaitForIdle(engine_); }
  void ResetEngine() { driver_->ResetEngine(engine_); }

  ModuleGuest& guest() { return *guest_; }
  Gpa seqno() const { return seqno_.gpa; }

 private:
  explicit Worker(hw::Engine engine) : engine_(engine) {}
  bool Boot();

  const hw::Engine engine_;
  uint32_t boots_ = 0;
  std::unique_ptr<ModuleGuest> guest_;
  std::unique_ptr<embedded::GuestDriver> driver_;
  embedded::GgttPage seqno_;  // its page; behind the word is the one that endless work polls
  embedded::GuestContext context_;
};

}  // namespace gvt::hostif::conformance
