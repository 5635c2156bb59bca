// A run has two parts: things happen at random; then the guests let go what they hold, and all of
// it must be done within kLastSteps slices, whatever the intruder goes on doing.
#include "tests/sim/sim_world.h"

#include <memory>
#include <string>
#include <vector>

#include "hostif/embedded/fault_plan.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_guest.h"
#include "tests/sim/sim_intruder.h"

namespace gvt::sim {
namespace {

using hostif::embedded::FaultPlan;
using hostif::embedded::Host;

constexpr uint64_t kTickNs = 1'000'000;
constexpr uint32_t kSteps = 150;
constexpr uint32_t kLastSteps = 3000;
constexpr uint32_t kEngines[] = {static_cast<uint32_t>(hw::Engine::kBcs),
                                 static_cast<uint32_t>(hw::Engine::kVecs)};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed), clock_(kTickNs) {
    gvtcore_config_t config = {};
    config.flags = GVTCORE_STEPPED;
    config.now_ns = &SimClock::Look;
    config.clock = &clock_;
    host_ = std::move(Host::Create(plan_, config)).value();
    const uint32_t guests = 1 + Below(random_, 3);
    for (uint32_t i = 0; i < guests; ++i) {
      guests_.push_back(std::make_unique<SimGuest>(*host_, 1 + Below(random_, 16)));
    }
    if (Below(random_, 2) == 0) {
      intruder_ = std::make_unique<SimIntruder>(*host_, 1 + Below(random_, 16));
    }
  }

  SimResult Run() {
    for (uint32_t i = 0; i < kSteps && failure().empty(); ++i) {
      guests_[Below(random_, static_cast<uint32_t>(guests_.size()))]->Act(random_);
      if (intruder_ && Below(random_, 2) == 0) intruder_->Act(random_);
      for (uint32_t steps = Below(random_, 4); steps > 0; --steps) Step();
    }
    for (auto& guest : guests_) guest->LetGo();
    bool done = false;
    for (uint32_t i = 0; i < kLastSteps && !done && failure().empty(); ++i) {
      if (intruder_ && Below(random_, 4) == 0) intruder_->Act(random_);
      Step();
      done = true;
      for (auto& guest : guests_) done = guest->IsDone() && done;
    }
    SimResult result;
    result.failure = failure();
    if (result.failure.empty() && !done) result.failure = "not done in the end";
    Digest digest;
    digest.Add(clock_.now_ns());
    for (auto& guest : guests_) {
      digest.Add(guest->digest());
      result.requests += guest->requests();
    }
    result.digest = digest.value();
    return result;
  }

 private:
  void Step() { gvtcore_step(host_->core(), kEngines[Below(random_, 2)]); }
  std::string failure() const {
    for (size_t i = 0; i < guests_.size(); ++i) {
      if (!guests_[i]->failure().empty()) {
        return "guest " + std::to_string(i) + ": " + guests_[i]->failure();
      }
    }
    return intruder_ ? intruder_->failure() : std::string();
  }

  Random random_;
  SimClock clock_;
  FaultPlan plan_;
  std::unique_ptr<Host> host_;
  std::vector<std::unique_ptr<SimGuest>> guests_;
  std::unique_ptr<SimIntruder> intruder_;
};

}  // namespace

SimResult RunSeed(uint64_t seed) {
  return World(seed).Run();
}

}  // namespace gvt::sim
