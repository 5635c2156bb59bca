// The packets of an AUB file, one at a time, with their data streamed.
//
// An AUB file is a sequence of packets of little-endian dwords without index or checksum; it ends
// where a packet ends. Dword 0: [31:29] = 7, [28:23] opcode, [22:16] sub-opcode, [15:0] length. Two
// dialects share it: memtrace (opcode 0x2e, Gen8 execlists; length + 1 dwords) and legacy (opcode
// 1, ring buffers; length + 2 dwords, the data of a block not counted).
//
// Source: Mesa 22.3 src/intel/tools/intel_aub.h, aub_read.c; files written by Mesa and by
// intel/compute-runtime 22.43.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "capture/byte_source.h"
#include "capture/file_error.h"

namespace gvt::capture {

// Address space of a memory write, bits 31:28 of its dword 3.
enum class AubSpace : uint8_t {
  kGgtt = 0,   // translated by the GGTT entries written so far
  kLocal = 1,  // a flat space of its own
  kPhysical = 2,
  kGgttEntry = 4,  // byte offset into the GGTT: (gma >> 12) * 8
  kPpgttPte = 6,   // 6, 8, 9, 10: physical address of the entry
  kPpgttPde = 8,
  kPpgttPdpe = 9,
  kPpgttPml4e = 10,
};

enum class AubPacketKind : uint8_t {
  kVersion,
  kRegisterWrite,
  kRegisterPoll,
  kMemoryWrite,         // data follow: TakeData
  kDiscontiguousWrite,  // as kMemoryWrite, data of all pieces without gaps
  kComment,
  kLegacyHeader,
  kLegacyBlock,  // data follow: TakeData
  kOther,        // well-formed, meaningless to a software reader
};

struct AubPiece {
  uint64_t address = 0;
  uint32_t size_bytes = 0;
};

inline constexpr size_t kMaxAubPieces = 63;

// Only the members of its kind are meaningful.
struct AubPacket {
  AubPacketKind kind = AubPacketKind::kOther;
  uint64_t offset = 0;  // of dword 0 in the uncompressed stream

  uint32_t file_version = 0;  // kVersion, kLegacyHeader
  uint8_t device = 0;         // kVersion: simulator's id of the GPU
  std::string text;  // kVersion, kLegacyHeader, kComment: printable ASCII, cut at kMaxTextBytes

  uint32_t mmio_offset = 0;  // kRegisterWrite, kRegisterPoll
  uint32_t mask = 0;
  uint32_t value = 0;
  bool is_mmio = false;  // else a register of another space (PCI configuration, ...)

  AubSpace space = AubSpace::kGgtt;  // kMemoryWrite, kDiscontiguousWrite, kLegacyBlock; may hold
                                     // other values than named
  uint64_t address = 0;              // kMemoryWrite, kLegacyBlock
  uint64_t data_bytes = 0;           // all data of the packet
  std::array<AubPiece, kMaxAubPieces> pieces{};  // kDiscontiguousWrite
  size_t piece_count = 0;

  uint8_t operation = 0;  // kLegacyBlock: 1 data, 2 commands to execute
  uint8_t type =
      0;  // kLegacyBlock: of what; with operation 2 the ring: 2 render, 3 video, 4 blitter
};

class AubPacketReader {
 public:
  static constexpr size_t kMaxTextBytes = 256;

  enum class Step : uint8_t { kPacket, kEnd, kError };

  // `source` outlives the reader.
  explicit AubPacketReader(ByteSource* source) : source_(source) {}

  // Skips what is unread of the current packet and reads the fixed part of the next. Errors:
  // kTruncated (the file ends inside a packet), kCorrupt (not a packet, or its lengths contradict
  // each other), kUnsupported (a form that nobody is known to write), and those of the source.
  Step Next(AubPacket* packet);

  // The next 1..max_bytes bytes of the current packet's data, valid until the next call; empty when
  // all were taken or on an error (kTruncated or the source's).
  std::span<const std::byte> TakeData(size_t max_bytes);

  const std::optional<FileError>& error() const { return error_; }

 private:
  bool SkipRest();
  bool ReadDwords(std::span<uint32_t> out);
  bool ParseMemtrace(uint32_t header, AubPacket* packet);
  bool ParseVersion(AubPacket* packet);
  bool ParseRegister(AubPacket* packet);
  bool ParseMemoryWrite(AubPacket* packet);
  bool ParseDiscontiguousWrite(AubPacket* packet);
  bool ParseComment(AubPacket* packet);
  bool ParseLegacy(uint32_t header, AubPacket* packet);
  bool ParseLegacyHeader(AubPacket* packet);
  bool ParseLegacyBlock(AubPacket* packet);
  // Text of up to `bytes` bytes, of which kMaxTextBytes are kept; the rest is left in the packet.
  bool ReadText(uint64_t bytes, std::string* text);
  bool Fail(ErrorCode code, std::string reason);
  bool FailTruncated();

  ByteSource* source_;
  uint64_t packet_offset_ = 0;
  uint64_t packet_left_ = 0;  // unread bytes of the current packet, padding included
  uint64_t data_left_ = 0;    // unread bytes of its data, <= packet_left_
  std::optional<FileError> error_;
};

}  // namespace gvt::capture
