// Context restore and save.
//
// A context that is switched out inside a batch resumes there, and nothing but its image says
// where: BB_ADDR and BB_STATE hold the next command of the first-level batch, or where the second
// level returns to; SBB_ADDR and SBB_STATE the next command of the second level. Bit 0 of an
// address says that it is valid. RING_HEAD is behind the batch start by then.
//
// Invariants: 1. values of the layout are taken by position, and only where the offset beside them
// is the register's; 2. the list behind the layout is walked within the page and every register of
// it is judged as a context image's; 3. save writes no dword that the guest may write while the
// context runs.
//
// Source: linux v6.1 gt/intel_lrc.c, gt/intel_engine_regs.h (RING_BB_PPGTT); PRM SKL vol 7
// "Register State Context", vol 2c "BB_ADDR", "BB_STATE".
#include "gpu/soft/context_frame.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/bits.h"

namespace gvt::gpu::soft {
namespace {

// Values beside hw/context_image.h's. The second level's follow BB_STATE.
constexpr size_t kSecondAddrUdw = 19;
constexpr size_t kSecondAddr = 21;
constexpr size_t kSecondState = 23;

constexpr uint32_t kBatchValid = 1u << 0;
constexpr uint32_t kBatchPpgtt = 1u << 5;
// The mode of MI_SET_PREDICATE has no place of its own in the layout; it rides in BB_STATE.
constexpr unsigned kPredicateModeLow = 24;
constexpr unsigned kPredicateModeHigh = 27;
// Where hardware keeps the state of its blitter nobody says; here it is the end of the page.
constexpr size_t kBlitterBegin = hw::kContextDwords - std::tuple_size_v<BlitSetup> - 1;

constexpr uint32_t kLri = 0x11000000;      // MI_LOAD_REGISTER_IMM
constexpr uint32_t kLriMask = 0xff800000;  // its opcode; bit 12 says "posted"
constexpr uint32_t kLriPosted = 1u << 12;
constexpr uint32_t kBatchEnd = 0x05000000;  // MI_BATCH_BUFFER_END closes the list
constexpr uint32_t kMaxPairs = 126;         // of one MI_LOAD_REGISTER_IMM

constexpr uint32_t kRingTailMask = 0x001ffff8;
constexpr uint32_t kRingHeadMask = 0x001ffffc;

// Writes of registers that need no verdict, in as few calls as possible.
class RegisterWrites {
 public:
  explicit RegisterWrites(RegisterPort& port) : port_(port) {}
  ~RegisterWrites() { Flush(); }
  RegisterWrites(const RegisterWrites&) = delete;
  RegisterWrites& operator=(const RegisterWrites&) = delete;

  void Add(uint32_t offset, uint32_t value) {
    if (count_ == kMaxPairs) Flush();
    offsets_[count_] = offset;
    values_[count_++] = value;
  }
  // Before a write that goes another way, so that all are in order.
  void Flush() {
    if (count_ == 0) return;
    port_.WriteAll(std::span(offsets_).first(count_), std::span(values_).first(count_));
    count_ = 0;
  }

