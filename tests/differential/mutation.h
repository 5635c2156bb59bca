// Changes to pieces of real batches whose verdict is known from how they were made.
//
// A mutation says what must come of it without asking a scanner or the oracle: which rule is broken
// at which command, or that none is.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "hw/command_row.h"
#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/rule.h"
#include "scanner/segment.h"

namespace gvt::differential {

// Consecutive commands of a batch, up to and including the one that ends it.
struct Piece {
  hw::Platform platform = hw::Platform::kSkl;
  hw::Engine engine = hw::Engine::kRcs;
  scanner::BufferKind kind = scanner::BufferKind::kFirstLevelBatch;
  Gma start;
  std::vector<uint32_t> dwords;
  std::vector<uint32_t> commands;  // position of each command

  hw::Generation generation() const { return hw::GenerationOf(platform); }
  uint32_t LengthOf(size_t command) const {
    const size_t end = command + 1 < commands.size() ? commands[command + 1] : dwords.size();
    return static_cast<uint32_t>(end - commands[command]);
  }
  // Never null for a piece of a batch that scanned clean.
  const hw::CommandRow* RowOf(size_t command) const;
  // Puts a whole command in front of another one.
  void Insert(size_t command, const std::vector<uint32_t>& dwords_of_command);
};

struct Mutation {
  std::string what;         // for the reader of a failure
  Piece piece;              // changed
  bool privileged = false;  // as which kind of batch to scan it
  bool complete = true;
  hw::Engine engine = hw::Engine::kRcs;  // on which engine
  // What must come of it: no finding, or exactly one, `rule` at dword `dword` of the piece.
  std::optional<scanner::Rule> rule;
  uint32_t dword = 0;
  std::optional<uint32_t> detail;  // dword of the command, where it is known
  bool only_last = false;          // earlier findings are possible; the last one is as said
};

enum class MutationKind : uint8_t { kHeader, kLength, kAddress, kRegister, kPrivilege, kPayload };
inline constexpr unsigned kMutationKindCount = 6;

using Random = std::mt19937_64;

// A mutation of that kind; nullopt if the choice that `random` made does not fit the piece (try
// again). Every kind fits every piece at some choice. `policy` has the default rules, and windows.
std::optional<Mutation> Mutate(MutationKind kind, const Piece& piece, const scanner::Policy& policy,
                               Random& random);

// Dword of a segment start for privileged scans: inside the windows, far from any address used.
inline constexpr Gma kPrivilegedStart(0x4000000);

}  // namespace gvt::differential
