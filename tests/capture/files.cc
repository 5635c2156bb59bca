#include "files.h"

#include <gtest/gtest.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/bits.h"
#include "capture/aub_packets.h"
#include "capture/byte_source.h"
#include "hw/context_image.h"

namespace gvt::capture::testing {
namespace {

// Fields of one CSV line; a field may be quoted, quotes inside are not used by the manifest.
std::vector<std::string> SplitCsv(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return fields;
}

std::optional<hw::Engine> EngineFromManifest(const std::string& name) {
  if (name == "RCS0") return hw::Engine::kRcs;
  if (name == "BCS0") return hw::Engine::kBcs;
  if (name == "VCS0") return hw::Engine::kVcs;
  if (name == "VCS1") return hw::Engine::kVcs2;
  if (name == "VECS0") return hw::Engine::kVecs;
  return std::nullopt;
}

Bytes Deflate(std::span<const std::byte> bytes, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes out(deflateBound(&stream, static_cast<uLong>(bytes.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

Bytes FromText(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Bytes FromDwords(std::span<const uint32_t> dwords) {
  const auto bytes = std::as_bytes(dwords);
  return {bytes.begin(), bytes.end()};
}

Bytes ReadWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return FromText(text);
}

Bytes Xz(std::span<const std::byte> bytes) {
  Bytes out(lzma_stream_buffer_bound(bytes.size()));
  size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr,
                                    reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                    reinterpret_cast<uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

Bytes Zstd(std::span<const std::byte> bytes) {
  Bytes out(ZSTD_compressBound(bytes.size()));
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // as the zstd program does
  const size_t size = ZSTD_compress2(context, out.data(), out.size(), bytes.data(), bytes.size());
  ZSTD_freeCCtx(context);
  EXPECT_EQ(ZSTD_isError(size), 0u);
  out.resize(size);
  return out;
}

Bytes Gzip(std::span<const std::byte> bytes) {
  return Deflate(bytes, 15 + 16);
}
Bytes Zlib(std::span<const std::byte> bytes) {
  return Deflate(bytes, 15);
}

Bytes operator+(const Bytes& a, const Bytes& b) {
  Bytes sum = a;
  sum.insert(sum.end(), b.begin(), b.end());
  return sum;
}

std::vector<uint32_t> ReadDwords(const GpuMemory& memory, hw::AddressSpace space, Gma at,
                                 size_t count) {
  std::vector<uint32_t> dwords(count);
  const size_t got = memory.Read(space, at, std::as_writable_bytes(std::span(dwords)));
  dwords.resize(got / 4);
  return dwords;
}

Replay ReplayMemory(std::span<const std::byte> bytes, const CaptureOptions& options) {
  Replay replay;
  auto file = OpenCaptureMemory("memory", bytes, options);
  if (!file) {
    replay.error = file.error();
    return replay;
  }
  Submission submission;
  NextResult result;
  while ((result = (*file)->NextSubmission(&submission)) == NextResult::kSubmission) {
    replay.submissions.push_back(submission);
    const RingPart& ring = submission.ring;
    const uint32_t bytes_to_run = ring.tail > ring.head ? ring.tail - ring.head : 0;
    replay.rings.push_back(ReadDwords((*file)->memory(), hw::AddressSpace::kGgtt,
                                      ring.start + ring.head, bytes_to_run / 4));
  }
  replay.error = (*file)->error();
  EXPECT_EQ(result == NextResult::kError, replay.error.has_value());
  EXPECT_EQ((*file)->NextSubmission(&submission), result) << "the end is final";
  replay.progress = (*file)->progress();
  return replay;
}

void AubBuilder::Write32(AubSpace space, uint64_t address, uint32_t value) {
  packets_.MemoryWrite(space, address, std::as_bytes(std::span(&value, 1)));
}

void AubBuilder::Write64(AubSpace space, uint64_t address, uint64_t value) {
  packets_.MemoryWrite(space, address, std::as_bytes(std::span(&value, 1)));
}

void AubBuilder::MapGgtt(uint64_t page) {
  Write64(AubSpace::kGgttEntry, page * 8, page << kPageShift | 1);
}

void AubBuilder::Context(uint32_t lrca, uint32_t ring_start, uint32_t ring_ctl, uint32_t head,
                         uint32_t tail, uint64_t pdp0) {
  MapGgtt(lrca >> kPageShift);
  MapGgtt((lrca >> kPageShift) + 1);
  std::array<uint32_t, 64> state{};
  state[hw::kContextRingStart] = ring_start;
  state[hw::kContextRingCtl] = ring_ctl;
  state[hw::kContextRingHead] = head;
  state[hw::kContextRingTail] = tail;
  state[hw::kContextPdp0Udw] = High32(pdp0);
  state[hw::kContextPdp0Ldw] = Low32(pdp0);
  packets_.MemoryWrite(AubSpace::kGgtt, lrca + kPageSize, std::as_bytes(std::span(state)));
}

void AubBuilder::Elsp(hw::Engine engine, uint64_t element1, uint64_t element0) {
  const uint32_t port = hw::EngineMmioBase(engine) + 0x230;
  for (const uint64_t element : {element1, element0}) {
    packets_.RegisterWrite(port, High32(element));
    packets_.RegisterWrite(port, Low32(element));
  }
}

std::vector<uint64_t> PacketBoundaries(std::span<const std::byte> bytes) {
  std::vector<uint64_t> offsets;
  auto source = ByteSource::OpenMemory("boundaries", bytes);
  AubPacketReader reader(source->get());
  AubPacket packet;
  while (reader.Next(&packet) == AubPacketReader::Step::kPacket) offsets.push_back(packet.offset);
  EXPECT_FALSE(reader.error());
  offsets.push_back(bytes.size());
  return offsets;
}

std::vector<ManifestRow> ReadManifest(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> names = SplitCsv(line);
  std::vector<ManifestRow> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = SplitCsv(line);
    EXPECT_EQ(fields.size(), names.size()) << line;
    ManifestRow row;
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == "file") row.file = fields[i];
      if (names[i] == "submissions") row.submissions = std::stoull(fields[i]);
      if (names[i] == "aub_bytes") row.stream_bytes = std::stoull(fields[i]);
      if (names[i] != "engines") continue;
      std::istringstream engines(fields[i]);  // "RCS0:68 VCS0:1"
      std::string item;
      while (engines >> item) {
        const size_t colon = item.find(':');
        const auto engine = EngineFromManifest(item.substr(0, colon));
        EXPECT_TRUE(engine) << item;
        if (engine) row.engines[*engine] = std::stoull(item.substr(colon + 1));
      }
    }
    rows.push_back(row);
  }
  return rows;
}

std::string CorpusFolder() {
  const char* folder = std::getenv("GVT_CORPUS");
  return folder != nullptr ? folder : "bench/corpora";
}

}  // namespace gvt::capture::testing
