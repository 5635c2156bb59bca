// The mutations, by kind.
//
// Where a mutation needs a command that the piece does not have, it inserts a sound one first, so
// that every kind can be made of every piece.
//
// The expectations come from the manuals' rules, spelled out here once more: which bit selects the
// GGTT (PRM SKL vol 2a), which registers no user batch may write (PRM SKL vol 7), which lengths a
// row lists.
#include "tests/differential/mutation.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "base/bits.h"
#include "hw/command_table.h"
#include "tests/oracle/assembler.h"

namespace gvt::differential {
namespace {

using hw::Effect;
using scanner::Rule;

// Far from every batch and every window: a PPGTT address that nothing of the piece lies at.
constexpr uint64_t kFarAddress = uint64_t{0x7abc} << 32;

uint32_t Below(Random& random, size_t bound) {
  return static_cast<uint32_t>(random() % bound);
}

template <typename T, size_t n>
T OneOf(Random& random, const std::array<T, n>& choices) {
  return choices[Below(random, n)];
}

// A command that is sound in any batch, with the effect that a mutation is about. Empty if the
// engine has none.
std::vector<uint32_t> SoundCommand(const Piece& piece, Effect effect, Random& random) {
  const hw::Engine engine = piece.engine;
  const uint32_t gpr = hw::EngineMmioBase(engine) + 0x600;
  std::array<char, 96> line{};
  const auto code = [&](const char* format) {
    std::snprintf(line.data(), line.size(), format, gpr, gpr + 8);
    return oracle::Code(piece.generation(), engine, {line.data()});
  };
  switch (effect) {
    case Effect::kLoadRegisterImm: return code("MI_LOAD_REGISTER_IMM %x 5 %x 6");
    case Effect::kLoadRegisterMem: return code("MI_LOAD_REGISTER_MEM %x @7abc00000000");
    case Effect::kStoreRegisterMem: return code("MI_STORE_REGISTER_MEM %x @7abc00000000");
    case Effect::kLoadRegisterReg: return code("MI_LOAD_REGISTER_REG %x %x");
    case Effect::kStoreDataImm: return code("MI_STORE_DATA_IMM @7abc00000000 5");
    case Effect::kAtomic: return code("MI_ATOMIC @7abc00000000");
    case Effect::kCopyMemMem: return code("MI_COPY_MEM_MEM @7abc00000000 @7abc00001000");
    case Effect::kSemaphoreWait: return code("MI_SEMAPHORE_WAIT bits=8000 0 @7abc00000000");
    case Effect::kConditionalBatchEnd:
      return code("MI_CONDITIONAL_BATCH_BUFFER_END 0 @7abc00000000");
    case Effect::kClflush: return code("MI_CLFLUSH @7abc00000000");
    case Effect::kReportPerfCount: return code("MI_REPORT_PERF_COUNT @7abc00000000 0");
    case Effect::kFlushDw:
      return code(random() % 2 == 0 ? "MI_FLUSH_DW bits=4000 @7abc00000000 0"
                                    : "MI_FLUSH_DW bits=4000 @7abc00000000 0 0");
    case Effect::kPipeControl:
      if (engine != hw::Engine::kRcs) return {};
      return code("PIPE_CONTROL 00004000 @7abc00000000 0 0");
    case Effect::kBatchStart: return code("MI_BATCH_BUFFER_START bits=100 @7abc00000000");
    default: return {};
  }
}

// The number of a command of `piece` with that effect: one of its own, or one that was inserted.
std::optional<size_t> Find(Piece* piece, Effect effect, Random& random) {
  const size_t from = Below(random, piece->commands.size());
  for (size_t i = 0; i < piece->commands.size() && random() % 2 == 0; ++i) {
    const size_t command = (from + i) % piece->commands.size();
    if (piece->RowOf(command)->effect == effect) return command;
  }
  const std::vector<uint32_t> sound = SoundCommand(*piece, effect, random);
  if (sound.empty()) return std::nullopt;
  piece->Insert(from, sound);
  return from;
}

Mutation Start(const Piece& piece, std::string what) {
  Mutation mutation;
  mutation.what = std::move(what);
  mutation.piece = piece;
  mutation.engine = piece.engine;
  return mutation;
}

Mutation Expect(Mutation mutation, Rule rule, size_t command,
                std::optional<uint32_t> detail = std::nullopt) {
  mutation.what += " of " + std::string(mutation.piece.RowOf(command) == nullptr
                                            ? "nothing"
                                            : mutation.piece.RowOf(command)->name);
  mutation.rule = rule;
  mutation.dword = mutation.piece.commands[command];
  mutation.detail = detail;
  return mutation;
}

// --- header ---

std::optional<Mutation> UnknownHeader(const Piece& piece, Random& random) {
  const auto header = static_cast<uint32_t>(random());
  if (hw::FindCommand(piece.generation(), piece.engine, header) != nullptr) return std::nullopt;
  Mutation mutation = Start(piece, "unknown header in place");
  const size_t command = Below(random, piece.commands.size());
  mutation.piece.dwords[piece.commands[command]] = header;
  return Expect(mutation, Rule::kUnknownCommand, command);
}

// A command becomes MI_NOOPs: nothing to complain about, unless it was the end.
std::optional<Mutation> Blank(const Piece& piece, Random& random) {
  const size_t command = Below(random, piece.commands.size());
  if (command + 1 == piece.commands.size()) return std::nullopt;
  Mutation mutation = Start(piece, "command made into MI_NOOPs");
  std::fill_n(mutation.piece.dwords.begin() + piece.commands[command], piece.LengthOf(command), 0u);
  return mutation;
}

// The end is taken away: the batch runs into what is not there.
std::optional<Mutation> NoEnd(const Piece& piece, Random&) {
  const size_t command = piece.commands.size() - 1;
  Mutation mutation = Start(piece, "end made into MI_NOOPs");
  std::fill_n(mutation.piece.dwords.begin() + piece.commands[command], piece.LengthOf(command), 0u);
  mutation.rule = Rule::kBatchUnmapped;
  mutation.dword = static_cast<uint32_t>(piece.dwords.size());
  return mutation;
}

// --- length ---

// Any stated length outside the row's set.
std::optional<Mutation> WrongLength(const Piece& piece, Random& random) {
  Mutation mutation = Start(piece, "length outside the set");
  size_t command = Below(random, piece.commands.size());
  if (piece.RowOf(command)->length.fixed_dwords != 0) {
    command = *Find(&mutation.piece, Effect::kLoadRegisterImm, random);
  }
  const hw::CommandRow& row = *mutation.piece.RowOf(command);
  uint32_t& header = mutation.piece.dwords[mutation.piece.commands[command]];
  const uint32_t field = LowMask32(row.length.field_high + 1u);
  const uint32_t step = 1 + Below(random, 3);
  const uint32_t stated = header & field;
  const std::array<uint32_t, 3> choices = {stated + step, stated - step,
                                           static_cast<uint32_t>(random())};
  header = (header & ~field) | (OneOf(random, choices) & field);
  if (row.length.Allows(row.length.Of(header))) return std::nullopt;
  return Expect(mutation, Rule::kBadLength, command, 0);
}

// The dwords end inside a command.
std::optional<Mutation> CutOff(const Piece& piece, Random& random) {
  const size_t command = Below(random, piece.commands.size());
  const uint32_t length = piece.LengthOf(command);
  if (length < 2) return std::nullopt;
  Mutation mutation = Start(piece, "dwords end inside");
  mutation.piece.dwords.resize(piece.commands[command] + 1 + Below(random, length - 1));
  mutation.piece.commands.resize(command + 1);
  return Expect(mutation, Rule::kTruncatedCommand, command, 0);
}

// --- address ---

// Effect, dword and bit that select the GGTT, first dword of the address, bytes behind it.
struct GgttSelect {
  Effect effect;
  uint8_t dword;
  uint8_t bit;
  uint8_t address;
  uint16_t bytes;
};
// Source: PRM SKL vol 2a, each command's page.
constexpr std::array<GgttSelect, 12> kGgttSelects = {{
    {Effect::kStoreDataImm, 0, 22, 1, 4},
    {Effect::kStoreRegisterMem, 0, 22, 2, 4},
    {Effect::kLoadRegisterMem, 0, 22, 2, 4},
    {Effect::kAtomic, 0, 22, 1, 4},
    {Effect::kCopyMemMem, 0, 21, 1, 4},  // destination
    {Effect::kCopyMemMem, 0, 22, 3, 4},  // source
    {Effect::kSemaphoreWait, 0, 22, 2, 4},
    {Effect::kConditionalBatchEnd, 0, 22, 2, 8},
    {Effect::kClflush, 0, 22, 1, 4096},
    {Effect::kReportPerfCount, 1, 0, 1, 256},
    {Effect::kFlushDw, 1, 2, 1, 8},
    {Effect::kPipeControl, 1, 24, 2, 8},
}};

// A command with its GGTT bit set and `address` in place; false if the piece has no such command.
bool SelectGgtt(Mutation* mutation, const GgttSelect& select, std::optional<uint64_t> address,
                Random& random, size_t* command) {
  const auto found = Find(&mutation->piece, select.effect, random);
  if (!found) return false;
  *command = *found;
  uint32_t* dwords = mutation->piece.dwords.data() + mutation->piece.commands[*found];
  // A post-sync write of any kind, to an address: immediate, depth count, timestamp.
  const uint32_t post_sync = (1 + Below(random, 3)) << 14;
  if (select.effect == Effect::kFlushDw) dwords[0] = (dwords[0] & ~(1u << 21)) | post_sync;
  if (select.effect == Effect::kPipeControl) dwords[1] = (dwords[1] & ~(5u << 21)) | post_sync;
  if (select.effect == Effect::kAtomic) dwords[0] &= ~(3u << 19);  // a dword
  if (address) {
    dwords[select.address] = Low32(*address);
    dwords[select.address + 1] = High32(*address);
  }
  dwords[select.dword] |= 1u << select.bit;
  return true;
}

std::optional<Mutation> GgttFromUser(const Piece& piece, Random& random) {
  const GgttSelect select = OneOf(random, kGgttSelects);
  Mutation mutation = Start(piece, "GGTT bit in a user batch");
  size_t command = 0;
  if (!SelectGgtt(&mutation, select, std::nullopt, random, &command)) return std::nullopt;
  return Expect(mutation, Rule::kGgttFromUser, command, select.address);
}

// In a privileged batch the GGTT may be named, inside the windows.
std::optional<Mutation> GgttFromKernel(const Piece& piece, const scanner::Policy& policy,
                                       Random& random) {
  const GgttSelect select = OneOf(random, kGgttSelects);
  const bool good = random() % 2 == 0;
  const uint64_t size = std::max<uint64_t>(select.bytes, 8);  // a qword store if it is one
  const std::array<uint64_t, 3> inside = {policy.aperture.begin, policy.aperture.end - size,
                                          policy.hidden.end - size};
  const std::array<uint64_t, 3> outside = {policy.aperture.end, policy.hidden.end,
                                           (uint64_t{1} << 48) - size};
  const uint64_t address = OneOf(random, good ? inside : outside);
  Mutation mutation = Start(piece, "GGTT address in a privileged batch");
  mutation.privileged = true;
  size_t command = 0;
  if (!SelectGgtt(&mutation, select, address, random, &command)) return std::nullopt;
  if (good) return mutation;
  return Expect(mutation, Rule::kGgttRange, command, select.address);
}

// A qword of which only the first half is the vGPU's.
std::optional<Mutation> GgttAcrossTheEnd(const Piece& piece, const scanner::Policy& policy,
                                         Random& random) {
  Mutation mutation = Start(piece, "qword across the end of a window");
  mutation.privileged = true;
  const size_t at = Below(random, piece.commands.size());
  mutation.piece.Insert(at, oracle::Code(piece.generation(), piece.engine,
                                         {"MI_STORE_DATA_IMM bits=600000 0 0 1 2"}));
  const uint64_t end = random() % 2 == 0 ? policy.aperture.end : policy.hidden.end;
  mutation.piece.dwords[mutation.piece.commands[at] + 1] = Low32(end - 4);
  mutation.piece.dwords[mutation.piece.commands[at] + 2] = High32(end - 4);
  return Expect(mutation, Rule::kGgttRange, at, 1);
}

// Any address of the context's own space will do.
std::optional<Mutation> OtherPpgttAddress(const Piece& piece, Random& random) {
  const GgttSelect select = OneOf(random, kGgttSelects);
  Mutation mutation = Start(piece, "another PPGTT address");
  const auto command = Find(&mutation.piece, select.effect, random);
  if (!command) return std::nullopt;
  uint32_t* dwords = mutation.piece.dwords.data() + mutation.piece.commands[*command];
  if ((dwords[select.dword] >> select.bit & 1) != 0) return std::nullopt;
  const uint64_t address = (kFarAddress + (random() & 0x3fffff000)) & ~uint64_t{0xfff};
  // Keep what a command has below the page: select bits.
  dwords[select.address] = Low32(address) | (dwords[select.address] & 0xfff);
  dwords[select.address + 1] = High32(address);
  return mutation;
}

std::optional<Mutation> BatchStart(const Piece& piece, Random& random) {
  if (piece.kind == scanner::BufferKind::kSecondLevelBatch) return std::nullopt;
  Mutation mutation = Start(piece, "batch start");
  const size_t command = *Find(&mutation.piece, Effect::kBatchStart, random);
  uint32_t* dwords = mutation.piece.dwords.data() + mutation.piece.commands[command];
  switch (Below(random, 4)) {
    case 0:
      mutation.piece.kind = scanner::BufferKind::kSecondLevelBatch;
      mutation.what += " below the second level";
      return Expect(mutation, Rule::kBatchNesting, command);
    case 1:
      dwords[0] |= 1u << 16;
      mutation.what += " with the add-offset bit";
      return Expect(mutation, Rule::kBatchOffset, command);
    case 2:
      dwords[0] &= ~(1u << 8);
      mutation.what += " in the GGTT";
      // What follows the start, which is now stepped over, has to end the batch.
      if (command + 1 == mutation.piece.commands.size()) return std::nullopt;
      return Expect(mutation, Rule::kGgttBatchFromUser, command);
    default:
      dwords[1] = static_cast<uint32_t>(random());
      dwords[2] = Below(random, 0x10000);
      return mutation;
  }
}

// --- register ---

// Offsets in an engine's block that no stream of a user may write: ring, status page,
// execution-list port, PDPs, mode. Source: linux v6.1 gt/intel_engine_regs.h.
constexpr std::array<uint32_t, 10> kEngineOwned = {0x30,  0x34,  0x38,  0x3c,  0x80,
                                                   0x230, 0x270, 0x274, 0x28c, 0x29c};
// Forcewake, plane control, pipe control, interrupt mask, fence, GGTT flush.
constexpr std::array<uint32_t, 6> kGlobal = {0xa188, 0x70180, 0x70008, 0x44004, 0x100000, 0x101008};

struct RegisterOperand {
  Effect effect;
  uint8_t dword;
  bool write;
};
constexpr std::array<RegisterOperand, 5> kRegisterOperands = {{
    {Effect::kLoadRegisterImm, 1, true},
    {Effect::kLoadRegisterMem, 1, true},
    {Effect::kStoreRegisterMem, 1, false},
    {Effect::kLoadRegisterReg, 1, false},
    {Effect::kLoadRegisterReg, 2, true},
}};

std::optional<Mutation> Register(const Piece& piece, Random& random) {
  const RegisterOperand operand = OneOf(random, kRegisterOperands);
  const uint32_t base = hw::EngineMmioBase(piece.engine);
  Mutation mutation = Start(piece, "register");
  const auto command = Find(&mutation.piece, operand.effect, random);
  if (!command) return std::nullopt;
  // Any pair of a list.
  uint32_t detail = operand.dword;
  if (operand.effect == Effect::kLoadRegisterImm) {
    detail += 2 * Below(random, mutation.piece.LengthOf(*command) / 2);
  }
  uint32_t& reg = mutation.piece.dwords[mutation.piece.commands[*command] + detail];
  const auto expect = [&](uint32_t value, Rule rule) {
    reg = value;
    return Expect(mutation, rule, *command, detail);
  };
  switch (Below(random, 6)) {
    case 0:
      mutation.what += " made a GPR";
      reg = base + 0x600 + 4 * Below(random, 32);
      return mutation;
    case 1:
      mutation.what += " with reserved bits";
      return expect(reg | 1u << OneOf(random, std::array<unsigned, 4>{0, 1, 23, 31}),
                    Rule::kRegisterRefused);
    case 2:
      mutation.what += " out of range";
      return expect(0x200000 + 4 * Below(random, 1000), Rule::kRegisterRefused);
    case 3:
      if (!operand.write) return std::nullopt;
      mutation.what += " BB_OFFSET";
      return expect(base + 0x158, Rule::kRegisterRefused);
    case 4:
      mutation.what += " of the display or the host";
      return expect(OneOf(random, kGlobal),
                    operand.write ? Rule::kRegisterPrivilege : Rule::kRegisterRefused);
    default:
      if (!operand.write) return std::nullopt;
      mutation.what += " of the ring or the page tables";
      return expect(base + OneOf(random, kEngineOwned), Rule::kRegisterPrivilege);
  }
}

std::optional<Mutation> RegisterByPipeControl(const Piece& piece, Random& random) {
  Mutation mutation = Start(piece, "register write");
  const auto command = Find(&mutation.piece, Effect::kPipeControl, random);
  if (!command) return std::nullopt;
  uint32_t* dwords = mutation.piece.dwords.data() + mutation.piece.commands[*command];
  dwords[1] = (dwords[1] & ~(3u << 14)) | 1u << 23;
  const uint32_t base = hw::EngineMmioBase(piece.engine);
  dwords[2] = base + OneOf(random, kEngineOwned);
  return Expect(mutation, Rule::kRegisterPrivilege, *command, 2);
}

// A kernel may not write ring registers by command either.
std::optional<Mutation> RegisterFromKernel(const Piece& piece, Random& random) {
  Mutation mutation = Start(piece, "ring register in a privileged batch");
  mutation.privileged = true;
  const size_t command = *Find(&mutation.piece, Effect::kLoadRegisterImm, random);
  constexpr std::array<uint32_t, 6> kRing = {0x30, 0x34, 0x38, 0x3c, 0x80, 0x230};
  mutation.piece.dwords[mutation.piece.commands[command] + 1] =
      hw::EngineMmioBase(piece.engine) + OneOf(random, kRing);
  return Expect(mutation, Rule::kRegisterRefused, command, 1);
}

// --- privilege ---

std::optional<Mutation> PrivilegedCommand(const Piece& piece, Random& random) {
  constexpr std::array<const char*, 6> kCommands = {
      "MI_UPDATE_GTT 1000 1 0", "MI_STORE_DATA_INDEX 40 1", "MI_ARB_ON_OFF",
      "MI_SUSPEND_FLUSH",       "MI_REPORT_HEAD",           "MI_SEMAPHORE_MBOX 0 0"};
  const uint32_t choice = Below(random, kCommands.size());
  Mutation mutation = Start(piece, "privileged command");
  const size_t at = Below(random, piece.commands.size());
  mutation.piece.Insert(at, oracle::Code(piece.generation(), piece.engine, {kCommands[choice]}));
  mutation.privileged = random() % 2 == 0;
  if (!mutation.privileged) return Expect(mutation, Rule::kPrivilegedCommand, at);
  const bool forbidden = choice == 0 || choice == 5;
  return forbidden ? Expect(mutation, Rule::kForbiddenCommand, at) : mutation;
}

// Post-sync writes to the status page are the kernel's, and only inside its page.
std::optional<Mutation> IndexMode(const Piece& piece, Random& random) {
  const bool pipe_control = piece.engine == hw::Engine::kRcs && random() % 2 == 0;
  Mutation mutation = Start(piece, "index mode");
  mutation.privileged = random() % 2 == 0;
  const auto command =
      Find(&mutation.piece, pipe_control ? Effect::kPipeControl : Effect::kFlushDw, random);
  if (!command) return std::nullopt;
  uint32_t* dwords = mutation.piece.dwords.data() + mutation.piece.commands[*command];
  uint32_t& flags = dwords[pipe_control ? 1 : 0];
  flags |= 1u << 14 | 1u << 21;
  if (pipe_control) flags &= ~(1u << 23);
  const uint32_t operand = pipe_control ? 2 : 1;
  if (!mutation.privileged) return Expect(mutation, Rule::kIndexFromUser, *command, operand);
  constexpr std::array<uint32_t, 4> kOffsets = {0, 4088, 4096, 0xfffffff8};
  dwords[operand] = OneOf(random, kOffsets);
  dwords[operand + 1] = random() % 2 == 0 ? 0 : 0xffffffff;
  if (dwords[operand] < 4096 && dwords[operand + 1] == 0) return mutation;
  return Expect(mutation, Rule::kIndexRange, *command, operand);
}

// The same batch on an engine that does not have one of its commands.
std::optional<Mutation> OtherEngine(const Piece& piece, Random& random) {
  Mutation mutation = Start(piece, "another engine");
  mutation.engine = static_cast<hw::Engine>(Below(random, hw::kEngineCount));
  for (size_t command = 0; command < piece.commands.size(); ++command) {
    const uint32_t header = piece.dwords[piece.commands[command]];
    const hw::CommandRow* row = hw::FindCommand(piece.generation(), mutation.engine, header);
    if (row != nullptr && row != piece.RowOf(command)) return std::nullopt;
    if (row != nullptr) continue;
    mutation.only_last = true;  // registers of the engine before
    return Expect(mutation, Rule::kUnknownCommand, command);
  }
  return std::nullopt;
}

// --- payload ---

// Operands of commands without an audit may be anything.
std::optional<Mutation> Payload(const Piece& piece, Random& random) {
  const size_t command = Below(random, piece.commands.size());
  const Effect effect = piece.RowOf(command)->effect;
  const uint32_t length = piece.LengthOf(command);
  if (length < 2 || (effect != Effect::kNone && effect != Effect::kMath)) return std::nullopt;
  Mutation mutation = Start(piece, "operand without an audit");
  const uint32_t dword = 1 + Below(random, length - 1);
  mutation.piece.dwords[piece.commands[command] + dword] = static_cast<uint32_t>(random());
  return mutation;
}

// Values, as opposed to places.
std::optional<Mutation> Value(const Piece& piece, Random& random) {
  Mutation mutation = Start(piece, "value");
  const bool store = random() % 2 == 0;
  const Effect effect = store ? Effect::kStoreDataImm : Effect::kLoadRegisterImm;
  if (!store) {
    const size_t at = Below(random, piece.commands.size());
    mutation.piece.Insert(at, SoundCommand(piece, effect, random));
    mutation.piece.dwords[mutation.piece.commands[at] + 2] = static_cast<uint32_t>(random());
    return mutation;
  }
  const size_t command = *Find(&mutation.piece, effect, random);
  mutation.piece.dwords[mutation.piece.commands[command] + 3] = static_cast<uint32_t>(random());
  return mutation;
}

}  // namespace

const hw::CommandRow* Piece::RowOf(size_t command) const {
  return hw::FindCommand(generation(), engine, dwords[commands[command]]);
}

void Piece::Insert(size_t command, const std::vector<uint32_t>& dwords_of_command) {
  const uint32_t at = commands[command];
  dwords.insert(dwords.begin() + at, dwords_of_command.begin(), dwords_of_command.end());
  commands.insert(commands.begin() + static_cast<std::ptrdiff_t>(command), at);
  for (size_t i = command + 1; i < commands.size(); ++i) {
    commands[i] += static_cast<uint32_t>(dwords_of_command.size());
  }
}

std::optional<Mutation> Mutate(MutationKind kind, const Piece& piece, const scanner::Policy& policy,
                               Random& random) {
  const uint32_t choice = Below(random, 5);
  switch (kind) {
    case MutationKind::kHeader:
      if (choice == 0) return Blank(piece, random);
      return choice == 1 ? NoEnd(piece, random) : UnknownHeader(piece, random);
    case MutationKind::kLength:
      return choice == 0 ? CutOff(piece, random) : WrongLength(piece, random);
    case MutationKind::kAddress:
      if (choice == 0) return OtherPpgttAddress(piece, random);
      if (choice == 1) return BatchStart(piece, random);
      if (choice == 2) return GgttFromKernel(piece, policy, random);
      if (choice == 3) return GgttAcrossTheEnd(piece, policy, random);
      return GgttFromUser(piece, random);
    case MutationKind::kRegister:
      if (choice == 0) return RegisterByPipeControl(piece, random);
      if (choice == 1) return RegisterFromKernel(piece, random);
      return Register(piece, random);
    case MutationKind::kPrivilege:
      if (choice == 0) return IndexMode(piece, random);
      if (choice == 1) return OtherEngine(piece, random);
      return PrivilegedCommand(piece, random);
    case MutationKind::kPayload: return choice == 0 ? Value(piece, random) : Payload(piece, random);
  }
  return std::nullopt;
}

}  // namespace gvt::differential
