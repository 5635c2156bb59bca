// The streamer's loop.
//
// Control is in one segment at a time. Entering it gives an audited private copy, and nothing but
// that copy is executed; the copy is dropped when control leaves, when the segment stored into its
// own rest, and when a wait ends (the CPU may have written what comes behind it).
//
// Invariants:
// 1. Between two commands everything that is needed to go on is in flow_, the registers and
//    memory: Save() may come then.
// 2. A command that is not known, does not end inside the copy, or has no level to start a batch on
//    is a command error: the engine stops there until Reset(). So is an access without a page.
// 3. Every turn of the loop executes a command or ends it, so that any guest comes to the clock.
//    A run of MI_NOOPs counts as one: a copy is bounded.
// 4. Stores happen in stream order, before the interrupt behind them (architecture decision D3).
// 5. A loop without an effect is left as if it waited for memory, which it does (kWaiting).
//
// Source: PRM SKL vol 2a, vol 7 "Execlists"; linux v6.1 gt/intel_engine_regs.h (offsets),
// gt/intel_gt_regs.h (fault registers).
#include "gpu/soft/soft_streamer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "base/bits.h"
#include "base/check.h"
#include "gpu/soft/context_frame.h"
#include "gpu/soft/control_flow.h"
#include "gpu/soft/data_memory.h"
#include "gpu/soft/executor.h"
#include "gpu/soft/idle_loop.h"
#include "gpu/soft/judged_registers.h"
#include "gpu/soft/opcodes.h"
#include "hw/command_table.h"
#include "hw/noop_run.h"

namespace gvt::gpu {
namespace {

using soft::Command;
using soft::Opcode;
using soft::Outcome;

// Offsets from the engine's base.
enum LiveRegister : uint32_t {
  kRingTail = 0x30,
  kRingHead = 0x34,
  kRingStart = 0x38,
  kRingCtl = 0x3c,
  kActhdUdw = 0x5c,
  kIpehr = 0x68,
  kInstdone = 0x6c,
  kActhd = 0x74,
  kEir = 0xb0,
  kEsr = 0xb8,
  kBbState = 0x110,
  kBbAddr = 0x140,
  kBbAddrUdw = 0x168,
  kPdp0 = 0x270,
  kContextTimestamp = 0x3a8,
};

constexpr uint32_t kRingWaitsForSemaphore = 1u << 10;  // RING_CTL
constexpr uint32_t kInstructionError = 1u << 0;        // EIR, ESR
constexpr uint32_t kInstdoneIdle = 0xffffffff;
constexpr uint32_t kInstdoneStreamer = 1u << 0;
constexpr uint32_t kBatchValid = 1u << 0;
constexpr uint32_t kBatchPpgtt = 1u << 5;

constexpr uint32_t kFault = 0x4094;
constexpr uint32_t kFaultTlbData0 = 0x4b10;
constexpr uint32_t kFaultTlbData1 = 0x4b14;

// Entering a segment costs about as much as so many commands.
constexpr uint32_t kEntryCost = 16;

// Whether a command leaves everything but the instruction pointer as it was.
constexpr bool OnlySteers(hw::Effect effect) {
  return effect == hw::Effect::kBatchStart || effect == hw::Effect::kBatchEnd ||
         effect == hw::Effect::kConditionalBatchEnd || effect == hw::Effect::kSemaphoreWait;
}

// Number of an engine in FAULT[14:12]. Source: linux v6.1 i915_pci.c, gt/intel_engine_types.h.
constexpr uint32_t HardwareId(hw::Engine engine) {
  constexpr uint32_t kIds[hw::kEngineCount] = {0, 2, 1, 4, 3};
  return kIds[static_cast<unsigned>(engine)];
}

}  // namespace

class SoftStreamer::State {
 public:
  State(hw::Platform platform, hw::Engine engine, const SoftStreamerPorts& ports,
        const SoftStreamerOptions& options)
      : ports_(ports),
        commands_per_check_(options.commands_per_check),
        opcodes_(soft::OpcodeTableOf(hw::GenerationOf(platform), engine)),
        rows_(hw::CommandRows()),
        registers_(platform, engine, ports.registers, ports.clock),
        memory_(ports.memory),
        executor_(registers_, memory_, ports.interrupts),
        frame_(platform, engine, ports.memory) {
    GVT_CHECK(commands_per_check_ > 0, "options come from the composition root");
  }

