// Seeded command streams for comparing scan engines: mostly well-formed, with operands where
// decisions change.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "base/address.h"
#include "hw/command_row.h"
#include "hw/platform.h"
#include "scanner/policy.h"

namespace gvt::oracle {

class StreamGenerator {
 public:
  // Streams are for segments that start at `start`; `policy` gives the windows whose ends are
  // interesting addresses.
  StreamGenerator(uint64_t seed, hw::Platform platform, hw::Engine engine, Gma start,
                  const scanner::Policy& policy);

  // Below `bound`, which is not 0. Same numbers on every standard library.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  // A dword that is likely to matter: 0, ones, a register, an address near the segment or a
  // window's end, a small number, or anything.
  uint32_t Dword();

  // The command with free header bits and operands filled by Dword(), of a length that it may have;
  // at most `max_dwords` unless its shortest form is longer.
  std::vector<uint32_t> Command(const hw::CommandRow& row, uint32_t max_dwords);

  // The command with exactly this length, allowed or not, as far as its length field can say it.
  std::vector<uint32_t> CommandOfLength(const hw::CommandRow& row, uint32_t length);

  // About `count` commands of the engine, MI commands preferred; seldom a dword of nonsense.
  std::vector<uint32_t> Stream(uint32_t count);

  // The rows that the engine decodes.
  const std::vector<const hw::CommandRow*>& rows() const { return rows_; }

 private:
  uint64_t InterestingAddress();

  std::mt19937_64 random_;
  const hw::Engine engine_;
  const Gma start_;
  const scanner::Policy& policy_;
  std::vector<const hw::CommandRow*> rows_;
  std::vector<const hw::CommandRow*> mi_rows_;
  uint64_t pair_ = 0;  // high half of the address whose low half came last
};

}  // namespace gvt::oracle
