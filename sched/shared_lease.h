// Engines shared by weight between processes, through a file in memory (lease_table.h).
//
// Whoever wants an engine says so in its place; the one that had least of it in proportion to its
// weight takes it when it is free. There is nobody in charge: each process keeps the rules for
// itself, and the processes trust each other with engine time, with nothing else.
//
// A process that does not come back, killed, stopped or hung, holds nobody up: what it holds is
// taken from it after kHoldLimitNs, and what it waits for goes to the next after kGraceNs. That two
// may then be in an engine at once is fine for engines in software, which each process has for
// itself; a back end with real hardware behind it needs another lease.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "hw/platform.h"
#include "sched/engine_lease.h"
#include "sched/fair_time.h"
#include "sched/lease_table.h"

namespace gvt::sched {

class SharedLease final : public EngineLease {
 public:
  // Ten slices.
  static constexpr uint64_t kHoldLimitNs = 20'000'000;
  static constexpr uint64_t kGraceNs = 2'000'000;
  // Who waited, or just came, may be so far behind, so that being late for a turn costs nothing.
  static constexpr uint64_t kLongestCreditNs = 10'000'000;

  // Joins those who share `path`; makes the file if there is none. kNotFound: it cannot be opened;
  // kInvalidArgument: it is another kind of file; kNoSpace: kLeasePlaces have joined; kIo.
  static Result<std::unique_ptr<SharedLease>> Join(const std::string& path);
  ~SharedLease() override;
  SharedLease(const SharedLease&) = delete;
  SharedLease& operator=(const SharedLease&) = delete;

  // EngineLease
  std::optional<uint64_t> Acquire(hw::Engine engine, const LeaseRequest& request,
                                  uint64_t wait_ns) override;
  void Release(hw::Engine engine, uint64_t used_ns, bool wants_more) override;

 private:
  // This process on one engine.
  struct Mine {
    FairTime time;
    uint32_t weight = 1;
    uint64_t held = 0;  // what LeaseEngine::holder says while it holds the engine
  };

  SharedLease(int file, LeaseTable* table, uint32_t place);
  bool TryTake(LeaseEngine& engine, Mine& mine, uint64_t now_us) const;
  std::optional<uint32_t> FirstBefore(const LeaseEngine& engine, uint64_t time) const;
  uint64_t SliceLimit(const LeaseEngine& engine, uint64_t now_us) const;
  void CallNext(LeaseEngine& engine) const;

  const int file_;  // open as long as the place is taken
  LeaseTable* const table_;
  const uint32_t place_;
  std::array<Mine, hw::kEngineCount> mine_;
};

}  // namespace gvt::sched
