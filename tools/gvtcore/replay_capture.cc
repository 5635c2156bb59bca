// Each submission starts from memory as the capture states it. The device first restores the
// context and runs nothing; what its registers hold then is where the model starts. Then both run
// the ring, and are compared: how they end, the interrupts, every page that the model came to, and
// the registers that commands write.
//
// Left out: the page of the context's registers, which the model does not save, and registers that
// the streamer itself keeps (ring, batch address, ...).
#include "tools/gvtcore/replay_capture.h"

#include <fmt/format.h>

#include <cstring>

#include "capture/aub_reader.h"
#include "gpu/engine_clock.h"
#include "tools/gvtcore/capture_device.h"
#include "tools/model/slow_model.h"

namespace gvt::tools {
namespace {

using model::ModelEnd;
using model::ModelPage;

constexpr uint64_t kMaxCommands = 2'000'000;                 // of a submission
constexpr uint64_t kBlitBytesPerCheck = uint64_t{64} << 10;  // the device looks less often
constexpr uint32_t kGtBytes = 0x40000;
constexpr uint32_t kContextTimestamp = 0x3a8;
constexpr uint32_t kContextSwitchBit = 1u << 8;
constexpr uint32_t kCommandErrorBit = 1u << 3;

struct ReplayCounts {
  uint64_t submissions = 0;
  uint64_t skipped = 0;
  uint64_t commands = 0;
  uint64_t pages = 0;
  uint64_t changed_pages = 0;
  uint64_t registers = 0;
};

class CaptureReplay {
 public:
  CaptureReplay(CaptureDevice& device, const capture::AubMemory& memory, hw::Platform platform,
                const capture::Submission& submission, ReplayCounts& counts)
      : device_(device),
        memory_(memory),
        submission_(submission),
        counts_(counts),
        base_(hw::EngineMmioBase(submission.engine)),
        model_(platform, submission.engine) {
    model_.source = [this](hw::AddressSpace space, uint64_t page) { return Original(space, page); };
    model_.timestamp = gpu::TimestampAt(device_.now_ns());
  }

  // What differs, or "".
  std::string Run() {
    if (!device_.Take(memory_)) return "no address space for guest memory";
    if (device_.Restore(submission_) != DeviceEnd::kDrained) return "the context is not restored";
    device_.TakeInterrupts(submission_.engine);
    for (uint32_t offset = 0; offset < kGtBytes; offset += 4) {
      if (const uint32_t value = device_.Register(offset)) model_.registers[offset] = value;
    }
    model_.context_timestamp = device_.Register(base_ + kContextTimestamp);
    const capture::RingPart& ring = submission_.ring;
    const ModelEnd expected = model_.Run({ring.start.value, ring.size_bytes, ring.head, ring.tail},
                                         submission_.lrca.value, kMaxCommands);
    if (expected == ModelEnd::kTooLong) {
      ++counts_.skipped;
      return {};
    }
    // An entry of a segment costs a look at the clock too, and so do a command that asks for it and
    // a part of a blit.
    const uint64_t checks = 64 + 4 * model_.commands + model_.blitter.bytes / kBlitBytesPerCheck;
    const DeviceEnd end = device_.Run(submission_, checks);
    counts_.commands += model_.commands;
    std::string difference = end == EndOf(expected) ? Compare(end) : EndText(expected, end);
    if (end != DeviceEnd::kDrained) device_.Reset(submission_.engine);
    return difference;
  }

 private:
  static DeviceEnd EndOf(ModelEnd end) {
    switch (end) {
      case ModelEnd::kDrained: return DeviceEnd::kDrained;
      case ModelEnd::kWaiting: return DeviceEnd::kWaiting;
      default: return DeviceEnd::kFault;
    }
  }
  static std::string EndText(ModelEnd expected, DeviceEnd end) {
    constexpr const char* kNames[] = {"drained", "waiting", "fault", "too long"};
    return fmt::format("ends: model {}, device {}", kNames[static_cast<size_t>(EndOf(expected))],
                       kNames[static_cast<size_t>(end)]);
  }

  std::optional<ModelPage> Original(hw::AddressSpace space, uint64_t page) const {
    const std::byte* bytes = memory_.Page(space, Gma(page << kPageShift));
    if (bytes == nullptr) return std::nullopt;
    ModelPage copy;
    std::memcpy(copy.data(), bytes, sizeof copy);
    return copy;
  }

