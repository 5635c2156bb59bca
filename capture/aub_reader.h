// Replays an AUB file: applies its memory writes in order and yields a Submission at each write
// that makes an engine run.
//
// Execlists (Gen8+): the fourth write of an engine's ELSP triggers; element 0 comes first, then
// element 1 if it is valid. What hardware does after a context ran is done too: its RING_HEAD in
// memory becomes its RING_TAIL before the next packet is applied. So files whose writer rewinds the
// head (Mesa) and files whose writer only advances the tail (compute-runtime) both yield each batch
// once.
//
// What the file gets wrong is split in two. A file that contradicts its own format or writes
// through addresses it never mapped is an error. A context that points nowhere is what a guest
// could have submitted: it is yielded with its SubmissionProblem.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "capture/aub_memory.h"
#include "capture/aub_packets.h"
#include "capture/byte_source.h"
#include "capture/capture_file.h"
#include "hw/context_image.h"

namespace gvt::capture {

class AubReader final : public CaptureFile {
 public:
  // Takes the source and reads up to the first packet that is not a header. Errors: as OpenCapture.
  static FileResult<std::unique_ptr<AubReader>> Open(std::unique_ptr<ByteSource> source,
                                                     const CaptureOptions& options);

  const CaptureInfo& info() const override { return info_; }
  NextResult NextSubmission(Submission* submission) override;
  const AubMemory& memory() const override { return memory_; }
  const std::optional<FileError>& error() const override { return error_; }
  CaptureProgress progress() const override;

 private:
  struct ElspPort {
    std::array<uint32_t, 4> writes{};  // element 1 high, low, element 0 high, low
    unsigned count = 0;
  };
  struct PendingElement {
    hw::Engine engine = hw::Engine::kRcs;
    uint64_t descriptor = 0;
    uint8_t element = 0;
  };

  AubReader(std::unique_ptr<ByteSource> source, uint64_t live_bytes_limit);

  std::optional<FileError> ReadHeader(const CaptureOptions& options);
  bool IdentifyPlatform(const CaptureOptions& options);
  bool Fail(FileError error);
  bool FailWrite(AubMemory::WriteStatus status);

  bool ApplyPacket();
  bool ApplyRegisterWrite();
  bool ApplyData(AubSpace space, uint64_t address, uint64_t bytes);
  bool ApplyLegacyBlock();
  void TriggerElsp(hw::Engine engine, const std::array<uint32_t, 4>& writes);

  Submission Describe(const PendingElement& pending) const;
  void DescribeContext(Submission* submission) const;
  void DescribeRing(const hw::ContextRing& ring, Submission* submission) const;
  Submission DescribeLegacyRing(hw::Engine engine) const;
  NextResult Yield(const Submission& submission, Submission* out);
  void SaveContext();

  std::unique_ptr<ByteSource> source_;
  AubPacketReader packets_;
  AubPacket packet_;
  bool has_packet_ = false;  // packet_ was read by ReadHeader but not applied
  AubMemory memory_;
  CaptureInfo info_;
  std::array<ElspPort, hw::kEngineCount> elsp_{};
  std::array<PendingElement, 2> pending_{};
  size_t pending_count_ = 0;
  size_t pending_next_ = 0;
  std::optional<Submission> legacy_pending_;
  std::optional<Submission> running_;  // yielded last, not yet saved
  uint64_t submission_count_ = 0;
  bool ended_ = false;
  std::optional<FileError> error_;
};

}  // namespace gvt::capture
