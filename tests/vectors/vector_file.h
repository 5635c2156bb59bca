// One test vector (*.gvt) as data. The format is described in README.md of this folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/segment.h"
#include "scanner/workload.h"
#include "tests/oracle/fake_memory.h"

namespace gvt::vectors {

// A write to memory that happens behind the walk's back.
struct LaterWrite {
  uint32_t after_segments = 0;  // once so many segments were audited
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  uint64_t address = 0;
  std::vector<uint32_t> dwords;
};

struct VectorFile {
  hw::Platform platform = hw::Platform::kSkl;
  scanner::Policy policy;
  oracle::FakeMemory memory;
  std::vector<LaterWrite> later;
  scanner::Workload workload;
  uint32_t walks = 1;
  std::optional<scanner::Segment> scan;  // one segment instead of a walk
  std::vector<uint32_t> scan_dwords;     // what it points to
  std::string expected;                  // lines with single spaces, one '\n' each
};

// Reads a file. False: *error says which line is wrong and why.
bool ReadVectorFile(const std::filesystem::path& path, VectorFile* vector, std::string* error);

}  // namespace gvt::vectors