  std::string Compare(DeviceEnd end) {
    uint32_t expected = 0;
    for (const uint32_t bit : model_.interrupts) expected |= 1u << bit;
    uint32_t raised = device_.TakeInterrupts(submission_.engine) & ~kContextSwitchBit;
    if (end == DeviceEnd::kFault) raised &= ~kCommandErrorBit;
    if (raised != expected) {
      return fmt::format("interrupts: model {:#x}, device {:#x}", expected, raised);
    }
    for (const auto space : {hw::AddressSpace::kGgtt, hw::AddressSpace::kPpgtt}) {
      for (const auto& [page, dwords] : model_.pages[static_cast<size_t>(space)]) {
        std::string difference = ComparePage(space, page, dwords);
        if (!difference.empty()) return difference;
      }
    }
    return CompareRegisters();
  }

  std::string ComparePage(hw::AddressSpace space, uint64_t page, const ModelPage& dwords) {
    const Gma address(page << kPageShift);
    if (space == hw::AddressSpace::kGgtt && page == submission_.context_image.page()) return {};
    const char* name = space == hw::AddressSpace::kGgtt ? "GGTT" : "PPGTT";
    const std::optional<uint64_t> physical = memory_.Translate(space, address);
    const auto bytes = physical ? device_.Page(*physical) : std::span<const std::byte>();
    if (bytes.empty()) return fmt::format("{} {:#x}: the page is lost", name, address.value);
    ++counts_.pages;
    if (const auto original = Original(space, page); original && dwords != *original) {
      ++counts_.changed_pages;
    }
    for (size_t i = 0; i < dwords.size(); ++i) {
      uint32_t mine = 0;
      std::memcpy(&mine, bytes.data() + i * sizeof mine, sizeof mine);
      if (mine == dwords[i]) continue;
      return fmt::format("{} {:#x}: model {:#x}, device {:#x}", name,
                         address.value + i * sizeof mine, dwords[i], mine);
    }
    return {};
  }

  std::string CompareRegisters() {
    for (const auto& [offset, value] : model_.registers) {
      const bool gpr_or_predicate = offset >= base_ + 0x400 && offset < base_ + 0x700;
      const bool outside = offset >> 12 != base_ >> 12;
      if (offset >= kGtBytes || !(gpr_or_predicate || outside)) continue;
      ++counts_.registers;
      const uint32_t mine = device_.Register(offset);
      if (mine != value) {
        return fmt::format("register {:#x}: model {:#x}, device {:#x}", offset, value, mine);
      }
    }
    return {};
  }

  CaptureDevice& device_;
  const capture::AubMemory& memory_;
  const capture::Submission& submission_;
  ReplayCounts& counts_;
  const uint32_t base_;
  model::SlowModel model_;
};

bool CanRun(const CaptureDevice& device, const capture::Submission& submission) {
  return submission.problem == capture::SubmissionProblem::kNone && submission.has_context &&
         submission.kind == capture::SubmissionKind::kRing && device.HasEngine(submission.engine);
}

}  // namespace

void ReplayCapture(std::unique_ptr<capture::ByteSource> source, const ReplaySettings& settings,
                   ReplayReport* report) {
  report->kind = "aub";
  capture::CaptureOptions options;
  options.live_bytes_limit = settings.live_limit;
  auto opened = capture::AubReader::Open(std::move(source), options);
  if (!opened) {
    report->error = opened.error();
    return;
  }
  capture::AubReader& file = **opened;
  const hw::Platform platform = file.info().platform;
  report->origin = fmt::format("AUB capture of {}", hw::PlatformName(platform));
  CaptureDevice device(platform);
  ReplayCounts counts;
  capture::Submission submission;
  capture::NextResult next = file.NextSubmission(&submission);
  while (next == capture::NextResult::kSubmission && !report->difference) {
    ++counts.submissions;
    if (CanRun(device, submission)) {
      CaptureReplay replay(device, file.memory(), platform, submission, counts);
      const std::string difference = replay.Run();
      if (!difference.empty()) report->difference = {submission.index, difference};
    } else {
      ++counts.skipped;
    }
    if (!report->difference) next = file.NextSubmission(&submission);
  }
  if (next == capture::NextResult::kError) report->error = file.error();
  report->counts = {{"submissions", counts.submissions},     {"skipped", counts.skipped},
                    {"commands", counts.commands},           {"pages", counts.pages},
                    {"changed_pages", counts.changed_pages}, {"registers", counts.registers}};
}

}  // namespace gvt::tools