  bool Load(uint64_t descriptor);
  void ResampleTail();
  RunEnd Run(const RunBudget& budget);
  void Save();
  void Reset();

 private:
  // Why the loop over the copy stopped.
  enum class Stop : uint8_t { kGoOn, kEndOfCopy, kLeft, kWait, kFault, kSlice };

  RunEnd Loop();
  void RestoreListIfDue();
  bool EnterSegment();
  bool EndsWell() const;
  Range CodeAhead() const;
  Stop RunCopy();
  Stop ExecuteAt(const Opcode& opcode, uint32_t length);
  Stop Conclude(Outcome outcome, const Command& command, uint32_t at);
  Stop StartBatch(const Command& command, uint32_t at);
  bool IsSkipped(const Opcode& opcode, uint32_t header) const;
  bool Expired();
  void SyncFlow();
  void DropCopy();
  RunEnd CommandError(uint32_t header);
  void ReportPageFault();
  void Publish(uint64_t now_ns, bool drained);
  void PublishRing();

  const SoftStreamerPorts ports_;
  const uint32_t commands_per_check_;
  const soft::OpcodeTable& opcodes_;
  const std::span<const hw::CommandRow> rows_;
  soft::JudgedRegisters registers_;
  soft::DataMemory memory_;
  soft::Executor executor_;
  soft::ContextFrame frame_;
  soft::ControlFlow flow_;
  soft::IdleLoop idle_loop_;

  bool loaded_ = false;
  bool broken_ = false;  // the image describes no ring, or no page tables, that exist
  bool faulted_ = false;
  bool waiting_ = false;      // at a semaphore that was announced
  bool list_is_due_ = false;  // the image's list of registers is still to be restored
  uint32_t run_ticks_ = 0;
  // The last Run() ended with kWaiting: then the context's time has gone on since.
  std::optional<uint64_t> waits_since_ns_;

  // The copy, from flow_.here() on; position_: dwords of it that are done.
  bool have_copy_ = false;
  std::span<const uint32_t> copy_;
  uint32_t position_ = 0;
  SegmentFault copy_fault_ = SegmentFault::kNone;
  uint32_t fault_header_ = 0;
  bool privileged_ = false;
  hw::AddressSpace copy_space_ = hw::AddressSpace::kGgtt;
  Gma copy_address_;

