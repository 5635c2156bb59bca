// Commands that store: immediates, copies, reports, and the post-sync operations of the flushes.
//
// Index mode and the commands that name a status page mean page 0 of the running context (its
// PPHWSP), never the engine's status page. Source: PRM SKL vol 2a; linux v6.1
// gt/gen8_engine_cs.c; facts of traces with stock i915.
#include <array>

#include "base/bits.h"
#include "gpu/soft/executor.h"

namespace gvt::gpu::soft {
namespace {

constexpr unsigned kGgttBit = 22;

// Flags that PIPE_CONTROL has in dword 1 and MI_FLUSH_DW in its header, at the same bits.
constexpr unsigned kPostSyncHigh = 15;
constexpr unsigned kPostSyncLow = 14;
constexpr unsigned kIndexBit = 21;
constexpr unsigned kTlbInvalidateBit = 18;
constexpr unsigned kNotifyBit = 8;
enum PostSyncOperation : uint32_t { kNothing = 0, kImmediate = 1, kDepthCount = 2, kTimestamp = 3 };

// Dword of the PPHWSP that MI_REPORT_HEAD fills. Source: PRM SKL vol 2c "Hardware Status Page".
constexpr uint32_t kReportHeadOffset = 4 * 4;
// An OA report: id, timestamp, then counters. Source: PRM SKL vol 2a "MI_REPORT_PERF_COUNT".
constexpr size_t kPerfReportDwords = 64;

}  // namespace

void Executor::StoreDataImm(const Command& command) {
  constexpr unsigned kQwordBit = 21;
  DataAddress to;
  if (!AddressOf(command, 1, kGgttBit, &to)) return;
  if (command.length() < 5) {
    memory_.Store32(to, command.dwords[3]);
  } else if (Bit(command.header(), kQwordBit)) {
    memory_.Store64(to, Join64(command.dwords[3], command.dwords[4]));
  } else {
    memory_.Store32(to, command.dwords[3]);
    memory_.Store32(to.Plus(4), command.dwords[4]);
  }
}

// `offset` in page 0 of the context. False: outside it, or a non-privileged batch.
bool Executor::IndexedAddress(const Command& command, uint64_t offset, DataAddress* to) const {
  *to = {hw::AddressSpace::kGgtt, lrca_.value + offset};
  return command.privileged && offset + sizeof(uint64_t) <= kPageSize;
}

void Executor::StoreDataIndex(const Command& command) {
  const uint32_t offset = command.dwords[1] & ~3u;
  const uint32_t bytes = (command.length() - 2) * 4;
  if (offset > kPageSize - bytes) return;
  const DataAddress to{hw::AddressSpace::kGgtt, lrca_.value + offset};
  for (uint32_t i = 2; i < command.length(); ++i) {
    memory_.Store32(to.Plus(uint64_t{i - 2} * 4), command.dwords[i]);
  }
}

void Executor::CopyMemMem(const Command& command) {
  constexpr unsigned kDestinationGgttBit = 21;
  DataAddress to;
  DataAddress from;
  const bool to_allowed = AddressOf(command, 1, kDestinationGgttBit, &to);
  if (!AddressOf(command, 3, kGgttBit, &from) || !to_allowed) return;
  const uint32_t value = memory_.Load32(from);
  if (!memory_.fault().pending) memory_.Store32(to, value);
}

void Executor::ReportHead() {
  memory_.Store32({hw::AddressSpace::kGgtt, lrca_.value + kReportHeadOffset}, ring_head_);
}

void Executor::ReportPerfCount(const Command& command) {
  const bool ggtt = Bit(command.dwords[1], 0);
  if (ggtt && !command.privileged) return;
  std::array<uint32_t, kPerfReportDwords> report{};
  report[0] = command.dwords[3];
  report[1] = Low32(registers_.Timestamp());
  const DataAddress to{ggtt ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt,
                       Join64(command.dwords[1], command.dwords[2]) & ~uint64_t{0x3f}};
  memory_.StoreBytes(to, std::as_bytes(std::span(report)));
}

// The write behind a flush. `to` is qword aligned.
void Executor::PostSync(const Command& command, uint32_t flags, DataAddress to,
                        uint64_t immediate) {
  const uint32_t operation = Bits(flags, kPostSyncHigh, kPostSyncLow);
  if (operation == kNothing) return;
  if (Bit(flags, kIndexBit)) {
    if (!IndexedAddress(command, to.value, &to)) return;
  } else if (to.space == hw::AddressSpace::kGgtt && !command.privileged) {
    return;
  }
  switch (operation) {
    case kImmediate: memory_.Store64(to, immediate); break;
    case kDepthCount: memory_.Store64(to, registers_.Own64(kPsDepthCount)); break;
    default: memory_.Store64(to, registers_.Timestamp()); break;
  }
}

// The notification says that the write has been made.
void Executor::Notify(uint32_t flags) {
  if (Bit(flags, kNotifyBit) && !memory_.fault().pending) {
    interrupts_.Raise(EngineInterrupt::kNotify);
  }
}

// A flush of fewer than 4 dwords has neither address nor data, hence writes nothing.
void Executor::FlushDw(const Command& command) {
  const uint32_t flags = command.header();
  if (Bit(flags, kTlbInvalidateBit)) memory_.port().InvalidateTlb();
  if (command.length() >= 4) FlushDwWrite(command);
  Notify(flags);
}

void Executor::FlushDwWrite(const Command& command) {
  constexpr unsigned kAddressGgttBit = 2;
  const uint32_t flags = command.header();
  DataAddress to;
  to.space =
      Bit(command.dwords[1], kAddressGgttBit) ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
  to.value = Join64(command.dwords[1], command.dwords[2]) & ~uint64_t{7};
  const uint32_t operation = Bits(flags, kPostSyncHigh, kPostSyncLow);
  if (operation == kImmediate && command.length() == 4) {
    // The length says whether a dword or a qword is written.
    const bool indexed = Bit(flags, kIndexBit);
    const bool allowed = indexed ? IndexedAddress(command, to.value, &to)
                                 : command.privileged || to.space != hw::AddressSpace::kGgtt;
    if (allowed) memory_.Store32(to, command.dwords[3]);
  } else if (operation != kDepthCount) {
    const uint32_t high = command.length() > 4 ? command.dwords[4] : 0;
    PostSync(command, flags, to, Join64(command.dwords[3], high));
  }
}

void Executor::PipeControl(const Command& command) {
  constexpr unsigned kRegisterBit = 23;
  constexpr unsigned kDestinationGgttBit = 24;
  const uint32_t flags = command.dwords[1];
  if (Bit(flags, kTlbInvalidateBit)) memory_.port().InvalidateTlb();
  if (Bit(flags, kRegisterBit)) {
    WriteRegister(hw::RegisterPath::kPipeControl, command, command.dwords[2], command.dwords[4]);
  } else {
    DataAddress to;
    to.space = Bit(flags, kDestinationGgttBit) ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt;
    to.value = Join64(command.dwords[2], command.dwords[3]) & ~uint64_t{7};
    const uint32_t high = command.length() > 5 ? command.dwords[5] : 0;
    PostSync(command, flags, to, Join64(command.dwords[4], high));
  }
  Notify(flags);
}

}  // namespace gvt::gpu::soft
