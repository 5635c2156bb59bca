// A guest of a simulation: does what a driver may do, in an order that a random number decides, and
// holds the device to what a driver relies on.
//
// It keeps the ports of each engine as i915 does: what it wrote last is promoted by an entry of the
// context status buffer, what runs is retired by another; any other order is a failure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"

namespace gvt::sim {

using Random = std::mt19937_64;

// Up to `limit`, not included. > 0.
inline uint32_t Below(Random& random, uint32_t limit) {
  return static_cast<uint32_t>(random() % limit);
}

// FNV-1a of what happened: the same run gives the same digest.
class Digest {
 public:
  void Add(uint64_t value) { state_ = (state_ ^ value) * 0x100000001b3; }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0xcbf29ce484222325;
};

class SimGuest {
 public:
  // `host` outlives the guest.
  SimGuest(hostif::embedded::Host& host, uint32_t weight);

  // One thing that a driver does: submits, ends a spinner, lets a waiter go, looks at the status
  // buffer, resets an engine.
  void Act(Random& random);
  // Lets everything that it started come to its end.
  void LetGo();
  // Looks what has happened. True: everything that was submitted is done, and right.
  bool IsDone();

  // What went wrong first; empty: nothing.
  const std::string& failure() const { return failure_; }
  uint64_t digest() const { return digest_.value(); }
  uint64_t requests() const { return requests_; }

 private:
  enum class Kind : uint8_t { kStores, kSpins, kWaits };
  struct Job {
    hostif::embedded::GuestContext context;
    hostif::embedded::PageTables tables;
    Gpa batch;
    Gpa data;
    uint32_t submitted = 0;  // value of its last request
    uint32_t completed = 0;  // as last seen
    bool is_held = false;    // its batch spins or waits until it is let go
    Kind kind = Kind::kStores;
  };
  using Pair = std::vector<size_t>;  // of jobs, one or two
  struct Port {
    hw::Engine engine = hw::Engine::kRcs;
    std::array<Job, 2> jobs;
    Pair running;
    Pair pending;
  };

  void MakeJobs(Port& port);
  void Submit(Port& port, Random& random);
  void WriteBatch(Job& job, Random& random);
  void Release(Job& job);
  void Reset(Port& port);
  void Look(Port& port);
  void TakeEntry(Port& port, uint64_t entry);
  void LookAtJobs(Port& port);
  Gpa SeqnoAt(const Job& job) const;
  void Fail(const Port& port, const std::string& text);

  std::unique_ptr<hostif::embedded::Machine> machine_;
  std::unique_ptr<hostif::embedded::GuestDriver> driver_;
  hostif::embedded::GgttPage seqnos_;
  std::array<Port, 2> ports_;
  Digest digest_;
  std::string failure_;
  uint64_t requests_ = 0;
  uint32_t resets_left_ = 4;  // each takes memory for new contexts
};

}  // namespace gvt::sim
