// What scanning one capture gives: plain data, filled by scan_file.cc, shown by report_text.cc and
// report_json.cc.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "capture/capture_file.h"
#include "capture/file_error.h"
#include "capture/submission.h"
#include "hw/platform.h"
#include "scanner/report.h"
#include "scanner/segment.h"
#include "scanner/segment_walker.h"

namespace gvt::tools {

// Refusals described one by one; the others are only counted.
inline constexpr size_t kMaxFindingsPerFile = 256;
// Groups of refusals kept.
inline constexpr size_t kMaxNeedsPerFile = 4096;
// Different lengths kept of one group.
inline constexpr size_t kMaxLengthsPerNeed = 16;

inline constexpr size_t kProblemCount = 6;  // SubmissionProblem

struct EngineReport {
  uint64_t submissions = 0;
  uint64_t images_unchanged = 0;  // context images that were audited clean before, byte for byte
  scanner::WalkTotals walk;

  EngineReport& operator+=(const EngineReport& other);
};

// Sums over the buffer kinds of a walk.
struct WalkSums {
  uint64_t ring_commands = 0;
  uint64_t ring_bytes = 0;
  uint64_t batch_commands = 0;  // first and second level
  uint64_t batch_bytes = 0;
  uint64_t context_commands = 0;  // context image, indirect context, per-context batch
  uint64_t context_bytes = 0;
  uint64_t context_images = 0;  // audited
};
WalkSums SumsOf(const scanner::WalkTotals& walk);

struct CommandCount {
  uint64_t count = 0;
  uint64_t dwords = 0;
};

// One command of the stream around a refusal.
struct Surrounding {
  Gma address;
  bool refused = false;
  std::vector<uint32_t> dwords;  // the first ones
  std::string text;              // as FormatCommand lays it out
};

// One refusal with all that a reader needs to understand it.
struct Finding {
  uint64_t submission = 0;
  hw::Engine engine = hw::Engine::kRcs;
  scanner::BufferKind kind = scanner::BufferKind::kRing;
  hw::AddressSpace space = hw::AddressSpace::kGgtt;
  Gma segment;  // where the segment starts
  scanner::Refusal refusal;
  std::string command;        // empty: the rule is about a whole buffer
  std::string register_name;  // empty: the rule is about no register
  std::vector<Surrounding> around;
};

// A first place, to look the rest up with.
struct Place {
  std::string file;
  uint64_t submission = 0;
  Gma segment;
  uint32_t offset_bytes = 0;
};

// Refusals that one change of the tables would make vanish.
struct NeedKey {
  scanner::Rule rule = scanner::Rule::kUnknownCommand;
  uint32_t opcode = 0;  // header bits that name the command; 0: no command
  uint32_t reg = 0;
  friend auto operator<=>(const NeedKey&, const NeedKey&) = default;
};
struct Need {
  std::string command;
  std::string register_name;
  uint64_t count = 0;
  uint8_t engines = 0;                   // EngineBit
  uint8_t generations = 0;               // GenerationBit
  bool user = false;                     // seen in non-privileged batches
  bool privileged = false;               // seen in rings or privileged batches
  bool register_read = false;            // the register is only read
  std::map<uint32_t, uint64_t> lengths;  // stated (unknown command: guessed) dwords -> count
  Place first;

  void Add(const Need& other);
};
using Needs = std::map<NeedKey, Need>;

// Seconds of wall time of one file.
struct ScanTimes {
  double read = 0;        // read, decompress, rebuild pages and page tables
  double scan = 0;        // copy segments and audit them
  double statistics = 0;  // count commands for the tables below
};

// What two scanners said of the same segments.
struct Comparison {
  uint64_t segments = 0;  // that both audited to their end
  uint64_t differences =
      0;                 // segments of which the reports are not equal: a defect of this program
  Gma first_difference;  // where the first of those starts
};

struct FileReport {
  std::string file;
  std::optional<capture::FileError> error;
  std::optional<capture::CaptureInfo> info;  // nullopt: could not be opened
  std::array<EngineReport, hw::kEngineCount> engines{};
  std::array<uint64_t, kProblemCount> problems{};  // index = SubmissionProblem
  std::vector<CommandCount> commands;              // of batches; index = hw::RowIndex
  uint64_t unknown_commands = 0;                   // of batches; stepped over by an audit only
  std::vector<Finding> findings;
  Needs needs;
  capture::CaptureProgress progress;
  uint64_t live_bytes_peak = 0;
  ScanTimes times;
  std::optional<Comparison> comparison;  // if two scanners were asked

  EngineReport Total() const;
  // Submissions that cannot be audited as they stand.
  uint64_t Unscanned() const;
  // Segments that two scanners do not agree on; 0 if only one was asked.
  uint64_t Differences() const;
  // Nothing was refused, everything was audited, and scanners that were compared agree.
  bool Clean() const;
};

}  // namespace gvt::tools
