// Writes AUB files: contexts with rings, one PPGTT for the file, pages that changed, submissions.
//
// The files are those of Mesa's recipe: GGTT entries and tables as they are needed, ring and
// context images through the GGTT, a page only when its content differs from what the file already
// says. Mesa's tools and capture/aub_reader.h read them.
//
// Thread rule: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "capture/aub_packet_writer.h"
#include "capture/byte_sink.h"
#include "capture/memory_image.h"
#include "hw/platform.h"

namespace gvt::capture {

struct AubWriterOptions {
  hw::Platform platform = hw::Platform::kSkl;
  uint16_t pci_id = 0x1912;
  std::string program = "gvtcore";
  uint64_t live_bytes_limit = uint64_t{8} << 30;  // pages held to compare with
};

class AubWriter {
 public:
  static constexpr size_t kMaxContexts = 4096;
  static constexpr size_t kRingBytes = 4096;

  // Begins the file. `sink` outlives the writer.
  AubWriter(ByteSink* sink, const AubWriterOptions& options);

  // A new context on `engine`; its number is the argument of the others. kNoSpace: kMaxContexts or
  // the limit is reached.
  Result<size_t> CreateContext(hw::Engine engine);

  // Maps pages without content, which read as zero. Mapping twice changes nothing. kNoSpace: the
  // limit is reached. kInvalidArgument: the range leaves 48 bits.
  Result<void> Map(Gma start, uint64_t size_bytes);

  // Maps and writes; only pages that differ from what the file says appear in it. Errors: as Map.
  Result<void> Write(Gma start, std::span<const std::byte> bytes);

  // Submits a context whose ring starts one PPGTT batch. kInvalidArgument: no such context. kIo:
  // the sink failed.
  Result<void> SubmitBatch(size_t context, Gma batch);

  // As SubmitBatch with any ring content of 1..kRingBytes / 4 - 2 dwords, padded with MI_NOOP to a
  // multiple of 8 bytes.
  Result<void> SubmitRing(size_t context, std::span<const uint32_t> dwords);

  bool ok() const { return packets_.ok(); }

 private:
  struct Context {
    hw::Engine engine = hw::Engine::kRcs;
    Gma ring;
    Gma lrca;
    uint64_t descriptor = 0;
  };

  uint64_t NewPhysicalPage() { return next_physical_page_++ << kPageShift; }
  Gma MapGgtt(uint64_t pages);
  void WriteGgtt(Gma address, std::span<const uint32_t> dwords);
  void WriteContextImage(const Context& context);
  void StartEngine(hw::Engine engine);
  // Physical address of the table one level below `entry_address`, made if needed; 0: no space.
  uint64_t EnsureTable(uint64_t entry_address);
  bool StoreEntry(uint64_t address, uint64_t entry);
  // Physical address of the entry that maps `page`; 0: no space.
  uint64_t LeafEntry(Gma page);
  Result<uint64_t> EnsureMapped(Gma page);
  void FlushEntries();

  AubPacketWriter packets_;
  hw::Platform platform_;
  MemoryImage image_;  // physical memory as the file says it, PPGTT and its tables
  uint64_t root_;
  uint64_t next_physical_page_ = 1;
  uint64_t next_ggtt_page_ = 1;
  uint64_t run_address_ = 0;  // new leaf entries that wait to be written as one run
  std::vector<uint64_t> run_;
  std::array<bool, hw::kEngineCount> engine_started_{};
  std::vector<Context> contexts_;
};

}  // namespace gvt::capture
