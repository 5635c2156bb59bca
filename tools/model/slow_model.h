// A command streamer as slow and plain as can be: the oracle of gpu/soft.
//
// One function a command, found by its name; memory and registers are maps; commands are read from
// memory one at a time, when their turn comes. It shares hw/ with what it checks (command rows,
// register policy, register rows), and nothing else: no segments, no copies, no context images, no
// preemption. Time stands still.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "hw/command_row.h"
#include "hw/platform.h"
#include "hw/register_policy.h"
#include "tools/model/slow_blitter.h"

namespace gvt::model {

enum class ModelEnd : uint8_t { kDrained, kWaiting, kFault, kTooLong };

struct ModelRing {
  uint64_t start = 0;
  uint32_t size_bytes = 0;
  uint32_t head = 0;
  uint32_t tail = 0;
};

using ModelPage = std::array<uint32_t, 1024>;
// The page of a space that nothing has touched yet; nullopt: it is not mapped.
using ModelPageSource = std::function<std::optional<ModelPage>(hw::AddressSpace, uint64_t page)>;

class SlowModel {
 public:
  // What one model does at most, whatever its guest asks for; beyond, the end is kTooLong.
  static constexpr uint64_t kMaxPages = uint64_t{1} << 16;  // that come from `source`

  SlowModel(hw::Platform platform, hw::Engine engine) : platform_(platform), engine_(engine) {}

  // Runs a ring from head to tail, with all that it starts; `max_commands` at most. `lrca`: page 0
  // of the context.
  ModelEnd Run(const ModelRing& ring, uint64_t lrca, uint64_t max_commands);

  ModelPageSource source;
  std::map<uint64_t, ModelPage> pages[2];  // index = AddressSpace
  std::map<uint32_t, uint32_t> registers;
  std::vector<uint32_t> interrupts;  // bits of the GT interrupt registers
  uint64_t timestamp = 0;
  uint32_t context_timestamp = 0;
  uint64_t commands = 0;
  SlowBlitter blitter;
  uint64_t max_pages = kMaxPages;

 private:
  enum class Next : uint8_t { kGoOn, kJumped, kWait, kFault };
  using Function = Next (SlowModel::*)();
  struct Batch {
    bool ggtt = false;
    uint64_t address = 0;
  };

  // The command at hand.
  uint32_t D(size_t dword) const { return command_[dword]; }
  uint64_t Address(size_t dword, unsigned low_bits) const;
  bool Header(unsigned bit) const { return (D(0) >> bit & 1) != 0; }

  Next Step();
  static Function FunctionOf(std::string_view name);
  bool PredicateTurnsOff(std::string_view name);

  Next MiNothing();
  Next MiUserInterrupt();
  Next MiSetPredicate();
  Next MiPredicate();
  Next MiMath();
  Next MiSemaphoreWait();
  Next MiStoreDataImm();
  Next MiStoreDataIndex();
  Next MiLoadRegisterImm();
  Next MiStoreRegisterMem();
  Next MiLoadRegisterMem();
  Next MiLoadRegisterReg();
  Next MiFlushDw();
  Next MiReportHead();
  Next MiReportPerfCount();
  Next MiCopyMemMem();
  Next MiAtomic();
  Next MiBatchBufferStart();
  Next MiBatchBufferEnd();
  Next MiConditionalBatchBufferEnd();
  Next PipeControl();

  Next Blit(std::string_view name);

  bool Load(bool ggtt, uint64_t address, uint32_t* value);
  Next Store(bool ggtt, uint64_t address, std::vector<uint32_t> dwords);
  uint32_t* Find(bool ggtt, uint64_t address);
  Next PostSync(uint32_t flags, bool ggtt, uint64_t address, std::vector<uint32_t> immediate);
  bool UserInGgtt(bool ggtt) const { return ggtt && !Privileged(); }

  hw::RegisterVerdict Judge(hw::RegisterPath path, uint32_t offset, std::optional<uint32_t> value);
  std::optional<uint32_t> ReadRegister(hw::RegisterPath path, uint32_t offset);
  void WriteRegister(hw::RegisterPath path, uint32_t offset, uint32_t value);
  uint32_t Base() const { return hw::EngineMmioBase(engine_); }
  uint64_t Gpr(uint32_t index);
  void SetGpr(uint32_t index, uint64_t value);
  uint64_t Pair(uint32_t offset);

  bool Privileged() const { return batches_.empty() || batches_.back().ggtt; }
  uint64_t Here() const;
  void GoOn(uint64_t bytes);

  hw::Platform platform_;
  hw::Engine engine_;
  ModelRing ring_;
  uint64_t lrca_ = 0;
  std::vector<Batch> batches_;  // outermost first; addresses of the next command
  std::vector<uint32_t> command_;
  uint32_t predicate_ = 0;
  uint64_t pages_taken_ = 0;
  bool too_long_ = false;
};

}  // namespace gvt::model
