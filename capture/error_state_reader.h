// Reads an i915 GPU error state (/sys/class/drm/card0/error) and yields what each captured engine
// was running.
//
// The text is parsed with tolerance for spacing and for the names of older kernels; what is not
// known is passed over. The whole file is read by Open, because an engine's objects may follow
// those of another.
//
// Source: linux v6.1 drivers/gpu/drm/i915/i915_gpu_error.c; Mesa 22.3 src/intel/tools/error2aub.c
// for the names of older kernels.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "capture/byte_source.h"
#include "capture/capture_file.h"
#include "capture/error_state_object.h"
#include "capture/flat_memory.h"
#include "capture/text_cursor.h"

namespace gvt::capture {

class ErrorStateReader final : public CaptureFile {
 public:
  // Reads the whole file. Errors: kUnsupported (no "PCI ID:" before the first object and no
  // platform in options, or a GPU that is not modelled), kCorrupt (bad ASCII85 or zlib, object
  // outside its space), kTruncated (file or object cut), kNoSpace.
  static FileResult<std::unique_ptr<ErrorStateReader>> Open(std::unique_ptr<ByteSource> source,
                                                            const CaptureOptions& options);

  const CaptureInfo& info() const override { return info_; }
  NextResult NextSubmission(Submission* submission) override;
  const FlatMemory& memory() const override { return memory_; }
  const std::optional<FileError>& error() const override { return error_; }
  CaptureProgress progress() const override;

 private:
  struct Object {
    bool present = false;
    Gma address;
    uint64_t size_bytes = 0;
  };
  // What the file says about one engine.
  struct EngineState {
    bool seen = false;
    uint64_t file_offset = 0;
    uint32_t start = 0;
    uint32_t ctl = 0;
    uint32_t head = 0;
    std::optional<uint32_t> request_head;
    uint32_t tail = 0;
    std::optional<uint32_t> request_tail;
    std::array<uint64_t, 4> pdp{};
    Object ring;
    Object batch;
    Object context;
  };

  ErrorStateReader(std::unique_ptr<ByteSource> source, const CaptureOptions& options);

  std::optional<FileError> Load();
  std::optional<FileError> ParseLine(uint64_t offset);
  std::optional<FileError> ParseObject(uint64_t offset, std::string_view label,
                                       std::string_view rest);
  std::optional<FileError> LoadObject(uint64_t offset, hw::Engine engine, hw::AddressSpace space,
                                      Object* object);
  void ParsePciId(std::string_view line);
  void ParseRegister(std::string_view line);
  EngineState* StateOf(hw::Engine engine, uint64_t offset);
  Submission Describe(hw::Engine engine, const EngineState& state) const;
  bool DescribeRing(const EngineState& state, RingPart* ring) const;

  std::unique_ptr<ByteSource> source_;
  TextCursor cursor_;
  CaptureOptions options_;
  FlatMemory memory_;
  CaptureInfo info_;
  bool has_platform_ = false;
  std::string line_;
  std::optional<hw::Engine> block_;  // engine of the register block being read
  std::array<EngineState, hw::kEngineCount> engines_{};
  std::array<hw::Engine, hw::kEngineCount> order_{};  // engines in order of appearance
  size_t engine_count_ = 0;
  size_t next_ = 0;
  std::optional<FileError> error_;  // always nullopt: Open reads everything
};

}  // namespace gvt::capture
