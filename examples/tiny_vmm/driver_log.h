// What a driver does, written down: a driver that works on a twin of the machine, without a
// processor, and a list of its accesses for a guest to do again.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "hostif/embedded/guest_ports.h"

namespace gvt::tiny_vmm {

enum class StepKind : uint8_t {
  kStore,         // a dword to memory
  kWriteDevice,   // a dword to BAR0; `at` is the offset
  kExpectDevice,  // a dword of BAR0 that has to read as `value`
  kWriteConfig,
  kExpectConfig,
};

struct Step {
  StepKind kind = StepKind::kStore;
  uint32_t at = 0;
  uint32_t value = 0;

  friend bool operator==(const Step&, const Step&) = default;
};

class DriverLog final : public hostif::embedded::GuestPorts {
 public:
  // `twin` outlives the object; its memory is all zeros, as that of the guest will be.
  explicit DriverLog(hostif::embedded::GuestPorts& twin) : twin_(twin) {}

  const std::vector<Step>& steps() const { return steps_; }

  // GuestPorts
  uint64_t memory_bytes() const override { return twin_.memory_bytes(); }
  void ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const override;
  void WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) override;
  uint32_t Load32(Gpa from) const override { return twin_.Load32(from); }
  bool Store32(Gpa to, uint32_t value) override;
  bool Store64(Gpa to, uint64_t value) override;
  uint64_t interrupts() const override { return twin_.interrupts(); }
  bool WaitForInterrupt(uint64_t seen, std::chrono::milliseconds limit) override {
    return twin_.WaitForInterrupt(seen, limit);
  }

 private:
  hostif::embedded::GuestPorts& twin_;
  mutable std::vector<Step> steps_;
};

// 32-bit code that does the steps and then writes to port `done_port`: 0, or the number (from 1) of
// the expectation that was not met. It runs at any address, on flat segments, without a stack.
// `bar0`: where the guest has BAR0; below 2 GiB, as all memory that is stored to.
std::vector<uint8_t> Assemble(std::span<const Step> steps, uint32_t bar0, uint8_t done_port);

}  // namespace gvt::tiny_vmm
