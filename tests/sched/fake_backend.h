// A backend that does what a test tells it, and remembers what it was asked.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "gpu/engine_backend.h"

namespace gvt::sched_test {

class FakeBackend final : public gpu::EngineBackend {
 public:
  gpu::BackendCapabilities capabilities() const override { return {}; }
  bool Load(uint64_t descriptor) override {
    calls.push_back("load " + std::to_string(descriptor >> 32));
    return image_is_mapped;
  }
  void ResampleTail() override { calls.emplace_back("tail"); }
  gpu::RunEnd Run(const gpu::RunBudget& budget) override {
    calls.emplace_back("run");
    if (on_run) on_run(budget);
    if (ends.empty()) return gpu::RunEnd::kDrained;
    const gpu::RunEnd end = ends.front();
    ends.pop_front();
    return end;
  }
  void Save() override { calls.emplace_back("save"); }
  void Reset() override { calls.emplace_back("reset"); }

  std::vector<std::string> Take() { return std::exchange(calls, {}); }

  bool image_is_mapped = true;
  std::deque<gpu::RunEnd> ends;  // of the runs to come; then all drain
  std::function<void(const gpu::RunBudget&)> on_run;
  std::vector<std::string> calls;
};

}  // namespace gvt::sched_test
