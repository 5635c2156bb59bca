// The software streamer against the slow model on what real drivers submitted: after each
// submission of a capture both have the same memory, registers and interrupts. 3D and media
// commands are stepped over by both.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "capture/capture_file.h"
#include "gpu/soft/soft_streamer.h"
#include "hw/context_image.h"
#include "tests/gpu_soft/fake_ports.h"
#include "tests/model/slow_model.h"

namespace gvt::model {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxCommands = 2'000'000;

std::vector<fs::path> Captures() {
  std::vector<fs::path> files;
  if (!fs::exists("bench/corpora")) return files;
  for (const fs::directory_entry& entry : fs::directory_iterator("bench/corpora")) {
    if (entry.path().string().ends_with(".aub.xz")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// One submission, run by both.
class Replay {
 public:
  Replay(hw::Platform platform, const capture::Submission& submission,
         const capture::GpuMemory& memory)
      : submission_(submission),
        registers_(platform),
        segments_(platform, submission.engine, memory_),
        streamer_(platform, submission.engine,
                  {memory_, registers_, interrupts_, segments_, clock_}, {256}),
        model_(platform, submission.engine) {
    memory_.SetSource([&memory](hw::AddressSpace space, uint64_t page) {
      return memory.Page(space, Gma(page << 12));
    });
    model_.source = [&memory](hw::AddressSpace space, uint64_t page) -> std::optional<ModelPage> {
      const std::byte* bytes = memory.Page(space, Gma(page << 12));
      if (bytes == nullptr) return std::nullopt;
      ModelPage copy;
      std::memcpy(copy.data(), bytes, sizeof copy);
      return copy;
    };
    clock_.now_ns = 1'000'000'000;
    model_.timestamp = gpu::TimestampAt(clock_.now_ns);
    const uint32_t base = hw::EngineMmioBase(submission.engine);
    const auto& slots = hw::StockNonPrivilegeSlots(platform, submission.engine);
    for (uint32_t i = 0; i < slots.size(); ++i) registers_.Write(base + 0x4d0 + 4 * i, slots[i]);
  }

  // What went wrong, or "".
  std::string Run() {
    // The model knows no restore: no batches run at it.
    for (const size_t dword : {hw::kContextPerCtxPointer, hw::kContextIndirectCtx}) {
      memory_.Store32(hw::AddressSpace::kGgtt, submission_.context_image + 4 * dword, 0);
    }
    if (!streamer_.Load(submission_.descriptor)) return "not loaded";
    model_.registers = registers_.values();
    model_.context_timestamp = registers_.Read(hw::EngineMmioBase(submission_.engine) + 0x3a8);
    const capture::RingPart& ring = submission_.ring;
    const ModelEnd expected = model_.Run({ring.start.value, ring.size_bytes, ring.head, ring.tail},
                                         submission_.lrca.value, kMaxCommands);
    gpu::RunEnd end = gpu::RunEnd::kSlice;
    while (end == gpu::RunEnd::kSlice) end = streamer_.Run({});
    if (expected != ModelEnd::kDrained || end != gpu::RunEnd::kDrained) {
      return "ends: model " + std::to_string(static_cast<int>(expected)) + ", streamer " +
             std::to_string(static_cast<int>(end));
    }
    return Compare();
  }

  uint64_t commands() const { return model_.commands; }
  uint64_t changed_pages = 0;

 private:
  std::string Compare() {
    std::vector<uint32_t> raised;
    for (const auto interrupt : interrupts_.raised) {
      raised.push_back(static_cast<uint32_t>(interrupt));
    }
    if (raised != model_.interrupts) return "interrupts differ";
    for (size_t space = 0; space < 2; ++space) {
      const auto where = static_cast<hw::AddressSpace>(space);
      for (const auto& [page, dwords] : model_.pages[space]) {
        if (page == submission_.context_image.page() && space == 0) continue;
        ModelPage mine;
        if (!memory_.Read(where, Gma(page << 12), std::as_writable_bytes(std::span(mine)))) {
          return "page lost";
        }
        if (mine != dwords) return "page " + std::to_string(page) + " differs";
        if (dwords != *model_.source(where, page)) ++changed_pages;
      }
    }
    const uint32_t base = hw::EngineMmioBase(submission_.engine);
    for (uint32_t offset = 0; offset < 0x40000; offset += 4) {
      const auto value = model_.registers.find(offset);
      const bool gpr_or_predicate = offset >= base + 0x400 && offset < base + 0x700;
      const bool outside = offset >> 12 != base >> 12;
      if (value == model_.registers.end() || !(gpr_or_predicate || outside)) continue;
      if (registers_.Read(offset) != value->second) {
        return "register " + std::to_string(offset) + " differs";
      }
    }
    return {};
  }

  const capture::Submission& submission_;
  soft_test::FakeMemory memory_;
  soft_test::FakeRegisters registers_;
  soft_test::FakeInterrupts interrupts_;
  soft_test::FakeClock clock_;
  soft_test::FakeSegments segments_;
  gpu::SoftStreamer streamer_;
  SlowModel model_;
};

class CaptureAgainstModel : public testing::TestWithParam<fs::path> {};

TEST_P(CaptureAgainstModel, LeavesTheSameMemory) {
  capture::CaptureFileResult opened = capture::OpenCapture(GetParam().string(), {});
  ASSERT_TRUE(opened.has_value());
  capture::CaptureFile& file = **opened;
  capture::Submission submission;
  uint64_t commands = 0;
  uint64_t changed_pages = 0;
  while (file.NextSubmission(&submission) == capture::NextResult::kSubmission) {
    ASSERT_EQ(submission.problem, capture::SubmissionProblem::kNone);
    Replay replay(file.info().platform, submission, file.memory());
    ASSERT_EQ(replay.Run(), "") << "submission " << submission.index;
    commands += replay.commands();
    changed_pages += replay.changed_pages;
  }
  EXPECT_GT(commands, 0u);
  RecordProperty("commands", std::to_string(commands));
  RecordProperty("changed_pages", std::to_string(changed_pages));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CaptureAgainstModel);
INSTANTIATE_TEST_SUITE_P(Corpus, CaptureAgainstModel, testing::ValuesIn(Captures()),
                         [](const testing::TestParamInfo<fs::path>& param) {
                           std::string name = param.param.filename().string();
                           name.resize(name.find('.'));
                           std::replace_if(
                               name.begin(), name.end(),
                               [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace gvt::model
