// What a workload needs is what the slow model touched, with the page tables on the way there. What
// it leaves is what the model left; of two runs at different times, what differs is time.
//
// Buffers that a context runs when it is restored are left out, as `gvtcore replay` does.
#include "tools/gvtcore/demo_capture.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "base/bits.h"
#include "capture/aub_reader.h"
#include "gpu/engine_clock.h"
#include "hw/context_image.h"
#include "hw/gtt_entry.h"
#include "hw/page_walk.h"
#include "tools/gvtcore/capture_device.h"
#include "tools/model/slow_model.h"

namespace gvt::tools {
namespace {

using model::ModelEnd;
using model::ModelPage;

constexpr uint64_t kMaxCommands = 200'000;  // of a workload
constexpr uint32_t kGtBytes = 0x40000;
constexpr uint64_t kOtherTime = 0x123456789;  // ticks between the two runs

class Loader {
 public:
  Loader(const capture::AubMemory& memory, DemoCapture* out)
      : memory_(memory), device_(out->platform), out_(out) {}

  bool Add(const capture::Submission& submission) {
    if (!CanRun(submission) || !device_.Take(memory_) ||
        device_.Restore(submission) != DeviceEnd::kDrained) {
      return false;
    }
    model::SlowModel now(out_->platform, submission.engine);
    model::SlowModel later(out_->platform, submission.engine);
    if (!Run(submission, 0, &now) || !Run(submission, kOtherTime, &later)) return false;
    DemoWorkload workload;
    workload.engine = submission.engine;
    workload.descriptor = submission.descriptor;
    workload.commands = now.commands;
    if (!TakeRing(submission, &workload)) return false;
    pages_.clear();
    if (!TakeImage(submission, &workload)) return false;
    for (const auto space : {hw::AddressSpace::kGgtt, hw::AddressSpace::kPpgtt}) {
      for (const auto& [page, after] : now.pages[static_cast<size_t>(space)]) {
        const auto& other = later.pages[static_cast<size_t>(space)];
        const auto same_page = other.find(page);
        if (same_page == other.end()) return false;
        TakePage(submission, space, page, after, same_page->second, &workload);
      }
    }
    if (pages_.rbegin()->first >= kDemoMemoryPages) return false;
    for (auto& [number, memory] : pages_) {
      out_->end_page = std::max(out_->end_page, number + 1);
      workload.memory.push_back(std::move(memory));
    }
    out_->workloads.push_back(std::move(workload));
    return true;
  }

  // The first gap in what is mapped, for the guest's own pages.
  uint64_t FreeGgttPage() const {
    uint64_t start = 1;
    for (const uint64_t page : mapped_) {
      if (page >= start + kDemoFreePages) break;
      start = page + 1;
    }
    return start;
  }

 private:
  bool CanRun(const capture::Submission& submission) const {
    return submission.problem == capture::SubmissionProblem::kNone && submission.has_context &&
           submission.kind == capture::SubmissionKind::kRing &&
           device_.HasEngine(submission.engine);
  }

  bool Run(const capture::Submission& submission, uint64_t ticks, model::SlowModel* model) {
    model->source = [this](hw::AddressSpace space, uint64_t page) -> std::optional<ModelPage> {
      const std::byte* bytes = memory_.Page(space, Gma(page << kPageShift));
      if (bytes == nullptr) return std::nullopt;
      ModelPage copy;
      std::memcpy(copy.data(), bytes, sizeof copy);
      return copy;
    };
    model->timestamp = gpu::TimestampAt(device_.now_ns()) + ticks;
    model->context_timestamp = static_cast<uint32_t>(ticks);
    for (uint32_t offset = 0; offset < kGtBytes; offset += 4) {
      if (const uint32_t value = device_.Register(offset)) model->registers[offset] = value;
    }
    const capture::RingPart& ring = submission.ring;
    return model->Run({ring.start.value, ring.size_bytes, ring.head, ring.tail},
                      submission.lrca.value, kMaxCommands) == ModelEnd::kDrained;
  }

  bool TakeRing(const capture::Submission& submission, DemoWorkload* workload) const {
    const capture::RingPart& ring = submission.ring;
    for (uint32_t at = ring.head; at != ring.tail; at = (at + 4) % ring.size_bytes) {
      const Gma address = ring.start + at;
      const std::byte* page = memory_.Page(hw::AddressSpace::kGgtt, address);
      if (page == nullptr) return false;
      uint32_t dword = 0;
      std::memcpy(&dword, page + address.page_offset(), sizeof dword);
      workload->ring.push_back(dword);
      if (workload->ring.size() > kDemoRingDwords) return false;
    }
    return true;
  }

  // Both pages: what commands store into the status page is an effect like others.
  bool TakeImage(const capture::Submission& submission, DemoWorkload* workload) {
    for (const Gma page : {submission.lrca, submission.context_image}) {
      const std::optional<uint64_t> physical = MapGgtt(page, workload);
      if (!physical) return false;
      DemoMemory& memory = MemoryAt(*physical);
      if (page != submission.context_image) continue;
      workload->image_page = memory.page;
      DemoPage image = out_->contents[memory.content];
      image[hw::kContextPerCtxPointer] = 0;
      image[hw::kContextIndirectCtx] = 0;
      memory.content = Content(image);
    }
    return true;
  }

