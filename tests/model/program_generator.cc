#include "tests/model/program_generator.h"

namespace gvt::model {

using soft_test::Dwords;

uint32_t ProgramGenerator::Value() {
  constexpr uint32_t kLikely[] = {0, 1, 2, 5, 0x7fffffff, 0x80000000, 0xffffffff, 0x05000000};
  return OneIn(3) ? static_cast<uint32_t>(random_()) : kLikely[Below(8)];
}

uint32_t ProgramGenerator::Register() {
  const uint32_t base = guest_.base();
  // Predicates and their sources, PS_DEPTH_COUNT, NOPID, INSTPM, timestamps; then what is another
  // engine's, value-checked, privileged, masked, or no register.
  constexpr uint32_t kOwn[] = {0x400, 0x404, 0x408, 0x40c, 0x410, 0x414, 0x418, 0x41c, 0x3bc,
                               0x350, 0x94,  0xc0,  0x358, 0x35c, 0x244, 0x29c, 0x4d0, 0x248};
  constexpr uint32_t kOther[] = {0x7004,  0x7014,  0xb118,  0x2600, 0x22600,
                                 0x22200, 0x44200, 0x12348, 3,      0xffffffff};
  if (OneIn(6)) return kOther[Below(10)];
  if (OneIn(2)) return base + kOwn[Below(18)];
  return base + 0x600 + 4 * Below(12);
}

uint64_t ProgramGenerator::DataAddress() {
  if (OneIn(150)) return 0x70000000 + 4 * Below(64);  // no page
  if (OneIn(40)) return AddressOf(Below(kBatches)) + 4 * Below(60);
  return soft_test::kData + 4 * Below(32);
}

Dwords ProgramGenerator::Start(uint32_t first_target, bool in_ring) {
  if (first_target >= kBatches) return soft_test::Noop();
  const uint32_t target = first_target + Below(kBatches - first_target);
  uint32_t bits = SpaceOf(target) == soft_test::kPpgtt ? soft_test::kPpgttBatch : 0;
  if (OneIn(4)) bits |= soft_test::kPredicated;
  if (!in_ring && !OneIn(3)) bits |= soft_test::kSecondLevel;
  if (OneIn(60)) bits |= soft_test::kSecondLevel;
  return soft_test::BatchStart(AddressOf(target), bits);
}

Dwords ProgramGenerator::StoreCommand() {
  switch (Below(6)) {
    case 0:
    case 1: return soft_test::StoreDword(DataAddress(), Value(), GgttBit());
    case 2: return soft_test::StoreQword(DataAddress(), random_(), GgttBit());
    case 3: return soft_test::StoreIndex(4 * Below(1030), Value());
    case 4: return soft_test::CopyMem(DataAddress(), DataAddress(), GgttBit() | GgttBit() >> 1);
    default: {
      const uint64_t address = DataAddress() & ~uint64_t{63};
      return {soft_test::Mi(0x28, 4), Low32(address) | (OneIn(4) ? 1u : 0u), High32(address),
              Value()};
    }
  }
}

Dwords ProgramGenerator::RegisterCommand() {
  switch (Below(5)) {
    case 0: return soft_test::Lri({Register(), Value()});
    case 1: return soft_test::Lri({Register(), Value(), Register(), Value(), Register(), Value()});
    case 2: return soft_test::Lrm(Register(), DataAddress(), GgttBit());
    case 3: return soft_test::Srm(Register(), DataAddress(), GgttBit() | (OneIn(4) ? 1u << 21 : 0));
    default: return soft_test::Lrr(Register(), Register());
  }
}

Dwords ProgramGenerator::FlushCommand() {
  const bool indexed = OneIn(4);
  const uint64_t address = indexed ? 8 * Below(520) : DataAddress();
  const uint32_t flags =
      Below(4) << 14 | (indexed ? 1u << 21 : 0) | Below(2) << 18 | (OneIn(4) ? 1u << 8 : 0);
  if (guest_.engine == hw::Engine::kRcs && OneIn(2)) {
    const uint32_t bits = flags | Below(2) << 24;
    if (OneIn(5)) return soft_test::PipeControl(1u << 23, Register(), Value());
    Dwords flush = soft_test::PipeControl(bits, address, random_());
    if (OneIn(6)) {  // no upper half of the immediate
      --flush[0];
      flush.pop_back();
    }
    return flush;
  }
  Dwords flush = soft_test::FlushDw(flags, address | (OneIn(3) ? 4u : 0u), Value());
  if (OneIn(8)) {  // neither address nor data
    flush[0] -= 2;
    flush.resize(2);
    return flush;
  }
  if (!OneIn(3)) return flush;
  ++flush[0];
  flush.push_back(Value());
  return flush;
}

Dwords ProgramGenerator::AtomicCommand() {
  const uint32_t size = Below(3);
  uint32_t opcode = size << 5 | Below(16);
  if (size == 2) opcode = 0x4e;
  if (OneIn(20)) opcode = Below(256);
  const uint32_t bits = GgttBit() | (OneIn(2) ? 1u << 16 : 0);
  if (OneIn(3)) return soft_test::Atomic(DataAddress(), opcode, size, bits);
  return soft_test::AtomicInline(DataAddress(), opcode, size, Value(), Value(), bits);
}

Dwords ProgramGenerator::MathCommand() {
  constexpr uint32_t kOpcodes[] = {0x080, 0x480, 0x081, 0x481, 0x100, 0x101, 0x102,
                                   0x103, 0x104, 0x180, 0x580, 0x000, 0x777};
  constexpr uint32_t kOperands[] = {0x20, 0x21, 0x31, 0x32, 0x33, 0x20, 0x21, 0x155};
  Dwords math{0};
  const uint32_t count = 1 + Below(10);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t to = OneIn(2) ? Below(6) : kOperands[Below(8)];
    const uint32_t from = OneIn(2) ? Below(6) : kOperands[Below(8)];
    math.push_back(soft_test::Alu(kOpcodes[Below(13)], to, from));
  }
  math[0] = soft_test::Mi(0x1a, count + 1);
  return math;
}

