// AUB replay.
//
// 1. Memory is as of the submission: packets are applied strictly in file order, and no packet is
// applied between the trigger of
//    a submission and the next call of NextSubmission.
// 2. Ring and roots come from the context image at fixed dword positions: both known producers get
// the register offsets beside
//    the values wrong now and then, hardware restores by position of the pairs it saved itself.
// 3. Every address read from the image may be junk; nothing is followed without translation,
// nothing is larger than its register.
//
// Source: PRM BDW vol 7 (ELSP, context descriptor, logical ring context); Mesa 22.3
// src/intel/tools/aub_read.c, aubinator.c; layouts in hw/context_image.h.
#include "capture/aub_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/bits.h"

namespace gvt::capture {
namespace {

constexpr uint32_t kElspOffset = 0x230;  // EXECLIST_SUBMITPORT, from the engine's base
constexpr uint32_t kMaxLegacyRingBytes = 2u << 20;

// Simulator's ids of GPUs. Source: Mesa 22.3 src/intel/tools/aub_write.c, linux-aubcapture
// device_values.
std::optional<hw::Platform> PlatformFromSimulatorId(uint8_t device) {
  switch (device) {
    case 11: return hw::Platform::kBdw;
    case 12: return hw::Platform::kSkl;
    case 14: return hw::Platform::kBxt;
    case 16: return hw::Platform::kKbl;
    case 24: return hw::Platform::kCfl;
    default: return std::nullopt;
  }
}

// The number after "PCI-ID=" (hexadecimal, 0x optional); 0 if there is none.
uint16_t PciIdFromText(std::string_view text) {
  constexpr std::string_view kKey = "PCI-ID=";
  const size_t at = text.find(kKey);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + kKey.size());
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  uint16_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id, 16);
  return id;
}

std::optional<hw::Engine> EngineOfElsp(uint32_t mmio_offset) {
  for (unsigned i = 0; i < hw::kEngineCount; ++i) {
    const auto engine = static_cast<hw::Engine>(i);
    if (mmio_offset == hw::EngineMmioBase(engine) + kElspOffset) return engine;
  }
  return std::nullopt;
}

// The ring a legacy command block runs on. Source: Mesa 22.3 src/intel/tools/intel_aub.h,
// AUB_TRACE_TYPE_RING_*.
std::optional<hw::Engine> EngineOfLegacyRing(uint8_t type) {
  switch (type) {
    case 2: return hw::Engine::kRcs;
    case 3: return hw::Engine::kVcs;
    case 4: return hw::Engine::kBcs;
    default: return std::nullopt;
  }
}

constexpr uint8_t kLegacyData = 1;
constexpr uint8_t kLegacyCommands = 2;

bool IsHeader(AubPacketKind kind) {
  return kind == AubPacketKind::kVersion || kind == AubPacketKind::kLegacyHeader;
}

}  // namespace

AubReader::AubReader(std::unique_ptr<ByteSource> source, uint64_t live_bytes_limit)
    : source_(std::move(source)), packets_(source_.get()), memory_(live_bytes_limit) {}

FileResult<std::unique_ptr<AubReader>> AubReader::Open(std::unique_ptr<ByteSource> source,
                                                       const CaptureOptions& options) {
  auto reader =
      std::unique_ptr<AubReader>(new AubReader(std::move(source), options.live_bytes_limit));
  if (auto error = reader->ReadHeader(options)) return *std::move(error);
  return reader;
}

std::optional<FileError> AubReader::ReadHeader(const CaptureOptions& options) {
  info_.kind = CaptureKind::kAub;
  switch (packets_.Next(&packet_)) {
    case AubPacketReader::Step::kPacket: break;
    case AubPacketReader::Step::kEnd:
      return source_->MakeError(ErrorCode::kTruncated, 0, "the file is empty");
    case AubPacketReader::Step::kError: return packets_.error();
  }
  if (!IdentifyPlatform(options)) {
    return source_->MakeError(
        ErrorCode::kUnsupported, packet_.offset,
        IsHeader(packet_.kind)
            ? "the file names no GPU that is modelled (Gen8, Gen9): device " +
                  std::to_string(packet_.device) + ", \"" + packet_.text + "\""
            : "the file does not start with a version packet and no platform is given");
  }
  has_packet_ = !IsHeader(packet_.kind);
  return std::nullopt;
}

bool AubReader::IdentifyPlatform(const CaptureOptions& options) {
  std::optional<hw::Platform> platform;
  if (IsHeader(packet_.kind)) {
    info_.producer = packet_.text;
    info_.pci_id = PciIdFromText(packet_.text);
    if (info_.pci_id != 0) platform = hw::PlatformFromPciId(info_.pci_id);
    if (!platform && info_.pci_id == 0 && packet_.kind == AubPacketKind::kVersion) {
      platform = PlatformFromSimulatorId(packet_.device);
    }
  }
  if (options.platform) platform = options.platform;
  if (platform) {
    info_.platform = *platform;
    memory_.SetGeneration(hw::GenerationOf(*platform));
  }
  return platform.has_value();
}

