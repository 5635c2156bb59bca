// The front door of capture/: opens any supported file and iterates its submissions.
//
//   auto file = OpenCapture("x.aub.xz", {});
//   if (!file) return Report(file.error());
//   Submission submission;
//   while ((*file)->NextSubmission(&submission) == NextResult::kSubmission) Scan(submission,
//   (*file)->memory()); if ((*file)->error()) Report(*(*file)->error());
//
// Kinds: AUB (capture/aub_reader.h), i915 error state (capture/error_state_reader.h), raw dwords
// (capture/raw_batch_reader.h; only when CaptureOptions::raw says so, as any bytes would qualify).
// Each may be compressed by xz, zstd or gzip.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "capture/file_error.h"
#include "capture/gpu_memory.h"
#include "capture/submission.h"
#include "hw/platform.h"

namespace gvt::capture {

inline constexpr uint64_t kDefaultLiveBytes = uint64_t{8} << 30;
inline constexpr uint64_t kDefaultObjectBytes = uint64_t{256} << 20;

// What a file of plain dwords is. The platform comes from CaptureOptions::platform and must be set.
struct RawBatchOptions {
  hw::Engine engine = hw::Engine::kRcs;
  hw::AddressSpace space = hw::AddressSpace::kPpgtt;
  Gma start = Gma(0x100000);  // page aligned
};

struct CaptureOptions {
  uint64_t live_bytes_limit = kDefaultLiveBytes;  // pages held at one time; more is kNoSpace
  uint64_t object_bytes_limit =
      kDefaultObjectBytes;  // one object of an error state or raw file, inflated; more is kNoSpace
  std::optional<hw::Platform> platform;  // wins over what the file says
  std::optional<RawBatchOptions> raw;    // set: the file is plain dwords
};

enum class CaptureKind : uint8_t { kAub, kErrorState, kRawBatch };

// "AUB", "error state", "raw batch".
std::string_view CaptureKindName(CaptureKind kind);

struct CaptureInfo {
  CaptureKind kind = CaptureKind::kAub;
  hw::Platform platform = hw::Platform::kSkl;
  uint16_t pci_id = 0;   // 0: the file does not say
  std::string producer;  // free text of the file, printable ASCII only; may be empty
};

// How far a file was read and what it costs.
struct CaptureProgress {
  uint64_t input_bytes = 0;        // of the file as stored
  uint64_t input_bytes_total = 0;  // 0: unknown (pipe)
  uint64_t stream_bytes = 0;       // uncompressed
  uint64_t live_bytes = 0;         // pages held now
};

enum class NextResult : uint8_t { kSubmission, kEnd, kError };

class CaptureFile {
 public:
  CaptureFile() = default;
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;
  virtual ~CaptureFile() = default;

  virtual const CaptureInfo& info() const = 0;

  // Replays the file up to its next submission and describes it. After kEnd or kError every further
  // call returns the same.
  virtual NextResult NextSubmission(Submission* submission) = 0;

  // Memory as the last yielded submission sees it. Before the first one nothing is mapped.
  virtual const GpuMemory& memory() const = 0;

  // Why NextSubmission returned kError; nullopt otherwise.
  virtual const std::optional<FileError>& error() const = 0;

  virtual CaptureProgress progress() const = 0;
};

using CaptureFileResult = FileResult<std::unique_ptr<CaptureFile>>;

// Opens a file; `path` "-" is standard input. Errors: kIo (cannot open or read), kCorrupt or
// kTruncated (bad compression or first packet), kUnsupported (unknown kind or a platform that is
// not modelled), kNoSpace.
CaptureFileResult OpenCapture(const std::string& path, const CaptureOptions& options);

// As OpenCapture over bytes that the caller keeps alive as long as the result; `name` is used in
// errors.
CaptureFileResult OpenCaptureMemory(const std::string& name, std::span<const std::byte> bytes,
                                    const CaptureOptions& options);

}  // namespace gvt::capture
