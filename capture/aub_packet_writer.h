// Emits AUB packets in the dialect that Mesa's writer and readers use.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"
#include "capture/aub_packets.h"
#include "capture/byte_sink.h"
#include "hw/platform.h"

namespace gvt::capture {

// Failure of the sink is kept: ok() turns false and nothing more is written.
class AubPacketWriter {
 public:
  // Data of one memory write; longer writes are split.
  static constexpr size_t kMaxDataBytes = 4096;

  // `sink` outlives the writer.
  explicit AubPacketWriter(ByteSink* sink) : sink_(sink) {}

  // "PCI-ID=0x1912 program", cut at 32 bytes as Mesa does.
  void Version(hw::Platform platform, uint16_t pci_id, std::string_view program);
  void RegisterWrite(uint32_t mmio_offset, uint32_t value);
  void RegisterPoll(uint32_t mmio_offset, uint32_t mask, uint32_t value);
  void MemoryWrite(AubSpace space, uint64_t address, std::span<const std::byte> bytes);

  bool ok() const { return ok_; }

 private:
  void Emit(std::span<const std::byte> bytes);
  void EmitDwords(std::span<const uint32_t> dwords) { Emit(std::as_bytes(dwords)); }

  ByteSink* sink_;
  bool ok_ = true;
};

}  // namespace gvt::capture