  void TakePage(const capture::Submission& submission, hw::AddressSpace space, uint64_t page,
                const ModelPage& after, const ModelPage& later, DemoWorkload* workload) {
    const Gma address(page << kPageShift);
    const bool is_ggtt = space == hw::AddressSpace::kGgtt ||
                         submission.addressing == capture::AddressingMode::kGgttOnly;
    if (is_ggtt && (address == submission.context_image || IsRing(submission, address))) return;
    const auto physical = is_ggtt ? MapGgtt(address, workload) : WalkTables(submission, address);
    if (!physical) return;
    DemoMemory& memory = MemoryAt(*physical);
    const DemoPage& before = out_->contents[memory.content];
    for (size_t i = 0; i < after.size(); ++i) {
      if (after[i] == before[i] && later[i] == before[i]) continue;
      memory.effects.push_back({static_cast<uint16_t>(i), after[i] != later[i], after[i]});
    }
  }

  static bool IsRing(const capture::Submission& submission, Gma address) {
    return address >= submission.ring.start &&
           address < submission.ring.start + submission.ring.size_bytes;
  }

  std::optional<uint64_t> MapGgtt(Gma address, DemoWorkload* workload) {
    const std::byte* table = memory_.GgttTablePage(address.page() / hw::kEntriesPerTable);
    const std::optional<uint64_t> physical = memory_.TranslateGgtt(address);
    if (table == nullptr || !physical) return std::nullopt;
    uint64_t entry = 0;
    std::memcpy(&entry, table + address.page() % hw::kEntriesPerTable * sizeof entry, sizeof entry);
    workload->mappings.push_back({address.page(), entry});
    mapped_.insert(address.page());
    return physical;
  }

  // The pages of tables that are read on the way become part of the workload.
  std::optional<uint64_t> WalkTables(const capture::Submission& submission, Gma address) {
    const auto read = [&](uint64_t physical) -> std::optional<uint64_t> {
      const std::byte* page = memory_.image().Find(physical >> kPageShift);
      if (page == nullptr) return std::nullopt;
      MemoryAt(physical);
      uint64_t entry = 0;
      std::memcpy(&entry, page + (physical & kPageOffsetMask), sizeof entry);
      return entry;
    };
    const bool is_gen8 = hw::GenerationOf(out_->platform) == hw::Generation::kGen8;
    const auto large = is_gen8 ? hw::LargePtes::kOff : hw::LargePtes::kOn;
    const hw::WalkResult walk = submission.addressing == capture::AddressingMode::kPpgtt4Level
                                    ? hw::WalkPpgtt4Level(submission.pdp[0], address, read, large)
                                    : hw::WalkPpgtt3Level(submission.pdp, address, read, large);
    if (!walk.ok()) return std::nullopt;
    return walk.physical;
  }

  DemoMemory& MemoryAt(uint64_t physical) {
    const uint64_t number = physical >> kPageShift;
    const auto [it, is_new] = pages_.try_emplace(number);
    if (!is_new) return it->second;
    DemoPage content{};
    if (const std::byte* page = memory_.image().Find(number)) {
      std::memcpy(content.data(), page, sizeof content);
    }
    it->second.page = number;
    it->second.content = Content(content);
    return it->second;
  }

  // Equal pages are kept once.
  uint32_t Content(const DemoPage& page) {
    const auto [it, is_new] =
        known_.try_emplace(page, static_cast<uint32_t>(out_->contents.size()));
    if (is_new) out_->contents.push_back(page);
    return it->second;
  }

  const capture::AubMemory& memory_;
  CaptureDevice device_;
  DemoCapture* const out_;
  std::map<uint64_t, DemoMemory> pages_;  // of the workload at hand
  std::set<uint64_t> mapped_;             // GGTT pages, of all workloads
  std::map<DemoPage, uint32_t> known_;
};

}  // namespace

capture::FileResult<DemoCapture> LoadDemoCapture(const std::string& path) {
  auto source = capture::ByteSource::OpenFile(path);
  if (!source) return source.error();
  auto opened = capture::AubReader::Open(std::move(source).value(), {});
  if (!opened) return opened.error();
  capture::AubReader& file = **opened;
  DemoCapture demo;
  demo.name = std::filesystem::path(path).filename().replace_extension().stem();
  demo.platform = file.info().platform;
  Loader loader(file.memory(), &demo);
  capture::Submission submission;
  capture::NextResult next = capture::NextResult::kEnd;
  while (demo.workloads.size() < kDemoWorkloads &&
         (next = file.NextSubmission(&submission)) == capture::NextResult::kSubmission) {
    if (!loader.Add(submission)) ++demo.skipped;
  }
  if (next == capture::NextResult::kError) return *file.error();
  demo.free_ggtt_page = loader.FreeGgttPage();
  return demo;
}

}  // namespace gvt::tools
