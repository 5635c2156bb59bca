// Fuzz target: the register policy and the register table.
//
// Input: platform, engine, flags (bit 0: own FORCE_TO_NONPRIV slots), a byte; offset and value;
// then the slots. Properties: verdicts of different paths agree where the policy is one policy, and
// every offset has a name.
#include <array>
#include <cstring>

#include "fuzz/fuzz_target.h"
#include "hw/register_policy.h"
#include "hw/register_table.h"

namespace gvt::fuzz {
namespace {

struct Input {
  uint8_t platform = 0;
  uint8_t engine = 0;
  uint8_t flags = 0;
  uint8_t unused = 0;
  uint32_t offset = 0;
  uint32_t value = 0;
  hw::NonPrivilegeSlots slots{};
};

class Judge {
 public:
  explicit Judge(const Input& input) : input_(input) {
    request_.platform = static_cast<hw::Platform>(input.platform % hw::kPlatformCount);
    request_.engine = static_cast<hw::Engine>(input.engine % hw::kEngineCount);
    request_.offset = input.offset;
    if ((input.flags & 1) != 0) request_.slots = &input_.slots;
  }

  hw::RegisterVerdict operator()(hw::RegisterPath path, bool privileged) const {
    hw::RegisterRequest request = request_;
    request.path = path;
    request.privileged = privileged;
    request.value_known = path == hw::RegisterPath::kMmioWrite || path == hw::RegisterPath::kLri ||
                          path == hw::RegisterPath::kPipeControl ||
                          path == hw::RegisterPath::kContextImage;
    request.value = request.value_known ? input_.value : 0;
    return hw::JudgeRegister(request);
  }

  hw::Platform platform() const { return request_.platform; }

 private:
  const Input& input_;
  hw::RegisterRequest request_;
};

void CheckStreams(const Judge& judge, bool privileged) {
  using hw::RegisterPath;
  const auto lri = judge(RegisterPath::kLri, privileged);
  const auto lrm = judge(RegisterPath::kLrm, privileged);
  const auto pipe_control = judge(RegisterPath::kPipeControl, privileged);
  Require(lrm == judge(RegisterPath::kLrrDestination, privileged),
          "a value from memory is as good as one from a register");
  Require(judge(RegisterPath::kSrm, privileged) == judge(RegisterPath::kLrrSource, privileged),
          "a read is a read");
  Require(lri == pipe_control || lri.effect == hw::RegisterEffect::kPageTableRoot,
          "PIPE_CONTROL writes what MI_LOAD_REGISTER_IMM writes, but no page table root");
  Require(!lrm.allowed() || lri.allowed(), "an unknown value may not do what no value may");
  Require(!lrm.allowed() || lrm.effect == hw::RegisterEffect::kNone,
          "an unknown value has no effect that the mediator must know");
  Require(privileged || lri.effect == hw::RegisterEffect::kNone,
          "a non-privileged batch changes no page table root and no slot");
}

void CheckPrivilege(const Judge& judge) {
  for (const auto path : {hw::RegisterPath::kLri, hw::RegisterPath::kLrm, hw::RegisterPath::kSrm,
                          hw::RegisterPath::kLrrSource, hw::RegisterPath::kLrrDestination,
                          hw::RegisterPath::kPipeControl}) {
    Require(!judge(path, false).allowed() || judge(path, true).allowed(),
            "a ring may do what a non-privileged batch may");
  }
}

void CheckNames(const Judge& judge, const Input& input) {
  for (unsigned i = 0; i < hw::kRegisterPathCount; ++i) {
    const auto path = static_cast<hw::RegisterPath>(i);
    const hw::RegisterVerdict verdict = judge(path, false);
    Require(!hw::RegisterPathName(path).empty() && !hw::RegisterReasonName(verdict.reason).empty(),
            "paths and reasons have names");
    Require(verdict.allowed() == (verdict.reason == hw::RegisterReason::kNone),
            "there is a reason exactly for what is not allowed");
    const bool bad_offset = input.offset % 4 != 0 || input.offset >= hw::kMmioBytes;
    Require(!bad_offset || !verdict.allowed(), "an offset that is no register is refused");
  }
  Require(!hw::RegisterName(judge.platform(), input.offset).empty(), "every offset has a name");
  const hw::RegisterRow* row = hw::FindRegister(judge.platform(), input.offset);
  Require(row == nullptr ||
              (input.offset >= row->offset && input.offset - row->offset < row->size_bytes),
          "a row holds the offset that it was found by");
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gvt::fuzz::Input input;
  std::memcpy(&input, data, size < sizeof input ? size : sizeof input);
  const gvt::fuzz::Judge judge(input);
  gvt::fuzz::CheckStreams(judge, false);
  gvt::fuzz::CheckStreams(judge, true);
  gvt::fuzz::CheckPrivilege(judge);
  gvt::fuzz::CheckNames(judge, input);
  return 0;
}