  // Of the Run() at hand.
  uint64_t deadline_ns_ = 0;
  const std::atomic<bool>* yield_ = nullptr;
  uint32_t credit_ = 1;
};

bool SoftStreamer::State::Load(uint64_t descriptor) {
  loaded_ = false;
  DropCopy();
  executor_.Abandon();
  if (!frame_.Load(hw::ContextDescriptor(descriptor))) return false;
  const hw::ContextRing ring = frame_.ring();
  const bool inhibited = frame_.restore_inhibited();
  loaded_ = true;
  waiting_ = false;
  waits_since_ns_.reset();
  idle_loop_.HadEffect();
  broken_ = ring.head >= ring.size_bytes || ring.tail >= ring.size_bytes ||
            !frame_.addressing_is_legacy();
  run_ticks_ = frame_.timestamp();
  registers_.ForgetSlots();
  const std::array<uint64_t, 4> pdp = frame_.pdp();
  executor_.SetContext(frame_.lrca(), frame_.four_level(), pdp);
  if (!inhibited) frame_.RestoreLayout(registers_);
  list_is_due_ = !inhibited;
  const soft::ContextPosition position = frame_.Position();
  executor_.SetPredicateMode(position.predicate_mode);
  executor_.SetBlitter(position.blitter);
  flow_.Begin(position, ring, inhibited ? std::nullopt : frame_.indirect(),
              inhibited ? std::nullopt : frame_.per_context_batch());
  for (uint32_t i = 0; i < pdp.size(); ++i) {
    registers_.SetOwn(kPdp0 + 8 * i, Low32(pdp[i]));
    registers_.SetOwn(kPdp0 + 8 * i + 4, High32(pdp[i]));
  }
  registers_.SetOwn(kRingStart, frame_.Raw(hw::kContextRingStart));
  PublishRing();
  registers_.SetOwn(kContextTimestamp, run_ticks_);
  return true;
}

void SoftStreamer::State::ResampleTail() {
  if (!loaded_) return;
  const std::optional<uint32_t> tail = frame_.FreshTail();
  if (!tail || *tail >= flow_.ring().size_bytes) {
    broken_ = true;
    return;
  }
  flow_.SetTail(*tail);
  registers_.SetOwn(kRingTail, *tail);
}

RunEnd SoftStreamer::State::Run(const RunBudget& budget) {
  if (!loaded_) return RunEnd::kDrained;
  if (faulted_) return RunEnd::kFault;
  const uint64_t begin_ns = ports_.clock.RecentNs();
  deadline_ns_ = begin_ns + budget.slice_ns;
  yield_ = budget.yield;
  credit_ = commands_per_check_;
  registers_.SetContextTime(run_ticks_, waits_since_ns_.value_or(begin_ns));
  registers_.ForgetSlots();
  const RunEnd end = broken_ ? CommandError(0) : Loop();
  const uint64_t end_ns = ports_.clock.NowNs();
  waits_since_ns_.reset();
  if (end == RunEnd::kWaiting) waits_since_ns_ = end_ns;
  run_ticks_ = registers_.ContextTicks(end_ns);
  SyncFlow();
  Publish(end_ns, end == RunEnd::kDrained);
  return end;
}

RunEnd SoftStreamer::State::Loop() {
  for (;;) {
    if (!have_copy_) {
      flow_.Settle();
      RestoreListIfDue();
      if (flow_.drained() || !flow_.ring().enabled) return RunEnd::kDrained;
      if (!EnterSegment()) return CommandError(0);
    }
    switch (RunCopy()) {
      case Stop::kGoOn:
      case Stop::kLeft: break;
      case Stop::kEndOfCopy: {
        const SegmentFault fault = copy_fault_;
        SyncFlow();
        if (fault == SegmentFault::kRefused || fault == SegmentFault::kUnmapped) {
          return CommandError(fault_header_);
        }
        DropCopy();
        break;
      }
      case Stop::kWait: return RunEnd::kWaiting;
      case Stop::kFault: return CommandError(copy_[position_]);
      case Stop::kSlice: return RunEnd::kSlice;
    }
  }
}

// Hardware runs the indirect context in the middle of a restore: what that batch writes into
// registers of the list is overwritten by the context's own values. Stock kernels rely on it, since
// their workaround batch clears bits of 0x7014 that user space may set.
void SoftStreamer::State::RestoreListIfDue() {
  if (!list_is_due_ || flow_.in_indirect_context()) return;
  frame_.RestoreList(registers_);
  list_is_due_ = false;
}

// False: there is nothing to run.
bool SoftStreamer::State::EnterSegment() {
  const SegmentEntry entry = flow_.entry();
  const AuditedSegment segment = ports_.segments.Enter(entry);
  have_copy_ = true;
  copy_ = segment.dwords;
  position_ = 0;
  copy_fault_ = segment.fault;
  fault_header_ = segment.fault_header;
  privileged_ = entry.privileged;
  copy_space_ = entry.space;
  copy_address_ = entry.address;
  credit_ -= std::min(credit_ - 1, kEntryCost);
  return !copy_.empty() || !EndsWell();
}

// What is behind the copy is the next segment, not a command that was refused.
bool SoftStreamer::State::EndsWell() const {
  return copy_fault_ == SegmentFault::kNone || copy_fault_ == SegmentFault::kReenter;
}

// The commands that come next: the rest of the copy, and if it ends at a refused one, that too, for
// a store may yet make it a sound one.
Range SoftStreamer::State::CodeAhead() const {
  const uint64_t begin = copy_address_.value + uint64_t{position_} * sizeof(uint32_t);
  const uint64_t end = copy_address_.value + copy_.size_bytes();
  return Range{begin, EndsWell() ? end : end + kPageSize};
}

SoftStreamer::State::Stop SoftStreamer::State::RunCopy() {
  while (position_ < copy_.size()) {
    const uint32_t header = copy_[position_];
    if (header == hw::kPlainNoop) {
      position_ += static_cast<uint32_t>(hw::NoopsAhead(copy_.subspan(position_)));
      if (--credit_ == 0 && Expired()) return Stop::kSlice;
      continue;
    }
    const Opcode& opcode = opcodes_[header];
    const uint32_t length = opcode.LengthOf(header);
    if (!opcode.known() || length > copy_.size() - position_) return Stop::kFault;
    if (opcode.plain || (opcode.privileged && !privileged_)) {
      position_ += length;
    } else {
      const Stop stop = ExecuteAt(opcode, length);
      if (stop == Stop::kLeft && --credit_ == 0 && Expired()) return Stop::kSlice;
      if (stop != Stop::kGoOn) return stop;
    }
    if (--credit_ == 0 && Expired()) return Stop::kSlice;
  }
  return Stop::kEndOfCopy;
}

// What MI_SET_PREDICATE has turned off. It does not turn off itself, and not the end of the batch,
// behind which there may be nothing.
bool SoftStreamer::State::IsSkipped(const Opcode& opcode, uint32_t header) const {
  constexpr uint32_t kSetPredicateOpcode = 0x01;
  if (opcode.effect == hw::Effect::kBatchEnd) return false;
  if (opcode.effect == hw::Effect::kPredicate && Bits(header, 28, 23) == kSetPredicateOpcode) {
    return false;
  }
  return executor_.skips();
}

SoftStreamer::State::Stop SoftStreamer::State::ExecuteAt(const Opcode& opcode, uint32_t length) {
  const uint32_t at = position_;
  Command command;
  command.dwords = copy_.subspan(at, length);
  command.effect = opcode.effect;
  command.privileged = privileged_;
  if (!rows_[opcode.row].length.Allows(length)) return Stop::kFault;
  position_ += length;
  if (IsSkipped(opcode, command.header())) return Stop::kGoOn;
  if (!OnlySteers(opcode.effect)) idle_loop_.HadEffect();
  if (opcode.effect == hw::Effect::kReportHead) {
    const uint64_t head = flow_.ring_head() + uint64_t{at} * sizeof(uint32_t);
    const bool in_ring = flow_.kind() == SegmentKind::kRing;
    executor_.SetRingHead(in_ring ? static_cast<uint32_t>(head) : flow_.ring_head());
  }
  memory_.Watch(copy_space_, CodeAhead());
  const Outcome outcome = executor_.Execute(command);
  if (memory_.fault().pending) {
    position_ = at;
    ReportPageFault();
    return Stop::kFault;
  }
  return Conclude(outcome, command, at);
}

SoftStreamer::State::Stop SoftStreamer::State::Conclude(Outcome outcome, const Command& command,
                                                        uint32_t at) {
  switch (outcome) {
    case Outcome::kWait:
      position_ = at;
      if (!waiting_) ports_.interrupts.Raise(EngineInterrupt::kSemaphoreWait);
      waiting_ = true;
      return Stop::kWait;
    case Outcome::kPart:
      position_ = at;
      credit_ = 1;
      return Stop::kGoOn;
    case Outcome::kBatchStart: return StartBatch(command, at);
    case Outcome::kBatchEnd:
      if (!flow_.in_batch()) return Stop::kGoOn;
      DropCopy();
      flow_.End();
      return Stop::kLeft;
    case Outcome::kNext: break;
  }
  const bool waited = waiting_ && command.effect == hw::Effect::kSemaphoreWait;
  if (waited) waiting_ = false;
  const bool is_last = position_ == copy_.size() && EndsWell();
  if (!is_last && (waited || memory_.code_changed())) {
    SyncFlow();
    DropCopy();
    return Stop::kLeft;
  }
  return Stop::kGoOn;
}

SoftStreamer::State::Stop SoftStreamer::State::StartBatch(const Command& command, uint32_t at) {
  constexpr unsigned kPpgttBit = 8;
  constexpr unsigned kAddOffsetBit = 16;
  constexpr unsigned kSecondLevelBit = 22;
  const uint32_t header = command.header();
  const bool second_level = Bit(header, kSecondLevelBit);
  if (Bit(header, kAddOffsetBit) || !flow_.CanStart(second_level)) {
    position_ = at;
    return Stop::kFault;
  }
  const Gma address = MaskGma(Join64(command.dwords[1], command.dwords[2]) & ~uint64_t{3});
  SyncFlow();
  DropCopy();
  flow_.Start(second_level,
              Bit(header, kPpgttBit) ? hw::AddressSpace::kPpgtt : hw::AddressSpace::kGgtt, address);
  return idle_loop_.CameTo(flow_.position()) ? Stop::kWait : Stop::kLeft;
}

bool SoftStreamer::State::Expired() {
  credit_ = commands_per_check_;
  if (yield_ != nullptr && yield_->load(std::memory_order_relaxed)) return true;
  return ports_.clock.NowNs() >= deadline_ns_;
}

// Makes flow_ say where control is, and the copy begin there.
void SoftStreamer::State::SyncFlow() {
  if (!have_copy_) return;
  flow_.Advance(position_);
  copy_address_ = copy_address_ + uint64_t{position_} * sizeof(uint32_t);
  copy_ = copy_.subspan(position_);
  position_ = 0;
}

void SoftStreamer::State::DropCopy() {
  have_copy_ = false;
  copy_ = {};
  position_ = 0;
  copy_fault_ = SegmentFault::kNone;
}

RunEnd SoftStreamer::State::CommandError(uint32_t header) {
  faulted_ = true;
  SyncFlow();
  fault_header_ = header;
  const bool ggtt = flow_.space() == hw::AddressSpace::kGgtt;
  const auto engine = static_cast<uint32_t>(registers_.engine());
  Log(ports_.log, {EventKind::kCommandError, engine, flow_.here().value}, LogLevel::kWarning,
      "%s: command error at %s:0x%llx, command 0x%08x", hw::EngineName(registers_.engine()).data(),
      ggtt ? "ggtt" : "ppgtt", static_cast<unsigned long long>(flow_.here().value), header);
  registers_.SetOwn(kEsr, registers_.Own(kEsr) | kInstructionError);
  registers_.SetOwn(kEir, registers_.Own(kEir) | kInstructionError);
  Publish(ports_.clock.NowNs(), false);
  ports_.interrupts.Raise(EngineInterrupt::kCommandError);
  return RunEnd::kFault;
}

void SoftStreamer::State::ReportPageFault() {
  constexpr uint32_t kValid = 1u << 0;
  constexpr uint32_t kGgtt = 1u << 4;
  const soft::DataFault fault = memory_.fault();
  memory_.ForgetFault();
  const uint64_t page = MaskGma(fault.address.value).page();
  const bool ggtt = fault.address.space == hw::AddressSpace::kGgtt;
  const auto engine = static_cast<uint32_t>(registers_.engine());
  Log(ports_.log, {EventKind::kPageMissing, engine, fault.address.value}, LogLevel::kWarning,
      "%s: no page at %s:0x%llx", hw::EngineName(registers_.engine()).data(),
      ggtt ? "ggtt" : "ppgtt", static_cast<unsigned long long>(fault.address.value));
  ports_.registers.Write(kFaultTlbData0, Low32(page));
  ports_.registers.Write(kFaultTlbData1, High32(page) | (ggtt ? kGgtt : 0));
  ports_.registers.Write(kFault, HardwareId(registers_.engine()) << 12 | kValid);
}

// Head, instruction pointer and tail of the ring; a wait, which drivers sample.
void SoftStreamer::State::PublishRing() {
  const uint64_t here = flow_.here().value;
  const bool in_batch = flow_.in_batch();
  const bool ppgtt = in_batch && flow_.space() == hw::AddressSpace::kPpgtt;
  registers_.SetOwn(kRingTail, flow_.ring().tail);
  registers_.SetOwn(kRingHead, flow_.ring_head());
  registers_.SetOwn(kRingCtl,
                    frame_.Raw(hw::kContextRingCtl) | (waiting_ ? kRingWaitsForSemaphore : 0));
  registers_.SetOwn(kActhd, Low32(here));
  registers_.SetOwn(kActhdUdw, High32(here));
  registers_.SetOwn(kBbAddr, in_batch ? Low32(here) | kBatchValid : 0);
  registers_.SetOwn(kBbAddrUdw, in_batch ? High32(here) : 0);
  registers_.SetOwn(kBbState, ppgtt ? kBatchPpgtt : 0);
}

void SoftStreamer::State::Publish(uint64_t now_ns, bool drained) {
  PublishRing();
  uint32_t header = copy_.empty() ? 0 : copy_[0];
  if (faulted_) header = fault_header_;
  if (!drained) registers_.SetOwn(kIpehr, header);
  registers_.SetOwn(kInstdone, drained ? kInstdoneIdle : kInstdoneIdle & ~kInstdoneStreamer);
  registers_.SetOwn(kContextTimestamp, registers_.ContextTicks(now_ns));
}

void SoftStreamer::State::Save() {
  if (!loaded_) return;
  SyncFlow();
  soft::ContextPosition position = flow_.position();
  position.predicate_mode = executor_.predicate_mode();
  position.blitter = executor_.blitter();
  frame_.Save(position, run_ticks_, !list_is_due_, registers_);
  loaded_ = false;
  waiting_ = false;
  registers_.SetOwn(kRingCtl, frame_.Raw(hw::kContextRingCtl));
  DropCopy();
}

void SoftStreamer::State::Reset() {
  constexpr LiveRegister kCleared[] = {kRingTail, kRingHead,  kRingStart, kRingCtl,
                                       kActhdUdw, kActhd,     kIpehr,     kBbState,
                                       kBbAddr,   kBbAddrUdw, kEir,       kEsr};
  loaded_ = false;
  faulted_ = false;
  broken_ = false;
  waiting_ = false;
  DropCopy();
  memory_.ForgetFault();
  executor_.SetBlitter({});
  executor_.SetPredicateMode(0);
  for (const LiveRegister offset : kCleared) registers_.SetOwn(offset, 0);
  registers_.SetOwn(kInstdone, kInstdoneIdle);
}

SoftStreamer::SoftStreamer(hw::Platform platform, hw::Engine engine, const SoftStreamerPorts& ports,
                           const SoftStreamerOptions& options)
    : state_(std::make_unique<State>(platform, engine, ports, options)) {}

SoftStreamer::~SoftStreamer() = default;

BackendCapabilities SoftStreamer::capabilities() const {
  return {.preempts_anywhere = true, .audits_at_entry = true, .ggtt_per_vgpu = true};
}

bool SoftStreamer::Load(uint64_t descriptor) {
  return state_->Load(descriptor);
}
void SoftStreamer::ResampleTail() {
  state_->ResampleTail();
}
RunEnd SoftStreamer::Run(const RunBudget& budget) {
  return state_->Run(budget);
}
void SoftStreamer::Save() {
  state_->Save();
}
void SoftStreamer::Reset() {
  state_->Reset();
}

}  // namespace gvt::gpu
