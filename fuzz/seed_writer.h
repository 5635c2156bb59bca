// Where seeds go: a folder a target, descriptive names, nothing that is already there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace gvt::fuzz {

class SeedWriter {
 public:
  // Seeds above this are dropped: a fuzzer changes every byte equally often.
  static constexpr size_t kMaxSeedBytes = 24u << 10;

  explicit SeedWriter(std::filesystem::path root) : root_(std::move(root)) {}

  // Writes root/target/name, unless it is too large. Exits with a message if the file cannot be
  // written.
  void Write(const std::string& target, const std::string& name, std::span<const uint8_t> bytes);

  uint64_t written() const { return written_; }

 private:
  std::filesystem::path root_;
  uint64_t written_ = 0;
};

// make_table_seeds.cc: scan, jit, disasm, registers and blitter, made from the tables alone.
void MakeTableSeeds(SeedWriter* out);

// make_capture_seeds.cc: scan, jit, disasm, walk, roundtrip and aub, cut out of one capture.
// `bytes`: of the file, decompressed if it was compressed.
void MakeCaptureSeeds(const std::string& name, const std::vector<std::byte>& bytes,
                      SeedWriter* out);

// make_scratch_seeds.cc: aub files that no known producer writes, and workloads that no known
// driver submits.
void MakePacketSeeds(SeedWriter* out);
void MakeWorkloadSeeds(SeedWriter* out);

// make_trace_seeds.cc: boundary traces.
void MakeTraceSeeds(SeedWriter* out);

// make_state_seeds.cc: saved states.
void MakeStateSeeds(SeedWriter* out);

// make_translation_seeds.cc: operations on page tables and on the GGTT.
void MakeTranslationSeeds(SeedWriter* out);

}  // namespace gvt::fuzz