Dwords ProgramGenerator::DecidingCommand() {
  switch (Below(5)) {
    case 0: return soft_test::ConditionalEnd(DataAddress(), Value(), Below(2) << 19 | GgttBit());
    case 1: return soft_test::SetPredicate(OneIn(2) ? 0 : OneIn(4) ? 15 : Below(3));
    case 2:
      if (guest_.engine != hw::Engine::kRcs) return soft_test::Noop();
      return soft_test::Predicate(Below(4), Below(4), Below(4));
    case 3: {
      // Mostly one that is satisfied.
      const uint32_t operation = OneIn(8) ? Below(8) : 1;
      return soft_test::SemaphoreWait(DataAddress(), OneIn(8) ? Value() : 0, operation, GgttBit());
    }
    default: return soft_test::UserInterrupt();
  }
}

Dwords ProgramGenerator::Any(uint32_t first_target, bool in_ring) {
  if (OneIn(400)) return {static_cast<uint32_t>(random_())};  // anything
  switch (Below(14)) {
    case 0: return soft_test::Noop();
    case 1: return Start(first_target, in_ring);
    case 2: return {soft_test::Mi(0x07)};  // MI_REPORT_HEAD
    case 3:
    case 4:
    case 5: return StoreCommand();
    case 6:
    case 7:
    case 8: return RegisterCommand();
    case 9: return FlushCommand();
    case 10: return AtomicCommand();
    case 11: return MathCommand();
    default: return DecidingCommand();
  }
}

void ProgramGenerator::Fill() {
  const std::array<uint32_t, 3> slots = {0xb118, 0x7014, guest_.base() + 0x248};
  for (uint32_t i = 0; i < 12; ++i) {
    guest_.registers.Write(guest_.base() + 0x4d0 + 4 * i,
                           OneIn(2) ? slots[Below(3)] : guest_.base() + 0x94);
  }
  for (const auto space : {soft_test::kGgtt, soft_test::kPpgtt}) {
    Dwords data(64);
    for (uint32_t& dword : data) dword = Value();
    guest_.memory.Select(soft_test::BenchGuest::RootOf(0));
    guest_.memory.Put(space, soft_test::kData, data);
  }
  for (uint32_t batch = 0; batch < kBatches; ++batch) {
    Dwords code;
    const uint32_t count = Below(14);
    for (uint32_t i = 0; i < count; ++i) {
      const Dwords command = Any(batch + 1, false);
      code.insert(code.end(), command.begin(), command.end());
    }
    code.push_back(soft_test::BatchEnd()[0]);
    guest_.Batch(code, AddressOf(batch), SpaceOf(batch));
  }
  const uint32_t begin = OneIn(4) ? soft_test::kRingBytes - 8 * (1 + Below(20)) : 8 * Below(8);
  guest_.SetState(0, hw::kContextRingHead, begin);
  guest_.SetState(0, hw::kContextRingTail, begin);
  const uint32_t count = 2 + Below(14);
  for (uint32_t i = 0; i < count; ++i) guest_.Ring(OneIn(3) ? Start(0, true) : Any(0, true));
}

}  // namespace gvt::model
