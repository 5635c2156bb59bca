// Fuzz target: AUB files, replayed and walked.
//
// Besides the promises of every capture (fuzz/capture_checks.h): packets lie where a walk over
// nothing but their length fields finds them, and no packet claims more data than its length has
// room for.
#include <cstring>
#include <optional>
#include <span>

#include "base/bits.h"
#include "capture/aub_packets.h"
#include "capture/byte_source.h"
#include "fuzz/capture_checks.h"
#include "fuzz/fuzz_target.h"

namespace gvt::fuzz {
namespace {

using capture::AubPacketKind;
using capture::AubPacketReader;

// Size of the packet at the start of `bytes` by its length fields; nullopt: not a whole packet.
std::optional<uint64_t> PacketBytes(std::span<const std::byte> bytes) {
  uint32_t dwords[5] = {};
  std::memcpy(dwords, bytes.data(), std::min(bytes.size(), sizeof dwords));
  if (bytes.size() < sizeof dwords[0]) return std::nullopt;
  const bool legacy = Bits(dwords[0], 28, 23) == 1;
  const uint64_t length = Bits(dwords[0], 15, 0);
  uint64_t size = (length + (legacy ? 2 : 1)) * 4;
  if (legacy && Bits(dwords[0], 22, 16) == 0x41) size += dwords[4];
  if (size > bytes.size()) return std::nullopt;
  return size;
}

void CheckPackets(std::span<const std::byte> bytes) {
  auto source = capture::ByteSource::OpenMemory("input", bytes);
  if (!source) return;
  AubPacketReader reader(source->get());
  capture::AubPacket packet;
  uint64_t offset = 0;
  while (reader.Next(&packet) == AubPacketReader::Step::kPacket) {
    Require(packet.offset == offset, "a packet begins where the one before it ends");
    const std::optional<uint64_t> size = PacketBytes(bytes.subspan(offset));
    // The end of a cut packet is missed when its data are asked for, or by the next step.
    if (!size) return;
    Require(packet.data_bytes <= *size, "a packet holds the data that it claims");
    offset += *size;
  }
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  gvt::capture::CaptureOptions options = gvt::fuzz::SmallLimits();
  const bool compressed = gvt::capture::DetectCompression(bytes.first(std::min<size_t>(size, 6))) !=
                          gvt::capture::Compression::kNone;
  if (!compressed) gvt::fuzz::CheckPackets(bytes);
  gvt::fuzz::CheckCapture(bytes, options);
  return 0;
}
