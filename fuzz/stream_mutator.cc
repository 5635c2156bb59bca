#include "fuzz/stream_mutator.h"

#include <algorithm>
#include <array>

#include "hw/command_table.h"
#include "hw/register_table.h"
#include "scanner/opcode_table.h"

namespace gvt::fuzz {
namespace {

// Longest command that is made up; arrays are as interesting at this size as at their maximum.
constexpr uint32_t kMaxNewCommandDwords = 96;

// Edges of the default and the narrow windows, of the context's page 0, of 32 and 48 bits.
constexpr std::array<uint32_t, 24> kAddresses = {
    0,          4,          8,          0xff8,      0xffc,      0x1000,     0x1008,     0xfffc,
    0x10000,    0x1fff8,    0x1fffc,    0x20000,    0x7fff8,    0x80000,    0xffffc,    0x100000,
    0x0ffffff8, 0x0ffffffc, 0x10000000, 0xfffffff0, 0xfffffff8, 0xfffffffc, 0x80000000, 0xffff0000};

// Bits of headers and flag dwords that decide whether and how an operand is audited: GGTT selects,
// post-sync operations, index mode, register write, predicate, second level.
constexpr std::array<unsigned, 16> kFlagBits = {0,  2,  4,  7,  8,  9,  14, 15,
                                                16, 19, 20, 21, 22, 23, 24, 31};

}  // namespace

std::vector<size_t> StreamMutator::CommandStarts(const std::vector<uint32_t>& dwords) const {
  const scanner::OpcodeEntry* entries = scanner::OpcodeTableFor(generation_, engine_).entries();
  std::vector<size_t> starts;
  for (size_t at = 0; at < dwords.size();) {
    starts.push_back(at);
    at += std::max(entries[dwords[at] >> 16].LengthOf(dwords[at]), 1u);
  }
  return starts;
}

uint32_t StreamMutator::AddressLow() {
  const uint32_t edge = kAddresses[Below(kAddresses.size())];
  return OneIn(4) ? edge + 4 * Below(64) : edge;
}

uint32_t StreamMutator::RegisterOffset() {
  const auto rows = hw::RegisterRows();
  switch (Below(4)) {
    case 0: return rows[Below(static_cast<uint32_t>(rows.size()))].offset;
    case 1: return hw::EngineMmioBase(engine_) + 4 * Below(0x200);
    case 2: return 0x2000 + 4 * Below(0x200);
    default: return rows[Below(static_cast<uint32_t>(rows.size()))].offset | (1u << Below(32));
  }
}

uint32_t StreamMutator::InterestingDword() {
  switch (Below(6)) {
    case 0: return AddressLow();
    case 1: return RegisterOffset();
    case 2: return 1u << Below(32);
    case 3: return Below(16);
    case 4: return ~0u;
    default: return static_cast<uint32_t>(random_());
  }
}

// A command of a random row of this engine, mostly with an allowed length.
std::vector<uint32_t> StreamMutator::RandomCommand() {
  const auto rows = hw::CommandRows();
  const hw::CommandRow* row = nullptr;
  // Commands with an effect are few among the rows and all that an audit looks at: prefer them.
  for (int tries = 0; tries < 64; ++tries) {
    const hw::CommandRow& candidate = rows[Below(static_cast<uint32_t>(rows.size()))];
    if (!candidate.Matches(candidate.value, generation_, engine_)) continue;
    row = &candidate;
    if (candidate.effect != hw::Effect::kNone || OneIn(8)) break;
  }
  if (row == nullptr) return {0};
  uint32_t header = row->value;
  if (OneIn(2)) header |= (1u << kFlagBits[Below(kFlagBits.size())]) & ~row->mask;
  ChangeLength(&header);
  const uint32_t length = std::clamp(row->length.Of(header), 1u, kMaxNewCommandDwords);
  std::vector<uint32_t> command(length);
  command[0] = header;
  for (size_t i = 1; i < command.size(); ++i) {
    if (!OneIn(3)) command[i] = InterestingDword();
  }
  return command;
}

// To a length of the row's set, now and then to one outside.
void StreamMutator::ChangeLength(uint32_t* header) {
  const hw::CommandRow* row = scanner::OpcodeTableFor(generation_, engine_).RowOf(*header);
  if (row == nullptr || row->length.fixed_dwords != 0) return;
  const auto& runs = row->length.allowed;
  const auto used = static_cast<uint32_t>(
      std::count_if(runs.begin(), runs.end(), [](const auto& run) { return run.max != 0; }));
  const hw::LengthRun run = runs[Below(used)];
  const uint32_t steps = (run.max - run.min) / std::max(run.step, 1u);
  uint32_t length = run.min + run.step * Below(std::min(steps, 32u) + 1);
  if (OneIn(8)) length = OneIn(2) ? run.max : length + 1;
  const uint32_t field = (uint32_t{2} << row->length.field_high) - 1;
  *header = (*header & ~field) | ((length - row->length.bias) & field);
}

void StreamMutator::ChangeHeader(uint32_t* header) {
  switch (Below(4)) {
    case 0: *header ^= 1u << Below(32); break;
    case 1: *header += Below(2) * 2 - 1; break;
    default: *header ^= 1u << kFlagBits[Below(kFlagBits.size())]; break;
  }
}

void StreamMutator::ChangeOperand(std::vector<uint32_t>* dwords, size_t start) {
  const scanner::OpcodeTable& table = scanner::OpcodeTableFor(generation_, engine_);
  const uint32_t header = (*dwords)[start];
  const uint32_t length = table.entries()[header >> 16].LengthOf(header);
  const size_t room = std::min<size_t>(length, dwords->size() - start);
  if (room < 2) return;
  // The dwords in front hold flags, registers and addresses; payload comes last.
  const size_t at = start + 1 + Below(static_cast<uint32_t>(std::min<size_t>(room - 1, 6)));
  uint32_t& dword = (*dwords)[at];
  const hw::CommandRow* row = table.RowOf(header);
  const bool flags_first = row != nullptr && row->effect == hw::Effect::kPipeControl;
  if (flags_first && at == start + 1) {
    dword ^= 1u << kFlagBits[Below(kFlagBits.size())];
  } else if (OneIn(4)) {
    dword ^= 1u << Below(32);
  } else {
    dword = InterestingDword();
  }
}

void StreamMutator::Mutate(std::vector<uint32_t>* dwords, size_t max_dwords) {
  const std::vector<size_t> starts = CommandStarts(*dwords);
  const size_t start = starts.empty() ? 0 : starts[Below(static_cast<uint32_t>(starts.size()))];
  const auto where = dwords->begin() + static_cast<std::ptrdiff_t>(start);
  if (starts.empty() || OneIn(4)) {
    const std::vector<uint32_t> command = RandomCommand();
    dwords->insert(where, command.begin(), command.end());
  } else if (OneIn(8)) {
    const auto end = where + Below(static_cast<uint32_t>(dwords->end() - where)) + 1;
    dwords->erase(where, end);
  } else if (OneIn(8)) {
    ChangeLength(&*where);
  } else if (OneIn(3)) {
    ChangeHeader(&*where);
  } else {
    ChangeOperand(dwords, start);
  }
  if (dwords->size() > max_dwords) dwords->resize(max_dwords);
}

}  // namespace gvt::fuzz
