// Small files for the tests of capture/, made in memory, and what a reader says about them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/aub_packet_writer.h"
#include "capture/byte_sink.h"
#include "capture/capture_file.h"
#include "capture/submission.h"
#include "hw/platform.h"

namespace gvt::capture::testing {

using Bytes = std::vector<std::byte>;

Bytes FromText(std::string_view text);
Bytes FromDwords(std::span<const uint32_t> dwords);

// The whole file; fails the test and gives nothing if it cannot be read.
Bytes ReadWholeFile(const std::string& path);

// Compressed in one stream by the library itself.
Bytes Xz(std::span<const std::byte> bytes);
Bytes Zstd(std::span<const std::byte> bytes);
Bytes Gzip(std::span<const std::byte> bytes);
Bytes Zlib(std::span<const std::byte> bytes);

Bytes operator+(const Bytes& a, const Bytes& b);

// The first dwords of a batch or ring part as a submission's memory shows them.
std::vector<uint32_t> ReadDwords(const GpuMemory& memory, hw::AddressSpace space, Gma at,
                                 size_t count);

// Reads a file to its end.
struct Replay {
  std::vector<Submission> submissions;
  std::vector<std::vector<uint32_t>> rings;  // head to tail, of each
  std::optional<FileError> error;            // of opening or reading
  CaptureProgress progress;
};
Replay ReplayMemory(std::span<const std::byte> bytes, const CaptureOptions& options = {});

// An AUB file for SKL with whatever follows; contexts are laid out by hand, so that they may be
// wrong.
class AubBuilder {
 public:
  AubBuilder() : packets_(&sink_) { packets_.Version(hw::Platform::kSkl, 0x1912, "test"); }

  AubPacketWriter& packets() { return packets_; }
  const Bytes& bytes() const { return sink_.bytes(); }

  void Dwords(std::span<const uint32_t> dwords) { (void)sink_.Write(std::as_bytes(dwords)); }
  void Write32(AubSpace space, uint64_t address, uint32_t value);
  void Write64(AubSpace space, uint64_t address, uint64_t value);
  // Maps GGTT page `page` to the physical page of the same number.
  void MapGgtt(uint64_t page);
  // A context at LRCA `lrca` (two pages, mapped) with these ring registers and PDP0.
  void Context(uint32_t lrca, uint32_t ring_start, uint32_t ring_ctl, uint32_t head, uint32_t tail,
               uint64_t pdp0);
  void Elsp(hw::Engine engine, uint64_t element1, uint64_t element0);

 private:
  VectorSink sink_;
  AubPacketWriter packets_;
};

// Offsets at which a packet of an uncompressed AUB file starts, and its end.
std::vector<uint64_t> PacketBoundaries(std::span<const std::byte> bytes);

// One row of a corpus' manifest.csv.
struct ManifestRow {
  std::string file;
  std::map<hw::Engine, uint64_t> engines;  // submissions on each
  uint64_t submissions = 0;
  uint64_t stream_bytes = 0;
};
std::vector<ManifestRow> ReadManifest(const std::string& path);

// bench/corpora, or the folder that the environment variable GVT_CORPUS names.
std::string CorpusFolder();

}  // namespace gvt::capture::testing
