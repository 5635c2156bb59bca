// A booted guest with a context on each engine, batches and data at fixed addresses.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"
#include "tests/gpu_soft/commands.h"

namespace gvt::core_test {

using hostif::embedded::GuestContext;
using hostif::embedded::GuestDriver;
using hostif::embedded::Host;
using hostif::embedded::Machine;
using hostif::embedded::MachineOptions;
using hostif::embedded::PageTables;
using soft_test::BatchEnd;
using soft_test::BatchStart;
using soft_test::Dwords;
using soft_test::kUseGgtt;
using soft_test::Program;
using soft_test::SemaphoreWait;
using soft_test::StoreDword;
using soft_test::UserInterrupt;

inline constexpr hw::Engine kEngines[] = {hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                          hw::Engine::kVecs};

inline constexpr uint64_t kBatch = 0x400000;
inline constexpr uint64_t kData = 0x800000;

// Bits of an engine's interrupt word.
inline constexpr uint32_t kUserBit = 1u << 0;
inline constexpr uint32_t kErrorBit = 1u << 3;
inline constexpr uint32_t kSwitchBit = 1u << 8;

inline uint64_t IdOf(const GuestContext& context) {
  return context.descriptor >> 32 << 32;
}

// A context with memory of its own.
struct Job {
  GuestContext context;
  PageTables tables;
  Gpa batch;  // four pages at kBatch
  Gpa data;   // two pages at kData
};

class Bench {
 public:
  explicit Bench(Host& host, const MachineOptions& options = {}) {
    auto made = Machine::Create(host, options);
    EXPECT_TRUE(made);
    machine = std::move(made).value();
    driver = std::make_unique<GuestDriver>(*machine);
    EXPECT_TRUE(driver->Boot());
    seqno = *driver->AllocateGgtt(1);
  }

  Job MakeJob(hw::Engine engine) {
    Job job;
    job.tables = *driver->CreatePageTables();
    job.context = *driver->CreateContext(engine, job.tables);
    job.batch = *driver->AllocateAt(job.tables, Gma(kBatch), 4);
    job.data = *driver->AllocateAt(job.tables, Gma(kData), 2);
    return job;
  }
  // The ring starts the batch, then writes `value` to the job's seqno and interrupts.
  void Request(Job& job, uint32_t value, uint64_t batch = kBatch) {
    driver->Append(job.context, Program({BatchStart(batch), Seqno(job, value), UserInterrupt()}));
  }
  Dwords Seqno(const Job& job, uint32_t value) const {
    return StoreDword(seqno.gma.value + SlotOf(job), value, kUseGgtt);
  }
  Gpa SeqnoAt(const Job& job) const { return seqno.gpa + SlotOf(job); }
  void Batch(const Job& job, const Dwords& commands, uint64_t offset = 0) {
    machine->Store(job.batch + offset, commands);
  }
  // A batch that jumps to itself until its first dword is overwritten.
  void Spinner(const Job& job) { Batch(job, BatchStart(kBatch)); }
  void EndSpinner(const Job& job) { machine->Store(job.batch, BatchEnd()); }

  std::unique_ptr<Machine> machine;
  std::unique_ptr<GuestDriver> driver;
  hostif::embedded::GgttPage seqno;

 private:
  static uint64_t SlotOf(const Job& job) { return (job.context.descriptor >> 37) % 256 * 16; }
};

class EndToEnd : public testing::Test {
 protected:
  EndToEnd() : host_(std::move(Host::Create(plan_)).value()) {}

  hostif::embedded::FaultPlan plan_;
  std::unique_ptr<Host> host_;
};

}  // namespace gvt::core_test
