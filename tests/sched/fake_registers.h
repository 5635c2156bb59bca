// Registers that only store, as a device's file does for what engines push.
#pragma once

#include <map>
#include <mutex>

#include "gpu/register_port.h"

namespace gvt::sched_test {

// Thread rule: any thread.
class FakeRegisters final : public gpu::RegisterPort {
 public:
  uint32_t Read(uint32_t offset) override {
    const std::lock_guard lock(mutex_);
    return values_[offset];
  }
  void Write(uint32_t offset, uint32_t value) override {
    const std::lock_guard lock(mutex_);
    values_[offset] = value;
  }

 private:
  std::mutex mutex_;
  std::map<uint32_t, uint32_t> values_;
};

}  // namespace gvt::sched_test
