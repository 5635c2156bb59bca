// Parsing of AUB packets.
//
// 1. Every packet is stepped over by its own stated length, also those that mean nothing to us.
// 2. packet_left_ never exceeds what the header said; data_left_ <= packet_left_.
// 3. The byte count of a memory write must be what the packet length has room for: files that
// contradict themselves are refused,
//    not guessed at. Slack of up to a dword (padding) is normal.
// 4. Data type hints, tiling and access hints beside the address space are masked off:
// compute-runtime sets them.
//
// Source: as aub_packets.h; intel/compute-runtime and linux-aubcapture headers for the fields of
// the discontiguous write.
#include "capture/aub_packets.h"

#include <algorithm>
#include <cstring>

#include "base/bits.h"
#include "base/mutant.h"

namespace gvt::capture {
namespace {

constexpr uint32_t kTypeAub = 7;
constexpr uint32_t kOpcodeLegacy = 0x01;
constexpr uint32_t kOpcodeMemtrace = 0x2e;

constexpr uint32_t kSubRegisterPoll = 0x02;
constexpr uint32_t kSubRegisterWrite = 0x03;
constexpr uint32_t kSubMemoryWrite = 0x06;
constexpr uint32_t kSubComment = 0x08;
constexpr uint32_t kSubDiscontiguousWrite = 0x0b;
constexpr uint32_t kSubVersion = 0x0e;

constexpr uint32_t kLegacySubHeader = 0x05;
constexpr uint32_t kLegacySubBlock = 0x41;

constexpr uint64_t kAddressMask = LowMask64(48);
constexpr unsigned kRepeatBit = 1;  // the data are a pattern to repeat

std::string Printable(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    const char c = static_cast<char>(byte);
    if (c == 0) break;
    text.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return text;
}

}  // namespace

bool AubPacketReader::Fail(ErrorCode code, std::string reason) {
  packet_left_ = 0;
  data_left_ = 0;
  error_ = source_->MakeError(code, packet_offset_, std::move(reason));
  return false;
}

bool AubPacketReader::FailTruncated() {
  const uint64_t missing = packet_left_;
  packet_left_ = 0;
  data_left_ = 0;
  error_ = source_->error();
  if (error_) return false;
  return Fail(ErrorCode::kTruncated,
              "the file ends inside a packet, " + std::to_string(missing) + " bytes are missing");
}

bool AubPacketReader::SkipRest() {
  data_left_ = 0;
  packet_left_ -= source_->Skip(packet_left_);
  return packet_left_ == 0 || FailTruncated();
}

bool AubPacketReader::ReadDwords(std::span<uint32_t> out) {
  const std::span<std::byte> bytes = std::as_writable_bytes(out);
  if (bytes.size() > packet_left_)
    return Fail(ErrorCode::kCorrupt, "the packet is too short for its kind");
  const size_t got = source_->Read(bytes);
  packet_left_ -= got;
  return got == bytes.size() || FailTruncated();
}

bool AubPacketReader::ReadText(uint64_t bytes, std::string* text) {
  std::array<std::byte, kMaxTextBytes> buffer{};
  const auto part = std::span(buffer).first(
      static_cast<size_t>(std::min<uint64_t>({bytes, packet_left_, kMaxTextBytes})));
  const size_t got = source_->Read(part);
  packet_left_ -= got;
  if (got != part.size()) return FailTruncated();
  *text = Printable(part);
  return true;
}

AubPacketReader::Step AubPacketReader::Next(AubPacket* packet) {
  if (error_ || !SkipRest()) return Step::kError;
  packet_offset_ = source_->offset();
  uint32_t header = 0;
  const size_t got = source_->Read(std::as_writable_bytes(std::span(&header, 1)));
  if (got == 0 && !source_->error()) return Step::kEnd;
  if (got != sizeof header) {
    packet_left_ = sizeof header - got;
    FailTruncated();
    return Step::kError;
  }
  packet->offset = packet_offset_;
  packet->kind = AubPacketKind::kOther;
  packet->data_bytes = 0;
  const uint32_t opcode = Bits(header, 28, 23);
  bool ok = false;
  if (Bits(header, 31, 29) != kTypeAub) {
    ok = Fail(ErrorCode::kCorrupt, "not an AUB packet header");
  } else if (opcode == kOpcodeMemtrace) {
    ok = ParseMemtrace(header, packet);
  } else if (opcode == kOpcodeLegacy) {
    ok = ParseLegacy(header, packet);
  } else {
    ok = Fail(ErrorCode::kCorrupt, "unknown AUB opcode " + std::to_string(opcode));
  }
  return ok ? Step::kPacket : Step::kError;
}

std::span<const std::byte> AubPacketReader::TakeData(size_t max_bytes) {
  if (data_left_ == 0) return {};
  const auto data = source_->Take(static_cast<size_t>(std::min<uint64_t>(max_bytes, data_left_)));
  data_left_ -= data.size();
  packet_left_ -= data.size();
  if (data.empty()) FailTruncated();
  return data;
}

bool AubPacketReader::ParseMemtrace(uint32_t header, AubPacket* packet) {
  packet_left_ = uint64_t{Bits(header, 15, 0)} * 4;  // dword 0 is the "+ 1" of the length
  switch (Bits(header, 22, 16)) {
    case kSubVersion: return ParseVersion(packet);
    case kSubRegisterWrite:
      packet->kind = AubPacketKind::kRegisterWrite;
      return ParseRegister(packet);
    case kSubRegisterPoll:
      packet->kind = AubPacketKind::kRegisterPoll;
      return ParseRegister(packet);
    case kSubMemoryWrite: return ParseMemoryWrite(packet);
    case kSubDiscontiguousWrite: return ParseDiscontiguousWrite(packet);
    case kSubComment: return ParseComment(packet);
    default: return true;
  }
}

bool AubPacketReader::ParseVersion(AubPacket* packet) {
  packet->kind = AubPacketKind::kVersion;
  std::array<uint32_t, 4> dwords{};
  if (!ReadDwords(dwords)) return false;
  packet->file_version = dwords[0];
  packet->device = static_cast<uint8_t>(Bits(dwords[1], 15, 8));
  return ReadText(packet_left_, &packet->text);
}

bool AubPacketReader::ParseRegister(AubPacket* packet) {
  std::array<uint32_t, 5> dwords{};
  if (!ReadDwords(dwords)) return false;
  packet->mmio_offset = dwords[0];
  packet->is_mmio = Bits(dwords[1], 31, 28) == 0;
  packet->mask = dwords[2];
  packet->value = dwords[4];
  return true;
}

bool AubPacketReader::ParseMemoryWrite(AubPacket* packet) {
  packet->kind = AubPacketKind::kMemoryWrite;
  std::array<uint32_t, 4> dwords{};
  if (!ReadDwords(dwords)) return false;
  packet->address = Join64(dwords[0], dwords[1]) & kAddressMask;
  packet->space = static_cast<AubSpace>(Bits(dwords[2], 31, 28));
  packet->data_bytes = dwords[3];
  if (Bit(dwords[2], kRepeatBit))
    return Fail(ErrorCode::kUnsupported, "a memory write that repeats a pattern");
  const bool fits = (packet->data_bytes + 3) / 4 * 4 == packet_left_;
  if (!fits && !Planted(Mutant::kPacketLengthTrusted)) {
    return Fail(ErrorCode::kCorrupt, "byte count and packet length of a memory write disagree");
  }
  data_left_ = packet->data_bytes;
  return true;
}

bool AubPacketReader::ParseDiscontiguousWrite(AubPacket* packet) {
  packet->kind = AubPacketKind::kDiscontiguousWrite;
  std::array<uint32_t, 1 + 3 * kMaxAubPieces> dwords{};
  if (!ReadDwords(dwords)) return false;
  packet->space = static_cast<AubSpace>(Bits(dwords[0], 31, 28));
  packet->piece_count = Bits(dwords[0], 19, 4);
  if (Bit(dwords[0], kRepeatBit))
    return Fail(ErrorCode::kUnsupported, "a memory write that repeats a pattern");
  if (packet->piece_count > kMaxAubPieces) {
    return Fail(ErrorCode::kCorrupt, "a discontiguous write of more than 63 pieces");
  }
  for (size_t i = 0; i < packet->piece_count; ++i) {
    const uint32_t* triple = &dwords[1 + 3 * i];
    packet->pieces[i] = {Join64(triple[0], triple[1]) & kAddressMask, triple[2]};
    packet->data_bytes += triple[2];
  }
  if ((packet->data_bytes + 3) / 4 * 4 != packet_left_) {
    return Fail(ErrorCode::kCorrupt,
                "byte counts and packet length of a discontiguous write disagree");
  }
  data_left_ = packet->data_bytes;
  return true;
}

bool AubPacketReader::ParseComment(AubPacket* packet) {
  packet->kind = AubPacketKind::kComment;
  std::array<uint32_t, 1> dwords{};
  return ReadDwords(dwords) && ReadText(packet_left_, &packet->text);
}

bool AubPacketReader::ParseLegacy(uint32_t header, AubPacket* packet) {
  packet_left_ = uint64_t{Bits(header, 15, 0)} * 4 + 4;
  switch (Bits(header, 22, 16)) {
    case kLegacySubHeader: return ParseLegacyHeader(packet);
    case kLegacySubBlock: return ParseLegacyBlock(packet);
    default: return true;
  }
}

bool AubPacketReader::ParseLegacyHeader(AubPacket* packet) {
  packet->kind = AubPacketKind::kLegacyHeader;
  std::array<uint32_t, 12> dwords{};  // version, 8 of application name, 2 of time, comment length
  if (!ReadDwords(dwords)) return false;
  packet->file_version = dwords[0];
  return ReadText(dwords[11], &packet->text);
}

bool AubPacketReader::ParseLegacyBlock(AubPacket* packet) {
  packet->kind = AubPacketKind::kLegacyBlock;
  std::array<uint32_t, 4> dwords{};
  if (!ReadDwords(dwords)) return false;
  uint32_t address_high = 0;  // Gen8 and later have this dword
  if (packet_left_ >= 4 && !ReadDwords(std::span(&address_high, 1))) return false;
  packet->operation = static_cast<uint8_t>(Bits(dwords[0], 7, 0));
  packet->type = static_cast<uint8_t>(Bits(dwords[0], 15, 8));
  packet->space = static_cast<AubSpace>(Bits(dwords[0], 23, 16));
  packet->address = Join64(dwords[2], address_high) & kAddressMask;
  packet->data_bytes = dwords[3];
  if (packet_left_ != 0) return Fail(ErrorCode::kUnsupported, "a legacy block with unknown fields");
  packet_left_ = packet->data_bytes;
  data_left_ = packet->data_bytes;
  return true;
}

}  // namespace gvt::capture
