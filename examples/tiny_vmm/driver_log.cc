// The assembler is made for 64-bit code. What is used of it here are encodings that both modes
// share: a register that holds zero with a displacement of 32 bits in place of absolute addresses,
// and registers without a prefix.
//
// Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 (configuration by ports 0xcf8 and 0xcfc).
#include "examples/tiny_vmm/driver_log.h"

#include <xbyak/xbyak.h>

#include <cstring>

#include "gvtcore/gvtcore.h"

namespace gvt::tiny_vmm {
namespace {

constexpr uint32_t kConfigAddress = 0xcf8;
constexpr uint32_t kConfigData = 0xcfc;
constexpr uint32_t kDevice = 0x80001000;  // bus 0, device 2, function 0
constexpr size_t kStepBytes = 48;         // at most

class Code final : public Xbyak::CodeGenerator {
 public:
  explicit Code(size_t room) : CodeGenerator(room) { xor_(ebp, ebp); }

  void Do(const Step& step, uint32_t number, uint32_t bar0, Xbyak::Label& fail) {
    switch (step.kind) {
      case StepKind::kStore: mov(dword[rbp + step.at], step.value); break;
      case StepKind::kWriteDevice: mov(dword[rbp + (bar0 + step.at)], step.value); break;
      case StepKind::kExpectDevice:
        mov(ebx, dword[rbp + (bar0 + step.at)]);
        Expect(ebx, step.value, number, fail);
        break;
      case StepKind::kWriteConfig:
        SelectConfig(step.at);
        mov(eax, step.value);
        out_(dx, eax);
        break;
      case StepKind::kExpectConfig:
        SelectConfig(step.at);
        in_(eax, dx);
        Expect(eax, step.value, number, fail);
        break;
    }
  }

 private:
  void SelectConfig(uint32_t offset) {
    mov(edx, kConfigAddress);
    mov(eax, kDevice | offset);
    out_(dx, eax);
    mov(edx, kConfigData);
  }
  void Expect(const Xbyak::Reg32& seen, uint32_t value, uint32_t number, Xbyak::Label& fail) {
    mov(esi, number);
    cmp(seen, value);
    jne(fail, T_NEAR);
  }
};

}  // namespace

void DriverLog::ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const {
  twin_.ReadDevice(region, offset, data, bytes);
  const StepKind kind =
      region == GVTCORE_REGION_CONFIG ? StepKind::kExpectConfig : StepKind::kExpectDevice;
  for (size_t done = 0; done + sizeof(uint32_t) <= bytes; done += sizeof(uint32_t)) {
    Step step{kind, static_cast<uint32_t>(offset + done), 0};
    std::memcpy(&step.value, static_cast<const std::byte*>(data) + done, sizeof step.value);
    steps_.push_back(step);
  }
}

void DriverLog::WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) {
  twin_.WriteDevice(region, offset, data, bytes);
  const StepKind kind =
      region == GVTCORE_REGION_CONFIG ? StepKind::kWriteConfig : StepKind::kWriteDevice;
  // The upper half first: an entry is valid with its lower one.
  for (size_t left = bytes / sizeof(uint32_t) * sizeof(uint32_t); left != 0;) {
    left -= sizeof(uint32_t);
    Step step{kind, static_cast<uint32_t>(offset + left), 0};
    std::memcpy(&step.value, static_cast<const std::byte*>(data) + left, sizeof step.value);
    steps_.push_back(step);
  }
}

bool DriverLog::Store32(Gpa to, uint32_t value) {
  if (twin_.Load32(to) == value) return true;
  steps_.push_back({StepKind::kStore, static_cast<uint32_t>(to.value), value});
  return twin_.Store32(to, value);
}

bool DriverLog::Store64(Gpa to, uint64_t value) {
  return Store32(to + sizeof(uint32_t), static_cast<uint32_t>(value >> 32)) &&
         Store32(to, static_cast<uint32_t>(value));
}

std::vector<uint8_t> Assemble(std::span<const Step> steps, uint32_t bar0, uint8_t done_port) {
  Code code((steps.size() + 1) * kStepBytes);
  Xbyak::Label fail;
  for (size_t i = 0; i < steps.size(); ++i) {
    code.Do(steps[i], static_cast<uint32_t>(i + 1), bar0, fail);
  }
  code.xor_(code.esi, code.esi);
  code.L(fail);
  code.mov(code.eax, code.esi);
  code.out_(done_port, code.eax);
  code.hlt();
  return {code.getCode(), code.getCode() + code.getSize()};
}

}  // namespace gvt::tiny_vmm