bool AubReader::Fail(FileError error) {
  ended_ = true;
  error_ = std::move(error);
  return false;
}

bool AubReader::FailWrite(AubMemory::WriteStatus status) {
  const auto fail = [this](ErrorCode code, std::string reason) {
    return Fail(source_->MakeError(code, packet_.offset, std::move(reason)));
  };
  switch (status) {
    case AubMemory::WriteStatus::kOk: return true;
    case AubMemory::WriteStatus::kNoSpace:
      return fail(ErrorCode::kNoSpace, "the live pages limit of " +
                                           std::to_string(memory_.image().live_bytes_limit()) +
                                           " bytes is reached");
    case AubMemory::WriteStatus::kNotMapped:
      return fail(ErrorCode::kCorrupt, "a write to a GGTT address that no GGTT entry maps");
    case AubMemory::WriteStatus::kOutOfRange:
      return fail(ErrorCode::kCorrupt, "a memory write beyond the end of its address space");
    case AubMemory::WriteStatus::kUnsupported:
      return fail(ErrorCode::kUnsupported,
                  "a memory write to address space " +
                      std::to_string(static_cast<unsigned>(packet_.space)));
  }
  return false;
}

NextResult AubReader::NextSubmission(Submission* submission) {
  SaveContext();
  while (!ended_) {
    if (pending_next_ < pending_count_) {
      return Yield(Describe(pending_[pending_next_++]), submission);
    }
    if (legacy_pending_) return Yield(*std::exchange(legacy_pending_, std::nullopt), submission);
    if (std::exchange(has_packet_, false)) {
      ApplyPacket();
      continue;
    }
    switch (packets_.Next(&packet_)) {
      case AubPacketReader::Step::kPacket: ApplyPacket(); break;
      case AubPacketReader::Step::kEnd: ended_ = true; break;
      case AubPacketReader::Step::kError: Fail(*packets_.error()); break;
    }
  }
  return error_ ? NextResult::kError : NextResult::kEnd;
}

NextResult AubReader::Yield(const Submission& submission, Submission* out) {
  *out = submission;
  out->index = submission_count_++;
  memory_.SetContext(out->addressing, out->pdp);
  running_ = *out;
  return NextResult::kSubmission;
}

// What hardware does when a context has run: its head, saved, is where its tail was.
void AubReader::SaveContext() {
  if (!running_ || !running_->has_context || running_->problem != SubmissionProblem::kNone) return;
  const uint32_t head = running_->ring.tail;
  const Gma at = running_->context_image + hw::kContextRingHead * sizeof head;
  // A write that finds no mapping or no room has nothing to save into; the context was yielded all
  // the same.
  (void)memory_.Write(AubSpace::kGgtt, at.value, std::as_bytes(std::span(&head, 1)));
  running_.reset();
}

bool AubReader::ApplyPacket() {
  switch (packet_.kind) {
    case AubPacketKind::kRegisterWrite: return ApplyRegisterWrite();
    case AubPacketKind::kMemoryWrite:
      return ApplyData(packet_.space, packet_.address, packet_.data_bytes);
    case AubPacketKind::kDiscontiguousWrite:
      for (size_t i = 0; i < packet_.piece_count; ++i) {
        const AubPiece& piece = packet_.pieces[i];
        if (!ApplyData(packet_.space, piece.address, piece.size_bytes)) return false;
      }
      return true;
    case AubPacketKind::kLegacyBlock: return ApplyLegacyBlock();
    case AubPacketKind::kVersion:
    case AubPacketKind::kLegacyHeader:
    case AubPacketKind::kRegisterPoll:
    case AubPacketKind::kComment:
    case AubPacketKind::kOther: return true;
  }
  return true;
}

bool AubReader::ApplyData(AubSpace space, uint64_t address, uint64_t bytes) {
  while (bytes != 0) {
    // Piece by piece as it is decompressed, straight into the pages.
    const auto data = packets_.TakeData(static_cast<size_t>(bytes));
    if (data.empty()) return Fail(*packets_.error());
    const AubMemory::WriteStatus status = memory_.Write(space, address, data);
    if (status != AubMemory::WriteStatus::kOk) return FailWrite(status);
    address += data.size();
    bytes -= data.size();
  }
  return true;
}

bool AubReader::ApplyRegisterWrite() {
  const auto engine = packet_.is_mmio ? EngineOfElsp(packet_.mmio_offset) : std::nullopt;
  if (!engine) return true;
  ElspPort& port = elsp_[static_cast<size_t>(*engine)];
  port.writes[port.count++] = packet_.value;
  if (port.count == port.writes.size()) {
    port.count = 0;
    TriggerElsp(*engine, port.writes);
  }
  return true;
}

