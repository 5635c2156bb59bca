#include "capture/aub_packet_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>

#include "base/bits.h"

namespace gvt::capture {
namespace {

static_assert(std::endian::native == std::endian::little, "AUB dwords are little-endian");

// Headers of memtrace packets without their length. Source: Mesa 22.3 src/intel/tools/intel_aub.h.
constexpr uint32_t kVersionHeader = 0xf70e0000;
constexpr uint32_t kRegisterWriteHeader = 0xf7030000;
constexpr uint32_t kRegisterPollHeader = 0xf7020000;
constexpr uint32_t kMemoryWriteHeader = 0xf7060000;

constexpr uint32_t kMesaFileVersion = 1;
constexpr uint32_t kRegisterSizeDword = 2u << 16;
constexpr size_t kTextBytes = 32;

// Simulator's ids. Source: Mesa 22.3 src/intel/tools/aub_write.c; CFL as linux-aubcapture.
constexpr uint32_t SimulatorId(hw::Platform platform) {
  switch (platform) {
    case hw::Platform::kBdw: return 11;
    case hw::Platform::kSkl: return 12;
    case hw::Platform::kBxt: return 14;
    case hw::Platform::kKbl: return 16;
    case hw::Platform::kCfl: return 24;
  }
  return 0;
}

}  // namespace

void AubPacketWriter::Emit(std::span<const std::byte> bytes) {
  ok_ = ok_ && sink_->Write(bytes);
}

void AubPacketWriter::Version(hw::Platform platform, uint16_t pci_id, std::string_view program) {
  std::array<char, kTextBytes> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "PCI-ID=0x%04x %.*s", pci_id,
                    static_cast<int>(std::min(program.size(), kTextBytes)), program.data());
  const size_t used = std::min(static_cast<size_t>(std::max(size, 0)) + 1, kTextBytes);
  const auto text_dwords = static_cast<uint32_t>((used + 3) / 4);
  EmitDwords(std::array<uint32_t, 5>{kVersionHeader | (4 + text_dwords), kMesaFileVersion,
                                     SimulatorId(platform) << 8, 0, 0});
  Emit(std::as_bytes(std::span(text).first(size_t{text_dwords} * 4)));
}

void AubPacketWriter::RegisterWrite(uint32_t mmio_offset, uint32_t value) {
  EmitDwords(std::array<uint32_t, 6>{kRegisterWriteHeader | 5, mmio_offset, kRegisterSizeDword,
                                     UINT32_MAX, 0, value});
}

void AubPacketWriter::RegisterPoll(uint32_t mmio_offset, uint32_t mask, uint32_t value) {
  EmitDwords(std::array<uint32_t, 6>{kRegisterPollHeader | 5, mmio_offset, kRegisterSizeDword, mask,
                                     0, value});
}

void AubPacketWriter::MemoryWrite(AubSpace space, uint64_t address,
                                  std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto data = bytes.first(std::min(bytes.size(), kMaxDataBytes));
    const auto dwords = static_cast<uint32_t>((data.size() + 3) / 4);
    EmitDwords(std::array<uint32_t, 5>{kMemoryWriteHeader | (4 + dwords), Low32(address),
                                       High32(address), static_cast<uint32_t>(space) << 28,
                                       static_cast<uint32_t>(data.size())});
    Emit(data);
    constexpr std::array<std::byte, 3> kPadding{};
    Emit(std::span(kPadding).first(size_t{dwords} * 4 - data.size()));
    address += data.size();
    bytes = bytes.subspan(data.size());
  }
}

}  // namespace gvt::capture
