// Fuzz target: submissions. What a hostile kernel can write between ELSP and interrupt:
// descriptors, context images, rings, batches, page tables, GGTT entries, engine registers, and
// memory that its host takes away.
//
// Input: operations of a few bytes each, see Operation. They work on a guest that was set up well,
// so that a few changed dwords already get deep. The engines run in their own threads meanwhile.
// Properties: no signal, no hang; after a function-level reset the same vGPU does honest work; and
// a vGPU beside it, on the same engines, notices nothing (neighbour.h).
#include <array>
#include <vector>

#include "base/bits.h"
#include "fuzz/embedded_world.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/input_reader.h"
#include "fuzz/neighbour.h"
#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"

namespace gvt::fuzz {
namespace {

using hostif::embedded::GuestContext;
using hostif::embedded::GuestDriver;
using hostif::embedded::Machine;
using hostif::embedded::PageTables;

constexpr uint64_t kBatchAddress = 0x400000;
constexpr size_t kMaxOperations = 256;
constexpr size_t kJobs = 4;

constexpr uint32_t kGdrst = 0x941c;
constexpr uint32_t kBatchStartPpgtt = 0x18800101;
constexpr uint32_t kBatchEnd = 0x05000000;
constexpr uint32_t kStoreDwordGgtt = 0x10400002;

enum class Operation : uint8_t {
  kElsp,          // engine, dword
  kImage,         // job, dword index, value: register state of its context
  kRing,          // job, dword index, value
  kBatch,         // job, dword index, value
  kTables,        // dword index, value: any of the pages up to the first ring
  kGgtt,          // page, entry
  kSubmit,        // job, other job
  kRegister,      // engine, offset, value
  kWait,          // job
  kReset,         // bit of GDRST: all, RCS, VCS, BCS, VECS
  kRemoveMemory,  // page
  kLast = kRemoveMemory,
};

hw::Engine EngineOf(unsigned number) {
  constexpr std::array kEngines{hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                hw::Engine::kVecs};
  return kEngines[number % kEngines.size()];
}

struct Job {
  GuestContext context;
  Gpa batch;
};

class Guest {
 public:
  explicit Guest(Machine& machine) : machine_(machine), driver_(machine) {
    Require(driver_.Boot().has_value(), "a vGPU boots after a function-level reset");
    seqno_ = *driver_.AllocateGgtt(1);
    for (size_t i = 0; i < kJobs; ++i) jobs_[i] = MakeJob(EngineOf(static_cast<unsigned>(i)));
  }

  void Do(InputReader& input) {
    const auto kind = input.Take<uint8_t>() % (static_cast<unsigned>(Operation::kLast) + 1);
    const auto which = input.Take<uint8_t>();
    Job& job = jobs_[which % kJobs];
    switch (static_cast<Operation>(kind)) {
      case Operation::kElsp:
        return machine_.WriteRegister(BaseOf(which) + 0x230, input.Take<uint32_t>());
      case Operation::kImage: return Poke(job.context.image.gpa + kPageSize, 1024, input);
      case Operation::kRing: return Poke(job.context.ring.gpa, job.context.ring_bytes / 4, input);
      case Operation::kBatch: return Poke(job.batch, 1024, input);
      case Operation::kTables: return Poke(Gpa(which * kPageSize), 1024, input);
      case Operation::kGgtt: return machine_.WriteGgttEntry(which, input.Take<uint64_t>());
      case Operation::kSubmit: return Submit(job, jobs_[input.Take<uint8_t>() % kJobs]);
      case Operation::kRegister: {
        const uint32_t offset = input.Take<uint16_t>() & 0xffc;
        return machine_.WriteRegister(BaseOf(which) + offset, input.Take<uint32_t>());
      }
      case Operation::kWait:
        driver_.WaitForIdle(job.context.engine, std::chrono::milliseconds(1));
        return;
      case Operation::kReset: return machine_.WriteRegister(kGdrst, 1u << which % 5);
      case Operation::kRemoveMemory: return RemoveMemory(Gpa(which * kPageSize));
    }
  }
  void GiveMemoryBack() {
    for (const Gpa page : removed_) {
      Require(machine_.RestoreMemory(page, kPageSize).has_value(), "removed memory can come back");
    }
    removed_.clear();
  }
  bool WorksHonestly() {
    for (Job& job : jobs_) {
      job.context.tail = 0;
      if (!driver_.Submit(job.context)) return false;
      if (!driver_.WaitForValue(SeqnoOf(job), 1)) return false;
    }
    return true;
  }

 private:
  static uint32_t BaseOf(unsigned number) { return hw::EngineMmioBase(EngineOf(number)); }
  Gpa SeqnoOf(const Job& job) const { return seqno_.gpa + 16 * (job.context.descriptor >> 37); }

  // A batch that ends at once, and a ring that starts it and writes a seqno.
  Job MakeJob(hw::Engine engine) {
    Job job;
    const PageTables tables = *driver_.CreatePageTables();
    job.context = *driver_.CreateContext(engine, tables);
    job.batch = *driver_.AllocateAt(tables, Gma(kBatchAddress), 2);
    machine_.Store32(job.batch, kBatchEnd);
    machine_.Store32(SeqnoOf(job), 0);
    const uint64_t seqno = seqno_.gma.value + 16 * (job.context.descriptor >> 37);
    const std::array<uint32_t, 7> ring{kBatchStartPpgtt,
                                       Low32(kBatchAddress),
                                       High32(kBatchAddress),
                                       kStoreDwordGgtt,
                                       Low32(seqno),
                                       High32(seqno),
                                       1};
    driver_.Append(job.context, ring);
    return job;
  }
  void Poke(Gpa base, uint32_t dwords, InputReader& input) {
    const uint32_t index = input.Take<uint16_t>() % dwords;
    const Gpa at = base + uint64_t{index} * 4;
    const auto value = input.Take<uint32_t>();
    for (const Gpa page : removed_) {
      if (page.page() == at.page()) return;
    }
    machine_.Store32(at, value);
  }
  // Without the driver's patience: a queue that is full stays so.
  void Submit(const Job& first, const Job& second) {
    const uint32_t elsp = hw::EngineMmioBase(first.context.engine) + 0x230;
    const uint64_t other = &first == &second ? 0 : second.context.descriptor;
    for (const uint32_t value : {High32(other), Low32(other), High32(first.context.descriptor),
                                 Low32(first.context.descriptor)}) {
      machine_.WriteRegister(elsp, value);
    }
  }
  void RemoveMemory(Gpa page) {
    for (const Gpa removed : removed_) {
      if (removed == page) return;
    }
    if (machine_.RemoveMemory(page, kPageSize)) removed_.push_back(page);
  }

  Machine& machine_;
  GuestDriver driver_;
  hostif::embedded::GgttPage seqno_;
  std::array<Job, kJobs> jobs_;
  std::vector<Gpa> removed_;
};

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt::fuzz;
  static EmbeddedWorld world;
  static Neighbour neighbour(world);
  world.Clear();
  {
    Guest guest(world.machine());
    neighbour.Submit();
    InputReader input(data, size);
    for (size_t i = 0; i < kMaxOperations && !input.empty(); ++i) guest.Do(input);
    neighbour.Check();
    neighbour.Submit();  // beside what the input has left running
    neighbour.Check();
    Require(gvtcore_vgpu_reset(world.machine().vgpu()) == 0, "a vGPU can be reset");
    guest.GiveMemoryBack();
  }
  world.Clear();
  Guest honest(world.machine());
  Require(honest.WorksHonestly(), "after a reset the vGPU does honest work");
  return 0;
}
