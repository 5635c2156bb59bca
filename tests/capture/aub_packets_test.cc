#include "capture/aub_packets.h"

#include <gtest/gtest.h>

#include <numeric>

#include "files.h"

namespace gvt::capture {
namespace {

using testing::Bytes;
using testing::FromDwords;
using testing::operator+;
using Step = AubPacketReader::Step;

// Keeps the source of a reader over a few dwords.
class Packets {
 public:
  explicit Packets(Bytes bytes) : bytes_(std::move(bytes)) {
    source_ = std::move(ByteSource::OpenMemory("packets", bytes_)).value();
    reader_.emplace(source_.get());
  }
  explicit Packets(std::initializer_list<uint32_t> dwords)
      : Packets(FromDwords(std::vector<uint32_t>(dwords))) {}

  Step Next() { return reader_->Next(&packet_); }
  const AubPacket& packet() const { return packet_; }
  Bytes Data() {
    Bytes all;
    for (auto piece = reader_->TakeData(3); !piece.empty(); piece = reader_->TakeData(3)) {
      all.insert(all.end(), piece.begin(), piece.end());
    }
    return all;
  }
  const std::optional<FileError>& error() const { return reader_->error(); }
  ErrorCode code() const { return error() ? error()->code : ErrorCode::kOk; }

 private:
  Bytes bytes_;
  std::unique_ptr<ByteSource> source_;
  std::optional<AubPacketReader> reader_;
  AubPacket packet_;
};

TEST(AubPackets, EndsWhereAPacketEnds) {
  Packets empty(Bytes{});
  EXPECT_EQ(empty.Next(), Step::kEnd);
  EXPECT_FALSE(empty.error());
}

TEST(AubPackets, ReadsAVersionWithItsText) {
  Packets packets({0xf70e0006, 1, 12 << 8 | 1 << 18, 0, 0, 0x2d494350, 0x01003d44});
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kVersion);
  EXPECT_EQ(packets.packet().file_version, 1u);
  EXPECT_EQ(packets.packet().device, 12);
  EXPECT_EQ(packets.packet().text, "PCI-D=");
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, CutsTextAndReplacesWhatIsNotPrintable) {
  Bytes comment = FromDwords(std::array<uint32_t, 2>{0xf7080000 | 401, 0});
  comment.resize(comment.size() + 400 * 4, std::byte{0xe4});
  Packets packets(comment);
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kComment);
  EXPECT_EQ(packets.packet().text, std::string(AubPacketReader::kMaxTextBytes, '?'));
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, ReadsRegisterWritesAndPolls) {
  Packets packets({0xf7030005, 0x2230, 0x00020000, 0xffffffff, 0, 0x1234,  //
                   0xf7020005, 0x2234, 0x00020000, 0x10, 0, 0,             //
                   0xf7030005, 0x10, 0x20020000, 0xffffffff, 0, 1});
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kRegisterWrite);
  EXPECT_EQ(packets.packet().mmio_offset, 0x2230u);
  EXPECT_EQ(packets.packet().value, 0x1234u);
  EXPECT_TRUE(packets.packet().is_mmio);
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kRegisterPoll);
  EXPECT_EQ(packets.packet().mask, 0x10u);
  EXPECT_EQ(packets.packet().offset, 24u);
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_FALSE(packets.packet().is_mmio) << "space 2 is PCI configuration";
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, ReadsAMemoryWriteAndMasksHintsOff) {
  // Hint 0x2a in bits 27:20 as compute-runtime sets it; canonical address; six bytes padded to
  // eight.
  Packets packets({0xf7060006, 0x1000, 0xffff8000, 0x22a00000, 6, 0x03020100, 0x00000504});
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kMemoryWrite);
  EXPECT_EQ(packets.packet().space, AubSpace::kPhysical);
  EXPECT_EQ(packets.packet().address, 0x0000800000001000u);
  EXPECT_EQ(packets.packet().data_bytes, 6u);
  const Bytes data = packets.Data();
  ASSERT_EQ(data.size(), 6u);
  for (size_t i = 0; i < data.size(); ++i) EXPECT_EQ(data[i], static_cast<std::byte>(i));
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, SkipsDataThatNobodyTook) {
  Packets packets({0xf7060005, 0, 0, 0x20000000, 4, 0xdeadbeef, 0xf7070000});
  ASSERT_EQ(packets.Next(), Step::kPacket);
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kOther);
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, ReadsADiscontiguousWrite) {
  std::vector<uint32_t> dwords(2 + 3 * kMaxAubPieces);
  dwords[0] = 0xf70b0000 | (1 + 3 * 63 + 3);
  dwords[1] = 2u << 28 | 2u << 4;
  dwords[2] = 0x5000;
  dwords[4] = 7;
  dwords[5] = 0x9000;
  dwords[6] = 1;
  dwords[7] = 4;
  dwords.insert(dwords.end(), {0x11111111, 0x22222222, 0x33333333});
  Packets packets(FromDwords(dwords));
  ASSERT_EQ(packets.Next(), Step::kPacket);
  const AubPacket& packet = packets.packet();
  EXPECT_EQ(packet.kind, AubPacketKind::kDiscontiguousWrite);
  EXPECT_EQ(packet.space, AubSpace::kPhysical);
  ASSERT_EQ(packet.piece_count, 2u);
  EXPECT_EQ(packet.pieces[0].address, 0x5000u);
  EXPECT_EQ(packet.pieces[1].address, 0x100009000u);
  EXPECT_EQ(packet.pieces[1].size_bytes, 4u);
  EXPECT_EQ(packets.Data().size(), 11u);
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, RefusesDiscontiguousWritesThatContradictThemselves) {
  std::vector<uint32_t> dwords(2 + 3 * kMaxAubPieces);
  dwords[0] = 0xf70b0000 | (1 + 3 * 63);
  for (const auto& [control, code] :
       {std::pair{64u << 4, ErrorCode::kCorrupt}, std::pair{2u, ErrorCode::kUnsupported}}) {
    dwords[1] = control;
    Packets packets(FromDwords(dwords));
    EXPECT_EQ(packets.Next(), Step::kError);
    EXPECT_EQ(packets.code(), code);
  }
  dwords[1] = 1u << 4;
  dwords[4] = 9;  // bytes that the packet does not have
  Packets packets(FromDwords(dwords));
  EXPECT_EQ(packets.Next(), Step::kError);
  EXPECT_EQ(packets.code(), ErrorCode::kCorrupt);
}

