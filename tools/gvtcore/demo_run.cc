// Two parts. First every guest does its own: captures in a loop, attacks in a loop. Then all submit
// an endless batch to the render engine, so that each wants all of it: what each gets is its share,
// to be held against its weight.
#include "tools/gvtcore/demo_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <thread>

#include "hostif/embedded/fault_plan.h"

namespace gvt::tools {
namespace {

using hostif::embedded::FaultPlan;
using hostif::embedded::Host;
using hostif::embedded::Machine;

constexpr uint32_t kWeights[] = {8, 4, 2};
constexpr uint32_t kHostileWeight = 2;
constexpr uint64_t kSeed = 1;

gvtcore_vgpu_statistics_t StatisticsOf(Machine& machine) {
  gvtcore_vgpu_statistics_t statistics = {};
  statistics.size = sizeof statistics;
  gvtcore_vgpu_statistics(machine.vgpu(), &statistics);
  return statistics;
}

class Demo {
 public:
  Demo(const std::vector<DemoCapture>& captures, const DemoSettings& settings)
      : captures_(captures), settings_(settings), attacker_(clock_, kSeed) {}

  Result<DemoResult> Run() {
    auto host = Host::Create(plan_);
    if (!host) return host.error();
    host_ = std::move(host).value();
    for (uint32_t i = 0; i < settings_.vgpus; ++i) {
      const DemoCapture& capture = captures_[i % captures_.size()];
      guests_.push_back(std::make_unique<DemoGuest>(capture, clock_, settings_.checks));
      const Result<void> booted = guests_.back()->Boot(*host_, WeightOf(i));
      if (!booted) return booted.error();
    }
    if (const Result<void> booted = attacker_.Boot(*host_, kHostileWeight); !booted) {
      return booted.error();
    }
    DemoResult result;
    result.checked = settings_.checks;
    result.seconds = Work();
    Collect(&result);
    MeasureShares(&result);
    return result;
  }

 private:
  static uint32_t WeightOf(uint32_t index) { return kWeights[index % std::size(kWeights)]; }

  // Returns how long it took.
  double Work() {
    std::atomic<bool> stop = false;
    const uint64_t begin = clock_.NowNs();
    std::vector<std::jthread> threads;
    for (const auto& guest : guests_) {
      threads.emplace_back([&stop, &guest] { guest->Run(stop); });
    }
    threads.emplace_back([this, &stop] { attacker_.Run(stop); });
    const auto end = begin + static_cast<uint64_t>(settings_.seconds * 1e9);
    while (clock_.NowNs() < end) {
      constexpr uint64_t kBeatNs = 200'000'000;
      std::this_thread::sleep_for(
          std::chrono::nanoseconds(std::min(kBeatNs, end - std::min(end, clock_.NowNs()))));
      if (settings_.shows_progress) Paint(begin);
    }
    const uint64_t stopped = clock_.NowNs();
    stop = true;
    threads.clear();
    if (settings_.shows_progress) fmt::print(stderr, "\r\x1b[K");
    return static_cast<double>(stopped - begin) / 1e9;
  }

  void Paint(uint64_t begin) const {
    std::string line = fmt::format("{:4.1f} s ", static_cast<double>(clock_.NowNs() - begin) / 1e9);
    for (const auto& guest : guests_) {
      line += fmt::format("| {}: {} ", guest->capture().name, guest->completed());
    }
    fmt::print(stderr, "\r\x1b[K{:.100}| {} attacks", line, attacker_.tries());
  }

