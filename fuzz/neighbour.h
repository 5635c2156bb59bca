// A vGPU beside the one that is fuzzed, on the same engines: it must notice nothing.
//
// Before each input and behind it it submits a request on every engine, and each of them must come
// to its end, whoever holds the engines meanwhile. What nobody writes of its memory
// (page tables, batches, a pattern) must be as it was; no engine of its own was reset, nothing
// refused.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "base/bits.h"
#include "fuzz/embedded_world.h"
#include "fuzz/fuzz_target.h"
#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"

namespace gvt::fuzz {

class Neighbour {
 public:
  explicit Neighbour(EmbeddedWorld& world) : machine_(world.MakeMachine()), driver_(*machine_) {
    Require(driver_.Boot().has_value(), "a neighbour boots");
    seqno_ = *driver_.AllocateGgtt(1);
    volatile_pages_.insert(seqno_.gpa.page());
    for (size_t i = 0; i < jobs_.size(); ++i) jobs_[i] = MakeJob(kEngines[i]);
    const uint64_t end = (*driver_.AllocatePages(1)).page();
    for (uint64_t page = 0; page < end; ++page) {
      if (!volatile_pages_.contains(page)) kept_.emplace_back(page, Content(page));
    }
  }

  void Submit() {
    ++round_;
    for (Job& job : jobs_) {
      const uint64_t seqno = SeqnoOf(job).value;
      driver_.Append(job.context, std::array{kBatchStartPpgtt, Low32(kBatch), High32(kBatch),
                                             kStoreDwordGgtt, Low32(seqno), High32(seqno), round_});
      Require(driver_.Submit(job.context), "a neighbour's queue has room");
    }
  }
  void Check() {
    for (Job& job : jobs_) {
      const Gpa at = seqno_.gpa + (SeqnoOf(job).value - seqno_.gma.value);
      Require(driver_.WaitForValue(at, round_), "a neighbour's work comes to its end");
      Require(driver_.WaitForIdle(job.context.engine), "a neighbour's engine comes to rest");
    }
    for (const auto& [page, content] : kept_) {
      Require(Content(page) == content, "a neighbour's memory is its own");
    }
    gvtcore_vgpu_statistics_t statistics = {};
    statistics.size = sizeof statistics;
    gvtcore_vgpu_statistics(machine_->vgpu(), &statistics);
    Require(statistics.refusals == 0, "nothing of a neighbour's is refused");
    Require(statistics.engine_resets == 0 && statistics.stalls == 0,
            "a neighbour's engines are not reset");
  }

 private:
  using Page = std::array<uint32_t, kPageSize / 4>;
  struct Job {
    hostif::embedded::GuestContext context;
  };

  static constexpr std::array kEngines{hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                       hw::Engine::kVecs};
  static constexpr uint64_t kBatch = 0x400000;  // and pages of a pattern behind it
  static constexpr uint64_t kBatchPages = 4;
  static constexpr uint32_t kBatchStartPpgtt = 0x18800101;
  static constexpr uint32_t kBatchEnd = 0x05000000;
  static constexpr uint32_t kStoreDwordGgtt = 0x10400002;

  Gma SeqnoOf(const Job& job) const {
    return seqno_.gma + uint64_t{16} * static_cast<unsigned>(job.context.engine);
  }
  Page Content(uint64_t page) const {
    Page content;
    for (size_t i = 0; i < content.size(); ++i) {
      content[i] = machine_->Load32(Gpa(page << kPageShift | i * sizeof(uint32_t)));
    }
    return content;
  }
  Job MakeJob(hw::Engine engine) {
    Job job;
    const hostif::embedded::PageTables tables = *driver_.CreatePageTables();
    const uint64_t before = (*driver_.AllocatePages(1)).page();
    job.context = *driver_.CreateContext(engine, tables);
    const uint64_t behind = (*driver_.AllocatePages(1)).page();
    for (uint64_t page = before + 1; page < behind; ++page) volatile_pages_.insert(page);
    volatile_pages_.insert(driver_.status_page(engine).gpa.page());
    const Gpa batch = *driver_.AllocateAt(tables, Gma(kBatch), kBatchPages);
    for (uint64_t at = 0; at < kBatchPages * kPageSize; at += 4) {
      machine_->Store32(batch + at, static_cast<uint32_t>(at * 0x9e3779b1));
    }
    machine_->Store32(batch, kBatchEnd);
    return job;
  }

  std::unique_ptr<hostif::embedded::Machine> machine_;
  hostif::embedded::GuestDriver driver_;
  hostif::embedded::GgttPage seqno_;
  std::array<Job, kEngines.size()> jobs_;
  std::set<uint64_t> volatile_pages_;            // engines write them
  std::vector<std::pair<uint64_t, Page>> kept_;  // all others
  uint32_t round_ = 0;
};

}  // namespace gvt::fuzz