TEST(AubPackets, RefusesAMemoryWriteWhoseCountAndLengthDisagree) {
  for (const uint32_t bytes : {5u, 0u, 0xffffffffu}) {
    Packets packets({0xf7060005, 0, 0, 0x20000000, bytes, 0});
    EXPECT_EQ(packets.Next(), Step::kError) << bytes;
    EXPECT_EQ(packets.code(), ErrorCode::kCorrupt);
    EXPECT_EQ(packets.Next(), Step::kError) << "an error is final";
  }
}

TEST(AubPackets, RefusesAPatternWrite) {
  Packets packets({0xf7060005, 0, 0, 0x20000002, 4, 0});
  EXPECT_EQ(packets.Next(), Step::kError);
  EXPECT_EQ(packets.code(), ErrorCode::kUnsupported);
}

TEST(AubPackets, RefusesPacketsTooShortForTheirKind) {
  for (const uint32_t header : {0xf70e0003u, 0xf7030004u, 0xf7020000u, 0xf7060003u, 0xf7080000u,
                                0xf70b0001u, 0xe0850003u, 0xe0c10002u}) {
    std::vector<uint32_t> dwords(16);
    dwords[0] = header;
    Packets packets(FromDwords(dwords));
    EXPECT_EQ(packets.Next(), Step::kError) << std::hex << header;
    EXPECT_EQ(packets.code(), ErrorCode::kCorrupt) << std::hex << header;
  }
}

TEST(AubPackets, SkipsUnknownSubOpcodesByTheirLength) {
  Packets packets({0xf7110002, 1, 2, 0xe0de0001, 1, 2, 0xf7080001, 0});
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kOther);
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kOther);
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kComment);
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, RefusesWhatIsNoPacket) {
  for (const uint32_t header : {0u, 0x12345678u, 0xd70e0000u, 0xe1000000u, 0xffffffffu}) {
    Packets packets({header, 0, 0});
    EXPECT_EQ(packets.Next(), Step::kError) << std::hex << header;
    EXPECT_EQ(packets.code(), ErrorCode::kCorrupt);
    EXPECT_EQ(packets.error()->offset, 0u);
  }
}

TEST(AubPackets, ReadsLegacyHeadersAndBlocks) {
  std::vector<uint32_t> header(13 + 4);
  header[0] = 0xe0850000 | (13 + 4 - 2);
  header[1] = 4u << 24;
  header[12] = 14;
  header[13] = 0x2d494350;
  header[14] = 0x303d4449;
  header[15] = 0x36313678;
  header[16] = 0x00363131;
  const std::vector<uint32_t> gen7 = {0xe0c10003, 2 | 2 << 8, 0, 0x3000, 8, 0x11, 0x22};
  const std::vector<uint32_t> gen8 = {0xe0c10004, 1, 0, 0x3000, 4, 1, 0x33};
  Packets packets(FromDwords(header) + FromDwords(gen7) + FromDwords(gen8));
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kLegacyHeader);
  EXPECT_EQ(packets.packet().text, "PCI-ID=0x61611");
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().kind, AubPacketKind::kLegacyBlock);
  EXPECT_EQ(packets.packet().operation, 2);
  EXPECT_EQ(packets.packet().type, 2);
  EXPECT_EQ(packets.packet().address, 0x3000u);
  EXPECT_EQ(packets.Data().size(), 8u);
  ASSERT_EQ(packets.Next(), Step::kPacket);
  EXPECT_EQ(packets.packet().address, 0x100003000u);
  EXPECT_EQ(packets.packet().data_bytes, 4u);
  EXPECT_EQ(packets.Next(), Step::kEnd);
}

TEST(AubPackets, RefusesLegacyBlocksWithMoreFields) {
  Packets packets({0xe0c10005, 1, 0, 0x3000, 4, 1, 0x33, 0x44});
  EXPECT_EQ(packets.Next(), Step::kError);
  EXPECT_EQ(packets.code(), ErrorCode::kUnsupported);
}

TEST(AubPackets, SaysWhereAFileEndsInsideAPacket) {
  const Bytes whole = FromDwords(
      std::array<uint32_t, 13>{0xf7080001, 0, 0xf706000a, 0, 0, 0x20000000, 24, 1, 2, 3, 4, 5, 6});
  for (size_t cut = 9; cut < 52; ++cut) {
    Packets packets(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(cut)));
    ASSERT_EQ(packets.Next(), Step::kPacket);
    Step step = packets.Next();
    if (step == Step::kPacket) {
      packets.Data();
      step = packets.Next();
    }
    EXPECT_EQ(step, Step::kError) << cut;
    EXPECT_EQ(packets.code(), ErrorCode::kTruncated) << cut;
    EXPECT_EQ(packets.error()->offset, 8u) << cut;
  }
}

}  // namespace
}  // namespace gvt::capture
