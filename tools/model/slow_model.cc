// Source of all operand layouts: PRM SKL vol 2a; mesa 22.3 genxml gen8.xml, gen9.xml.
#include "tools/model/slow_model.h"

#include <algorithm>

#include "hw/command_table.h"
#include "hw/register_table.h"

namespace gvt::model {

ModelEnd SlowModel::Run(const ModelRing& ring, uint64_t lrca, uint64_t max_commands) {
  ring_ = ring;
  lrca_ = lrca;
  batches_.clear();
  while (!batches_.empty() || ring_.head != ring_.tail) {
    if (commands == max_commands) return ModelEnd::kTooLong;
    switch (Step()) {
      case Next::kFault: return too_long_ ? ModelEnd::kTooLong : ModelEnd::kFault;
      case Next::kWait: return ModelEnd::kWaiting;
      default: ++commands;
    }
  }
  return ModelEnd::kDrained;
}

uint64_t SlowModel::Here() const {
  return batches_.empty() ? ring_.start + ring_.head : batches_.back().address;
}

void SlowModel::GoOn(uint64_t bytes) {
  if (batches_.empty()) {
    ring_.head = static_cast<uint32_t>((ring_.head + bytes) % ring_.size_bytes);
  } else {
    batches_.back().address += bytes;
  }
}

SlowModel::Next SlowModel::Step() {
  const bool ggtt = Privileged();
  command_.assign(1, 0);
  if (!Load(ggtt, Here(), &command_[0])) return Next::kFault;
  const hw::CommandRow* row = hw::FindCommand(hw::GenerationOf(platform_), engine_, command_[0]);
  if (row == nullptr) return Next::kFault;
  const uint32_t length = row->length.Of(command_[0]);
  if (!row->length.Allows(length)) return Next::kFault;
  if (batches_.empty()) {  // a command does not straddle tail or end of the ring
    const uint32_t end = ring_.tail >= ring_.head ? ring_.tail : ring_.size_bytes;
    if (ring_.head + 4 * length > end) return Next::kFault;
  }
  command_.resize(length);
  for (uint32_t i = 1; i < length; ++i) {
    if (!Load(ggtt, Here() + uint64_t{4} * i, &command_[i])) return Next::kFault;
  }
  const bool off = (row->privilege == hw::Privilege::kPrivileged && !Privileged()) ||
                   PredicateTurnsOff(row->name);
  const bool is_blit = row->value >> 29 == 2;
  const Next next = off       ? Next::kGoOn
                    : is_blit ? Blit(row->name)
                              : (this->*FunctionOf(row->name))();
  if (next == Next::kGoOn) GoOn(uint64_t{4} * length);
  return next == Next::kJumped ? Next::kGoOn : next;
}

SlowModel::Function SlowModel::FunctionOf(std::string_view name) {
  static const std::map<std::string_view, Function> kFunctions = {
      {"MI_USER_INTERRUPT", &SlowModel::MiUserInterrupt},
      {"MI_SET_PREDICATE", &SlowModel::MiSetPredicate},
      {"MI_PREDICATE", &SlowModel::MiPredicate},
      {"MI_MATH", &SlowModel::MiMath},
      {"MI_SEMAPHORE_WAIT", &SlowModel::MiSemaphoreWait},
      {"MI_STORE_DATA_IMM", &SlowModel::MiStoreDataImm},
      {"MI_STORE_DATA_INDEX", &SlowModel::MiStoreDataIndex},
      {"MI_LOAD_REGISTER_IMM", &SlowModel::MiLoadRegisterImm},
      {"MI_STORE_REGISTER_MEM", &SlowModel::MiStoreRegisterMem},
      {"MI_LOAD_REGISTER_MEM", &SlowModel::MiLoadRegisterMem},
      {"MI_LOAD_REGISTER_REG", &SlowModel::MiLoadRegisterReg},
      {"MI_FLUSH_DW", &SlowModel::MiFlushDw},
      {"MI_REPORT_HEAD", &SlowModel::MiReportHead},
      {"MI_REPORT_PERF_COUNT", &SlowModel::MiReportPerfCount},
      {"MI_COPY_MEM_MEM", &SlowModel::MiCopyMemMem},
      {"MI_ATOMIC", &SlowModel::MiAtomic},
      {"MI_BATCH_BUFFER_START", &SlowModel::MiBatchBufferStart},
      {"MI_BATCH_BUFFER_END", &SlowModel::MiBatchBufferEnd},
      {"MI_CONDITIONAL_BATCH_BUFFER_END", &SlowModel::MiConditionalBatchBufferEnd},
      {"PIPE_CONTROL", &SlowModel::PipeControl},
  };
  const auto found = kFunctions.find(name);
  return found == kFunctions.end() ? &SlowModel::MiNothing : found->second;
}

SlowModel::Next SlowModel::Blit(std::string_view name) {
  const auto find = [this](uint64_t address) {
    uint32_t* dword = Find(false, address);
    return dword == nullptr ? nullptr : reinterpret_cast<uint8_t*>(dword) + address % 4;
  };
  const BlitEnd end = blitter.Run(name, command_, registers[Base() + 0x200], find);
  too_long_ = too_long_ || end == BlitEnd::kTooMuch;
  return end == BlitEnd::kDone ? Next::kGoOn : Next::kFault;
}

// ---- memory ----

uint32_t* SlowModel::Find(bool ggtt, uint64_t address) {
  address &= (uint64_t{1} << 48) - 1;
  auto& space = pages[ggtt ? 0 : 1];
  auto page = space.find(address >> 12);
  if (page == space.end()) {
    too_long_ = too_long_ || pages_taken_ == max_pages;
    if (!source || too_long_) return nullptr;
    const auto fresh =
        source(ggtt ? hw::AddressSpace::kGgtt : hw::AddressSpace::kPpgtt, address >> 12);
    if (!fresh) return nullptr;
    ++pages_taken_;
    page = space.emplace(address >> 12, *fresh).first;
  }
  return &page->second[(address & 0xfff) / 4];
}

bool SlowModel::Load(bool ggtt, uint64_t address, uint32_t* value) {
  const uint32_t* dword = Find(ggtt, address);
  if (dword != nullptr) *value = *dword;
  return dword != nullptr;
}

SlowModel::Next SlowModel::Store(bool ggtt, uint64_t address, std::vector<uint32_t> dwords) {
  for (size_t i = 0; i < dwords.size(); ++i) {
    uint32_t* dword = Find(ggtt, address + 4 * i);
    if (dword == nullptr) return Next::kFault;
    *dword = dwords[i];
  }
  return Next::kGoOn;
}

// The address in dwords `dword` and dword + 1, without its `low_bits` lowest bits.
uint64_t SlowModel::Address(size_t dword, unsigned low_bits) const {
  const uint64_t address = D(dword) | uint64_t{D(dword + 1)} << 32;
  return address >> low_bits << low_bits;
}

// ---- registers ----

hw::RegisterVerdict SlowModel::Judge(hw::RegisterPath path, uint32_t offset,
                                     std::optional<uint32_t> value) {
  hw::NonPrivilegeSlots slots{};
  for (uint32_t i = 0; i < slots.size(); ++i) slots[i] = registers[Base() + 0x4d0 + 4 * i];
  hw::RegisterRequest request;
  request.platform = platform_;
  request.engine = engine_;
  request.path = path;
  request.privileged = Privileged();
  request.offset = offset;
  request.value_known = value.has_value();
  request.value = value.value_or(0);
  request.slots = &slots;
  return hw::JudgeRegister(request);
}

std::optional<uint32_t> SlowModel::ReadRegister(hw::RegisterPath path, uint32_t offset) {
  if (!Judge(path, offset, std::nullopt).allowed()) return std::nullopt;
  for (unsigned e = 0; e < hw::kEngineCount; ++e) {
    const uint32_t base = hw::EngineMmioBase(static_cast<hw::Engine>(e));
    if (offset == base + 0x358) return static_cast<uint32_t>(timestamp);
    if (offset == base + 0x35c) return static_cast<uint32_t>(timestamp >> 32);
  }
  return offset == Base() + 0x3a8 ? context_timestamp : registers[offset];
}

void SlowModel::WriteRegister(hw::RegisterPath path, uint32_t offset, uint32_t value) {
  const bool known = path == hw::RegisterPath::kLri || path == hw::RegisterPath::kPipeControl;
  if (!Judge(path, offset, known ? std::optional(value) : std::nullopt).allowed()) return;
  const uint32_t block = offset & 0xfff;
  if (block == 0x358 || block == 0x35c) {
    if (hw::EngineOfRegister(offset)) return;
  }
  const hw::RegisterRow* row = hw::FindRegister(platform_, offset);
  if (row != nullptr && row->Has(hw::RegisterFlag::kMaskedWrite)) {
    const uint32_t keep = registers[offset] & ~(value >> 16);
    value = (keep | (value & value >> 16)) & 0xffff;
  }
  registers[offset] = value;
}

uint64_t SlowModel::Pair(uint32_t offset) {
  return registers[Base() + offset] | uint64_t{registers[Base() + offset + 4]} << 32;
}

uint64_t SlowModel::Gpr(uint32_t index) {
  return Pair(0x600 + 8 * index);
}

void SlowModel::SetGpr(uint32_t index, uint64_t value) {
  registers[Base() + 0x600 + 8 * index] = static_cast<uint32_t>(value);
  registers[Base() + 0x604 + 8 * index] = static_cast<uint32_t>(value >> 32);
}

// ---- commands ----

SlowModel::Next SlowModel::MiNothing() {
  return Next::kGoOn;
}

SlowModel::Next SlowModel::MiUserInterrupt() {
  interrupts.push_back(0);
  return Next::kGoOn;
}

bool SlowModel::PredicateTurnsOff(std::string_view name) {
  if (name == "MI_SET_PREDICATE" || name == "MI_BATCH_BUFFER_END") return false;
  const bool result2 = (registers[Base() + 0x3bc] & 1) != 0;
  return predicate_ == 15 || (predicate_ == 1 && !result2) || (predicate_ == 2 && result2);
}

SlowModel::Next SlowModel::MiSetPredicate() {
  predicate_ = D(0) & 15;
  return Next::kGoOn;
}

SlowModel::Next SlowModel::MiPredicate() {
  const uint64_t source0 = Pair(0x400);
  const uint64_t source1 = Pair(0x408);
  const uint64_t data = Pair(0x410);
  const bool compare[4] = {true, false, source0 == source1, source0 - source1 == data};
  const bool now = compare[D(0) & 3];
  uint32_t& result = registers[Base() + 0x418];
  const bool old = (result & 1) != 0;
  const bool combine[4] = {now, old && now, old || now, old != now};
  const bool value = combine[D(0) >> 3 & 3];
  if ((D(0) >> 6 & 3) == 2) result = value;
  if ((D(0) >> 6 & 3) == 3) result = !value;
  return Next::kGoOn;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one function a command
SlowModel::Next SlowModel::MiMath() {
  uint64_t a = 0;
  uint64_t b = 0;
  uint64_t accumulator = 0;
  bool zero = false;
  bool carry = false;
  for (size_t i = 1; i < command_.size(); ++i) {
    const uint32_t opcode = D(i) >> 20;
    const uint32_t to = D(i) >> 10 & 0x3ff;
    const uint32_t from = D(i) & 0x3ff;
    uint64_t value = 0;
    if (from < 16) value = Gpr(from);
    if (from == 0x20) value = a;
    if (from == 0x21) value = b;
    if (from == 0x31) value = accumulator;
    if (from == 0x32 && zero) value = ~uint64_t{0};
    if (from == 0x33 && carry) value = ~uint64_t{0};
    const bool inverted = opcode == 0x480 || opcode == 0x580;
    if (inverted) value = ~value;
    if (opcode == 0x081) value = 0;
    if (opcode == 0x481) value = ~uint64_t{0};
    if (opcode == 0x080 || opcode == 0x480 || opcode == 0x081 || opcode == 0x481) {
      if (to == 0x20) a = value;
      if (to == 0x21) b = value;
    }
    if ((opcode == 0x180 || opcode == 0x580) && to < 16) SetGpr(to, value);
    if (opcode < 0x100 || opcode > 0x104) continue;
    const uint64_t results[5] = {a + b, a - b, a & b, a | b, a ^ b};
    accumulator = results[opcode - 0x100];
    zero = accumulator == 0;
    carry = opcode == 0x100 ? ~a < b : opcode == 0x101 && b > a;
  }
  return Next::kGoOn;
}

SlowModel::Next SlowModel::MiSemaphoreWait() {
  if (UserInGgtt(Header(22))) return Next::kGoOn;
  uint32_t memory = 0;
  if (!Load(Header(22), Address(2, 2), &memory)) return Next::kFault;
  const bool holds[8] = {memory > D(1),  memory >= D(1), memory < D(1), memory <= D(1),
                         memory == D(1), memory != D(1), true,          true};
  if (holds[D(0) >> 12 & 7]) return Next::kGoOn;
  interrupts.push_back(11);
  return Next::kWait;
}

SlowModel::Next SlowModel::MiStoreDataImm() {
  if (UserInGgtt(Header(22))) return Next::kGoOn;
  return Store(Header(22), Address(1, 2), {command_.begin() + 3, command_.end()});
}

SlowModel::Next SlowModel::MiStoreDataIndex() {
  const uint32_t offset = D(1) / 4 * 4;
  if (uint64_t{offset} + 4 * (command_.size() - 2) > 4096) return Next::kGoOn;
  return Store(true, lrca_ + offset, {command_.begin() + 2, command_.end()});
}

SlowModel::Next SlowModel::MiLoadRegisterImm() {
  for (size_t i = 1; i + 1 < command_.size(); i += 2) {
    WriteRegister(hw::RegisterPath::kLri, D(i), D(i + 1));
  }
  return Next::kGoOn;
}

SlowModel::Next SlowModel::MiStoreRegisterMem() {
  if (UserInGgtt(Header(22))) return Next::kGoOn;
  if (Header(21) && (registers[Base() + 0x418] & 1) == 0) return Next::kGoOn;
  const auto value = ReadRegister(hw::RegisterPath::kSrm, D(1));
  return value ? Store(Header(22), Address(2, 2), {*value}) : Next::kGoOn;
}

SlowModel::Next SlowModel::MiLoadRegisterMem() {
  if (UserInGgtt(Header(22))) return Next::kGoOn;
  if (!Judge(hw::RegisterPath::kLrm, D(1), std::nullopt).allowed()) return Next::kGoOn;
  uint32_t value = 0;
  if (!Load(Header(22), Address(2, 2), &value)) return Next::kFault;
  WriteRegister(hw::RegisterPath::kLrm, D(1), value);
  return Next::kGoOn;
}

SlowModel::Next SlowModel::MiLoadRegisterReg() {
  const auto value = ReadRegister(hw::RegisterPath::kLrrSource, D(1));
  if (value) WriteRegister(hw::RegisterPath::kLrrDestination, D(2), *value);
  return Next::kGoOn;
}

// flags: post-sync operation 15:14, index 21; immediate: one or two dwords.
SlowModel::Next SlowModel::PostSync(uint32_t flags, bool ggtt, uint64_t address,
                                    std::vector<uint32_t> immediate) {
  const uint32_t operation = flags >> 14 & 3;
  if (operation == 0) return Next::kGoOn;
  if ((flags >> 21 & 1) != 0) {
    if (!Privileged() || address > 4096 - 8) return Next::kGoOn;
    ggtt = true;
    address += lrca_;
  }
  if (UserInGgtt(ggtt)) return Next::kGoOn;
  uint64_t value = timestamp;
  if (operation == 2) value = Pair(0x350);
  if (operation != 1) {
    immediate = {static_cast<uint32_t>(value), static_cast<uint32_t>(value >> 32)};
  }
  return Store(ggtt, address, immediate);
}

SlowModel::Next SlowModel::MiFlushDw() {
  const bool reserved = (D(0) >> 14 & 3) == 2;
  const bool short_form = command_.size() < 4;
  const Next next = reserved || short_form ? Next::kGoOn
                                           : PostSync(D(0), (D(1) >> 2 & 1) != 0, Address(1, 3),
                                                      {command_.begin() + 3, command_.end()});
  if (next == Next::kGoOn && Header(8)) interrupts.push_back(4);
  return next;
}

SlowModel::Next SlowModel::PipeControl() {
  const uint32_t flags = D(1);
  Next next = Next::kGoOn;
  if ((flags >> 23 & 1) != 0) {
    WriteRegister(hw::RegisterPath::kPipeControl, D(2), D(4));
  } else {
    next = PostSync(flags, (flags >> 24 & 1) != 0, Address(2, 3),
                    {D(4), command_.size() > 5 ? D(5) : 0});
  }
  if (next == Next::kGoOn && (flags >> 8 & 1) != 0) interrupts.push_back(4);
  return next;
}

SlowModel::Next SlowModel::MiReportHead() {
  return Store(true, lrca_ + 16, {ring_.head});
}

SlowModel::Next SlowModel::MiReportPerfCount() {
  const bool ggtt = (D(1) & 1) != 0;
  if (UserInGgtt(ggtt)) return Next::kGoOn;
  std::vector<uint32_t> report(64, 0);
  report[0] = D(3);
  report[1] = static_cast<uint32_t>(timestamp);
  return Store(ggtt, Address(1, 6), report);
}

SlowModel::Next SlowModel::MiCopyMemMem() {
  if (UserInGgtt(Header(21)) || UserInGgtt(Header(22))) return Next::kGoOn;
  uint32_t value = 0;
  if (!Load(Header(22), Address(3, 2), &value)) return Next::kFault;
  return Store(Header(21), Address(1, 2), {value});
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one function a command
SlowModel::Next SlowModel::MiAtomic() {
  if (UserInGgtt(Header(22))) return Next::kGoOn;
  const uint32_t size = D(0) >> 19 & 3;
  const uint32_t opcode = D(0) >> 8 & 0xff;
  const uint32_t op = opcode & 15;
  if (op == 0 || size == 3 || opcode >> 4 != 2 * size || (size == 2 && op != 14)) {
    return Next::kGoOn;
  }
  const size_t dwords = size_t{1} << size;
  std::vector<uint32_t> first(4, 0);
  std::vector<uint32_t> second(4, 0);
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t second_gpr = size == 2 ? 4 : 2;
    if (!Header(18)) {
      first[i] = registers[Base() + 0x600 + 4 * i];
      second[i] = registers[Base() + 0x600 + 4 * (second_gpr + i)];
    } else if (command_.size() == 11) {
      first[i] = D(3 + 2 * i);
      second[i] = D(4 + 2 * i);
    }
  }
  const uint64_t address = Address(1, 2 + size);
  std::vector<uint32_t> old(dwords);
  for (size_t i = 0; i < dwords; ++i) {
    if (!Load(Header(22), address + 4 * i, &old[i])) return Next::kFault;
  }
  std::vector<uint32_t> fresh = old;
  if (op == 14) {
    if (std::equal(old.begin(), old.end(), first.begin())) {
      std::copy_n(second.begin(), dwords, fresh.begin());
    }
  } else {
    const unsigned shift = size == 0 ? 32 : 0;  // compare as if both were 64 bits wide
    const uint64_t o = (old[0] | uint64_t{dwords == 2 ? old[1] : 0} << 32) << shift;
    const uint64_t x = (first[0] | uint64_t{dwords == 2 ? first[1] : 0} << 32) << shift;
    const auto so = static_cast<int64_t>(o);
    const auto sx = static_cast<int64_t>(x);
    const uint64_t one = uint64_t{1} << shift;
    const uint64_t results[16] = {0,
                                  o & x,
                                  o | x,
                                  o ^ x,
                                  x,
                                  o + one,
                                  o - one,
                                  o + x,
                                  o - x,
                                  x - o,
                                  so > sx ? o : x,
                                  so < sx ? o : x,
                                  o > x ? o : x,
                                  o < x ? o : x,
                                  0,
                                  o - one};
    const uint64_t result = results[op] >> shift;
    fresh[0] = static_cast<uint32_t>(result);
    if (dwords == 2) fresh[1] = static_cast<uint32_t>(result >> 32);
  }
  const Next next = Store(Header(22), address, fresh);
  if (next != Next::kGoOn || !Header(16)) return next;
  std::vector<uint32_t> back = op == 15 ? fresh : old;
  back.resize(size == 2 ? 4 : 2, 0);
  for (uint32_t i = 0; i < back.size(); ++i) registers[Base() + 0x600 + 4 * i] = back[i];
  return next;
}

SlowModel::Next SlowModel::MiBatchBufferStart() {
  const bool ggtt = !Header(8);
  if (UserInGgtt(ggtt)) return Next::kGoOn;
  if (Header(15) && (registers[Base() + 0x41c] & 1) == 0) return Next::kGoOn;
  const bool second = Header(22);
  if (Header(16) || batches_.size() == 2 || (batches_.empty() && second)) return Next::kFault;
  const bool comes_back = batches_.empty() || second;
  GoOn(12);
  if (!comes_back) batches_.pop_back();
  batches_.push_back({ggtt, Address(1, 2) & ((uint64_t{1} << 48) - 1)});
  return Next::kJumped;
}

SlowModel::Next SlowModel::MiBatchBufferEnd() {
  if (batches_.empty()) return Next::kGoOn;
  batches_.pop_back();
  return Next::kJumped;
}

SlowModel::Next SlowModel::MiConditionalBatchBufferEnd() {
  if (!Header(21) || UserInGgtt(Header(22))) return Next::kGoOn;
  uint32_t value = 0;
  uint32_t mask = ~0u;
  if (!Load(Header(22), Address(2, 2), &value)) return Next::kFault;
  if (Header(19) && !Load(Header(22), Address(2, 2) + 4, &mask)) return Next::kFault;
  return (value & mask) > D(1) ? Next::kGoOn : MiBatchBufferEnd();
}

}  // namespace gvt::model