  void Collect(DemoResult* result) {
    for (uint32_t i = 0; i < guests_.size(); ++i) {
      DemoGuest& guest = *guests_[i];
      DemoVgpu vgpu;
      vgpu.name = guest.capture().name;
      vgpu.weight = WeightOf(i);
      vgpu.tally = guest.tally();
      vgpu.workloads_of_capture = guest.capture().workloads.size();
      vgpu.rounds = vgpu.tally.completed / vgpu.workloads_of_capture;
      vgpu.statistics = StatisticsOf(guest.machine());
      vgpu.events = guest.events();
      std::vector<uint64_t> dispatch;
      std::vector<uint64_t> interrupt;
      for (const DemoEvent& event : vgpu.events) {
        dispatch.push_back(event.dispatched_ns - std::min(event.dispatched_ns, event.submitted_ns));
        interrupt.push_back(event.interrupted_ns - event.submitted_ns);
      }
      vgpu.dispatch = LatencyOf(std::move(dispatch));
      vgpu.interrupt = LatencyOf(std::move(interrupt));
      result->vgpus.push_back(std::move(vgpu));
    }
    result->hostile_weight = kHostileWeight;
    result->hostile_statistics = StatisticsOf(attacker_.machine());
    result->attacks = attacker_.tallies();
    result->hostile_events = attacker_.events();
  }

  void MeasureShares(DemoResult* result) {
    constexpr double kMostSeconds = 1;  // of the engine's time
    constexpr double kPatience = 4;     // so much longer it may take, on a busy machine
    constexpr std::chrono::milliseconds kWarmUp{50};
    constexpr std::chrono::milliseconds kLook{20};
    std::vector<DemoSpinner*> spinners;
    std::vector<Machine*> machines;
    for (const auto& guest : guests_) {
      spinners.push_back(&guest->spinner());
      machines.push_back(&guest->machine());
    }
    spinners.push_back(&attacker_.spinner());
    machines.push_back(&attacker_.machine());
    for (DemoSpinner* spinner : spinners) spinner->Start();
    std::this_thread::sleep_for(kWarmUp);
    const auto busy = [&] {
      std::vector<uint64_t> all;
      all.reserve(machines.size());
      for (Machine* machine : machines) all.push_back(StatisticsOf(*machine).engine_busy_ns[0]);
      return all;
    };
    const double wanted = std::min(kMostSeconds, settings_.seconds) * 1e9;
    const std::vector<uint64_t> before = busy();
    const uint64_t begin = clock_.NowNs();
    std::vector<uint64_t> after;
    double total = 0;
    double passed = 0;
    do {
      std::this_thread::sleep_for(kLook);
      passed = static_cast<double>(clock_.NowNs() - begin);
      after = busy();
      total = static_cast<double>(std::accumulate(after.begin(), after.end(), uint64_t{0}) -
                                  std::accumulate(before.begin(), before.end(), uint64_t{0}));
    } while (total < wanted && passed < wanted * kPatience);
    result->share_seconds = passed / 1e9;
    for (DemoSpinner* spinner : spinners) (void)spinner->Stop();
    const auto share = [&](size_t i) {
      return total == 0 ? 0 : static_cast<double>(after[i] - before[i]) / total;
    };
    for (size_t i = 0; i < result->vgpus.size(); ++i) result->vgpus[i].share = share(i);
    result->hostile_share = share(result->vgpus.size());
  }

  const std::vector<DemoCapture>& captures_;
  const DemoSettings settings_;
  const DemoClock clock_;
  FaultPlan plan_;
  std::unique_ptr<Host> host_;
  std::vector<std::unique_ptr<DemoGuest>> guests_;
  DemoAttacker attacker_;
};

}  // namespace

DemoLatency LatencyOf(std::vector<uint64_t> nanoseconds) {
  if (nanoseconds.empty()) return {};
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const auto at = [&](double part) {
    const auto index = static_cast<size_t>(part * static_cast<double>(nanoseconds.size()));
    return nanoseconds[std::min(index, nanoseconds.size() - 1)];
  };
  return {at(0.5), at(0.99), at(0.999)};
}

uint64_t DemoResult::lost() const {
  uint64_t sum = 0;
  for (const DemoVgpu& vgpu : vgpus) sum += vgpu.tally.lost;
  return sum;
}

uint64_t DemoResult::wrong() const {
  uint64_t sum = 0;
  for (const DemoVgpu& vgpu : vgpus) sum += vgpu.tally.pages_wrong;
  return sum;
}

Result<DemoResult> RunDemo(const std::vector<DemoCapture>& captures, const DemoSettings& settings) {
  return Demo(captures, settings).Run();
}

}  // namespace gvt::tools