void AubReader::TriggerElsp(hw::Engine engine, const std::array<uint32_t, 4>& writes) {
  pending_count_ = 0;
  pending_next_ = 0;
  const std::array<uint64_t, 2> descriptors = {Join64(writes[3], writes[2]),
                                               Join64(writes[1], writes[0])};
  for (uint8_t element = 0; element < 2; ++element) {
    if (!hw::ContextDescriptor(descriptors[element]).valid()) continue;
    pending_[pending_count_++] = {engine, descriptors[element], element};
  }
}

bool AubReader::ApplyLegacyBlock() {
  const bool commands = packet_.operation == kLegacyCommands;
  // Legacy files keep everything in one flat space; their GTT entries map it to itself.
  if (packet_.space != AubSpace::kGgtt || !(commands || packet_.operation == kLegacyData))
    return true;
  if (!ApplyData(AubSpace::kLocal, packet_.address, packet_.data_bytes)) return false;
  if (!commands) return true;
  if (const auto engine = EngineOfLegacyRing(packet_.type)) {
    legacy_pending_ = DescribeLegacyRing(*engine);
  }
  return true;
}

Submission AubReader::DescribeLegacyRing(hw::Engine engine) const {
  Submission submission;
  submission.file_offset = packet_.offset;
  submission.engine = engine;
  if (packet_.data_bytes > kMaxLegacyRingBytes - 2 * kPageSize) {
    submission.problem = SubmissionProblem::kRingOutOfBounds;
    return submission;
  }
  const auto bytes = static_cast<uint32_t>(packet_.data_bytes);
  const auto head = static_cast<uint32_t>(packet_.address & kPageOffsetMask);
  submission.ring.start = Gma(packet_.address - head);
  submission.ring.head = AlignDown(head, 4u);
  submission.ring.tail = AlignDown(head + bytes, 4u);
  submission.ring.size_bytes =
      AlignDown(submission.ring.tail, static_cast<uint32_t>(kPageSize)) + uint32_t{kPageSize};
  return submission;
}

Submission AubReader::Describe(const PendingElement& pending) const {
  const hw::ContextDescriptor descriptor(pending.descriptor);
  Submission submission;
  submission.file_offset = packet_.offset;
  submission.engine = pending.engine;
  submission.elsp_element = pending.element;
  submission.descriptor = pending.descriptor;
  submission.context_id = descriptor.context_id();
  submission.lrca = descriptor.lrca();
  submission.context_image = submission.lrca + kPageSize;
  DescribeContext(&submission);
  return submission;
}

void AubReader::DescribeContext(Submission* submission) const {
  memory_.ForgetTranslations();
  std::array<uint32_t, hw::kContextPdp0Ldw + 1> state{};
  const auto bytes = std::as_writable_bytes(std::span(state));
  const auto image_at = submission->context_image;
  if (memory_.Read(hw::AddressSpace::kGgtt, image_at, bytes) != bytes.size()) {
    submission->problem = SubmissionProblem::kContextNotMapped;
    return;
  }
  submission->has_context = true;
  submission->pdp = hw::ReadContextPdps(state).value_or(submission->pdp);
  switch (hw::ContextDescriptor(submission->descriptor).addressing()) {
    case hw::ContextAddressing::kLegacy32Bit:
      submission->addressing = AddressingMode::kPpgtt3Level;
      break;
    case hw::ContextAddressing::kLegacy64Bit:
      submission->addressing = AddressingMode::kPpgtt4Level;
      break;
    case hw::ContextAddressing::kAdvancedWithoutAd:
    case hw::ContextAddressing::kAdvanced64Bit:
      submission->problem = SubmissionProblem::kAddressingMode;
      return;
  }
  DescribeRing(hw::ReadContextRing(state).value_or(hw::ContextRing{}), submission);
}

void AubReader::DescribeRing(const hw::ContextRing& ring, Submission* submission) const {
  submission->ring.start = ring.start;
  submission->ring.size_bytes = ring.size_bytes;
  if (ring.head >= ring.size_bytes || ring.tail >= ring.size_bytes) {
    submission->problem = SubmissionProblem::kRingOutOfBounds;
    return;
  }
  submission->ring.head = ring.head;
  submission->ring.tail = ring.tail;
  const bool mapped = memory_.Page(hw::AddressSpace::kGgtt, ring.start + ring.head) != nullptr;
  if (ring.head != ring.tail && !mapped) submission->problem = SubmissionProblem::kRingNotMapped;
}

CaptureProgress AubReader::progress() const {
  return {source_->input_bytes(), source_->input_bytes_total(), source_->offset(),
          memory_.image().live_bytes()};
}

}  // namespace gvt::capture