 private:
  RegisterPort& port_;
  size_t count_ = 0;
  std::array<uint32_t, kMaxPairs> offsets_;
  std::array<uint32_t, kMaxPairs> values_;
};

BatchState BatchAt(uint32_t upper, uint32_t lower, uint32_t state) {
  BatchState batch;
  batch.active = (lower & kBatchValid) != 0;
  batch.space = (state & kBatchPpgtt) != 0 ? hw::AddressSpace::kPpgtt : hw::AddressSpace::kGgtt;
  batch.address = MaskGma(Join64(lower & ~3u, upper));
  return batch;
}

}  // namespace

bool ContextFrame::Load(hw::ContextDescriptor descriptor) {
  descriptor_ = descriptor;
  return memory_.Read(hw::AddressSpace::kGgtt, state(), std::as_writable_bytes(std::span(image_)));
}

std::optional<hw::ContextIndirect> ContextFrame::indirect() const {
  return hw::ReadContextIndirect(generation_, engine_, image_);
}

std::optional<Gma> ContextFrame::per_context_batch() const {
  return hw::ReadContextPerCtxBatch(generation_, engine_, image_);
}

ContextPosition ContextFrame::Position() const {
  ContextPosition position;
  position.ring_head = ring().head;
  if (restore_inhibited()) return position;
  const uint32_t state = image_[hw::kContextBbState];
  position.first = BatchAt(image_[hw::kContextBbAddrUdw], image_[hw::kContextBbAddr], state);
  position.second = BatchAt(image_[kSecondAddrUdw], image_[kSecondAddr], image_[kSecondState]);
  position.second.active = position.second.active && position.first.active;
  position.predicate_mode = Bits(state, kPredicateModeHigh, kPredicateModeLow);
  if (engine_ == hw::Engine::kBcs) {
    BlitterState& blitter = position.blitter;
    std::copy_n(image_.begin() + kBlitterBegin, blitter.setup.size(), blitter.setup.begin());
    blitter.rows_done = image_[kBlitterBegin + blitter.setup.size()];
  }
  return position;
}

std::optional<uint32_t> ContextFrame::FreshTail() const {
  uint32_t tail = 0;
  const Gma at = state() + hw::kContextRingTail * sizeof(uint32_t);
  if (!memory_.Load32(hw::AddressSpace::kGgtt, at, &tail)) return std::nullopt;
  return tail & kRingTailMask;
}

size_t ContextFrame::list_begin() const {
  return hw::ContextLayoutOf(generation_, engine_).end_dword;
}

// What is kept behind the list is not part of it.
size_t ContextFrame::list_end() const {
  return engine_ == hw::Engine::kBcs ? kBlitterBegin : hw::kContextDwords;
}

void ContextFrame::RestoreLayout(JudgedRegisters& registers) const {
  constexpr hw::RegisterPath kPath = hw::RegisterPath::kContextImage;
  RegisterWrites writes(registers.port());
  for (const SavedRegister& reg : saved_.in_layout) {
    if (image_[reg.value_dword - size_t{1}] != reg.offset) continue;
    const uint32_t value = image_[reg.value_dword];
    if (reg.always_allowed) {
      writes.Add(reg.offset, value);
    } else {
      writes.Flush();
      registers.Write(kPath, true, reg.offset, value);
    }
  }
}

// The list is what Save() leaves behind the layout, or whatever a guest has put there. Registers
// are known by their place among those saved; one that is not is judged.
void ContextFrame::RestoreList(JudgedRegisters& registers) const {
  RegisterWrites writes(registers.port());
  size_t at = list_begin();
  size_t next = 0;
  while (at < list_end()) {
    const uint32_t header = image_[at++];
    if (header == 0) continue;
    if ((header & kLriMask) != kLri) return;
    const size_t operands = (header & 0xff) + size_t{1};
    if (operands > list_end() - at) return;
    for (size_t i = 0; i + 1 < operands; i += 2) {
      const uint32_t offset = image_[at + i];
      const uint32_t value = image_[at + i + 1];
      const bool expected = next < saved_.in_list.size() && saved_.in_list[next].offset == offset;
      if (expected && saved_.in_list[next].always_allowed) {
        writes.Add(offset, value);
      } else {
        writes.Flush();
        registers.Write(hw::RegisterPath::kContextImage, true, offset, value);
      }
      if (expected) ++next;
    }
    at += operands;
  }
}

void ContextFrame::SaveBatch(const BatchState& batch, size_t upper, size_t lower, size_t state) {
  image_[upper] = batch.active ? High32(batch.address.value) : 0;
  image_[lower] = batch.active ? Low32(batch.address.value) | kBatchValid : 0;
  image_[state] = batch.active && batch.space == hw::AddressSpace::kPpgtt ? kBatchPpgtt : 0;
}

void ContextFrame::SaveLayout(JudgedRegisters& registers) {
  std::array<uint32_t, hw::kContextDwords / 2> values;
  const std::span<uint32_t> live = std::span(values).first(saved_.in_layout.size());
  registers.port().ReadAll(saved_.layout_offsets, live);
  for (size_t i = 0; i < live.size(); ++i) {
    const SavedRegister& reg = saved_.in_layout[i];
    image_[reg.value_dword - size_t{1}] = reg.offset;
    image_[reg.value_dword] = (live[i] & reg.saved_mask) | reg.write_mask;
  }
}

// Returns the end of what it wrote.
size_t ContextFrame::SaveList(JudgedRegisters& registers) {
  size_t at = list_begin();
  size_t left = saved_.in_list.size();
  for (size_t next = 0; left != 0;) {
    const size_t free = list_end() - at;
    const size_t room = free > 2 ? (free - 2) / 2 : 0;  // pairs, beside a header and the end
    const size_t pairs = std::min({left, room, size_t{kMaxPairs}});
    if (pairs == 0) break;
    image_[at++] = kLri | kLriPosted | static_cast<uint32_t>(2 * pairs - 1);
    std::array<uint32_t, kMaxPairs> values;
    registers.port().ReadAll(std::span(saved_.list_offsets).subspan(next, pairs),
                             std::span(values).first(pairs));
    for (size_t i = 0; i < pairs; ++i, ++next) {
      const SavedRegister& reg = saved_.in_list[next];
      image_[at++] = reg.offset;
      image_[at++] = (values[i] & reg.saved_mask) | reg.write_mask;
    }
    left -= pairs;
  }
  image_[at++] = kBatchEnd;
  return at;
}

void ContextFrame::WriteBack(size_t first, size_t end) {
  const std::span<const uint32_t> dwords = std::span(image_).subspan(first, end - first);
  memory_.Write(hw::AddressSpace::kGgtt, state() + first * sizeof(uint32_t), std::as_bytes(dwords));
}

// Nothing is written if nothing was drawn.
void ContextFrame::SaveBlitter(const BlitterState& blitter) {
  std::array<uint32_t, hw::kContextDwords - kBlitterBegin> state;
  *std::copy(blitter.setup.begin(), blitter.setup.end(), state.begin()) = blitter.rows_done;
  if (std::equal(state.begin(), state.end(), image_.begin() + kBlitterBegin)) return;
  std::copy(state.begin(), state.end(), image_.begin() + kBlitterBegin);
  WriteBack(kBlitterBegin, image_.size());
}

void ContextFrame::Save(const ContextPosition& position, uint32_t timestamp, bool list_is_live,
                        JudgedRegisters& registers) {
  image_[hw::kContextControl] &= ~hw::kContextRestoreInhibit;
  image_[hw::kContextRingHead] = position.ring_head & kRingHeadMask;
  SaveBatch(position.first, hw::kContextBbAddrUdw, hw::kContextBbAddr, hw::kContextBbState);
  SaveBatch(position.second, kSecondAddrUdw, kSecondAddr, kSecondState);
  image_[hw::kContextBbState] |= position.predicate_mode << kPredicateModeLow;
  image_[hw::kContextTimestamp] = timestamp;
  SaveLayout(registers);
  const size_t end = list_is_live ? SaveList(registers) : list_begin();

  // On either side of RING_TAIL, which is the guest's at any time.
  WriteBack(hw::kContextControl, hw::kContextRingHead + 1);
  WriteBack(hw::kContextBbAddrUdw, hw::kContextTimestamp + 1);
  if (engine_ == hw::Engine::kBcs) SaveBlitter(position.blitter);
  size_t first = 0;
  if (!saved_.in_layout.empty()) first = saved_.in_layout.front().value_dword - size_t{1};
  WriteBack(first != 0 ? first : list_begin(), end);
}

}  // namespace gvt::gpu::soft
