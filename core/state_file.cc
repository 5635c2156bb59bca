// Writing appends numbers; reading takes them from a cursor that notes the first error and answers
// with zeros from then on, so that no step has to look. Nothing of a vGPU is touched while reading:
// a state is sound as a whole, or nothing happens.
//
// Invariants:
// 1. What is kept of the input is not larger than the input.
// 2. Runs are ascending, apart, not empty, and inside of what they are runs of.
// 3. An execlist's state is one that it can be in.
#include "core/state_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "hw/gtt_entry.h"
#include "vgpu/register_file.h"

namespace gvt::core {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

using capture::FileError;
using capture::FileResult;
using sched::ExeclistPair;
using sched::ExeclistSnapshot;
using vgpu::ValueRun;
using vgpu::ValueRuns;

constexpr std::array<char, 8> kMagic = {'G', 'V', 'T', 'S', 'T', 'A', 'T', 'E'};
constexpr size_t kLengthAt = 16;
constexpr size_t kChecksumAt = 24;

enum Section : uint32_t {
  kMadeWith = 1,
  kDevice = 2,
  kConfigSpace = 3,
  kRegisters = 4,
  kGgtt = 5,
  kEngines = 6,
};
constexpr uint32_t kSections = 6;

// Flags of an engine's record.
constexpr uint32_t kHasEngine = 1u << 0;
constexpr uint32_t kHasRunning = 1u << 1;
constexpr uint32_t kHasPending = 1u << 2;
constexpr uint32_t kFaulted = 1u << 3;

class Writer {
 public:
  template <typename T>
  void Put(T value) {
    Bytes(std::as_bytes(std::span(&value, 1)));
  }
  void Bytes(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  // The section goes until the next Begin() or Finish().
  void Begin(uint32_t number) {
    End();
    Put(number);
    Put(uint32_t{0});
    Put(uint64_t{0});
    content_ = bytes_.size();
  }
  std::vector<std::byte> Finish() {
    End();
    return std::move(bytes_);
  }

 private:
  void End() {
    if (content_ == 0) return;
    const uint64_t length = bytes_.size() - content_;
    std::memcpy(bytes_.data() + content_ - sizeof length, &length, sizeof length);
  }

  std::vector<std::byte> bytes_;
  size_t content_ = 0;  // where that of the section at hand begins; 0: there is none yet
};

// A place in the input, and the first thing that was wrong with it.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes), size_(bytes.size()) {}

  bool failed() const { return error_.code != ErrorCode::kOk; }
  uint64_t left() const { return rest_.size(); }
  const FileError& error() const { return error_; }
  void Fail(ErrorCode code, const char* reason) {
    if (failed()) return;
    error_ = {code, "state", size_ - rest_.size(), reason};
    rest_ = {};
  }
  template <typename T>
  T Take() {
    T value = {};
    if (const auto bytes = TakeBytes(sizeof value); !bytes.empty()) {
      std::memcpy(&value, bytes.data(), sizeof value);
    }
    return value;
  }
  // Empty: there are not so many.
  std::span<const std::byte> TakeBytes(uint64_t count) {
    if (count > rest_.size()) Fail(ErrorCode::kTruncated, "it ends too early");
    if (failed()) return {};
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

 private:
  std::span<const std::byte> rest_;
  const uint64_t size_;
  FileError error_;
};

// What has to be the same where a state is restored.
std::array<uint64_t, 7> MadeWith(const vgpu::DeviceConfig& config) {
  return {config.pci_device_id, config.aperture_bytes, config.low_gm_base, config.low_gm_bytes,
          config.high_gm_base,  config.high_gm_bytes,  config.fence_count};
}

void PutRuns(Writer* out, const ValueRuns& runs) {
  for (const ValueRun& run : runs) {
    out->Put(run.first);
    out->Put(run.count);
    out->Put(run.value);
  }
}

void PutPair(Writer* out, const std::optional<ExeclistPair>& pair) {
  const ExeclistPair known = pair.value_or(ExeclistPair{});
  out->Put(known.descriptors);
  out->Put(uint32_t{known.current});
}

void PutEngine(Writer* out, const std::optional<ExeclistSnapshot>& engine) {
  const ExeclistSnapshot known = engine.value_or(ExeclistSnapshot{});
  out->Put((engine ? kHasEngine : 0) | (known.running ? kHasRunning : 0) |
           (known.pending ? kHasPending : 0) | (known.faulted ? kFaulted : 0));
  out->Put(known.words);
  out->Put(known.count);
  out->Put(known.running_slot);
  PutPair(out, known.running);
  PutPair(out, known.pending);
}

// `limit`: how many values there are.
ValueRuns TakeRuns(Reader* in, uint64_t limit) {
  constexpr uint64_t kRunBytes = 16;
  if (in->left() % kRunBytes != 0) in->Fail(ErrorCode::kCorrupt, "part of a run of values");
  ValueRuns runs;
  runs.reserve(in->left() / kRunBytes);
  uint64_t next = 0;
  while (in->left() != 0) {
    ValueRun run;
    run.first = in->Take<uint32_t>();
    run.count = in->Take<uint32_t>();
    run.value = in->Take<uint64_t>();
    if (run.first < next || run.count == 0) in->Fail(ErrorCode::kCorrupt, "runs out of order");
    next = uint64_t{run.first} + run.count;
    if (next > limit) in->Fail(ErrorCode::kCorrupt, "a run beyond the end");
    runs.push_back(run);
  }
  return runs;
}

std::optional<ExeclistPair> TakePair(Reader* in, bool there) {
  ExeclistPair pair;
  pair.descriptors = in->Take<std::array<uint64_t, 2>>();
  pair.current = in->Take<uint32_t>();
  return there ? std::optional(pair) : std::nullopt;
}

std::optional<ExeclistSnapshot> TakeEngine(Reader* in) {
  const auto flags = in->Take<uint32_t>();
  ExeclistSnapshot engine;
  engine.faulted = (flags & kFaulted) != 0;
  engine.words = in->Take<std::array<uint32_t, 4>>();
  engine.count = in->Take<uint32_t>();
  engine.running_slot = in->Take<uint32_t>();
  engine.running = TakePair(in, (flags & kHasRunning) != 0);
  engine.pending = TakePair(in, (flags & kHasPending) != 0);
  if (!engine.IsSound()) in->Fail(ErrorCode::kCorrupt, "an engine in a state that there is not");
  return (flags & kHasEngine) != 0 ? std::optional(engine) : std::nullopt;
}

bool TakeFlag(Reader* in) {
  const auto flag = in->Take<uint8_t>();
  if (flag > 1) in->Fail(ErrorCode::kCorrupt, "a flag that is neither 0 nor 1");
  return flag == 1;
}

void TakeDevice(Reader* in, vgpu::DeviceSnapshot* device) {
  device->time_ns = in->Take<uint64_t>();
  if (device->time_ns > vgpu::kMaxSnapshotTimeNs) in->Fail(ErrorCode::kCorrupt, "a time too late");
  device->interrupts.queued = in->Take<decltype(device->interrupts.queued)>();
  device->interrupts.line = TakeFlag(in);
  device->pv_seen = TakeFlag(in);
  device->failsafe = TakeFlag(in);
}

void TakeSection(uint32_t number, Reader* in, const VgpuSettings& settings, VgpuSnapshot* out) {
  switch (number) {
    case kMadeWith:
      if (in->Take<std::array<uint64_t, 7>>() != MadeWith(settings.device)) {
        in->Fail(ErrorCode::kUnsupported, "of a vGPU that was made otherwise");
      }
      break;
    case kDevice: TakeDevice(in, &out->device); break;
    case kConfigSpace: out->device.config = in->Take<decltype(out->device.config)>(); break;
    case kRegisters: out->device.registers = TakeRuns(in, vgpu::kRegisterCount); break;
    case kGgtt: out->device.ggtt = TakeRuns(in, hw::kGgttEntries); break;
    case kEngines:
      for (auto& engine : out->engines) engine = TakeEngine(in);
      break;
    default: in->Fail(ErrorCode::kUnsupported, "a section that is not known"); break;
  }
  if (in->left() != 0) in->Fail(ErrorCode::kCorrupt, "more in a section than it should hold");
}

// The number of sections.
uint32_t TakeHeader(Reader* in, std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxStateBytes) in->Fail(ErrorCode::kNoSpace, "longer than any state");
  if (in->Take<std::array<char, 8>>() != kMagic) in->Fail(ErrorCode::kCorrupt, "no state");
  if (in->Take<uint32_t>() != kStateVersion) in->Fail(ErrorCode::kUnsupported, "another version");
  const auto sections = in->Take<uint32_t>();
  if (in->Take<uint64_t>() != bytes.size()) in->Fail(ErrorCode::kTruncated, "another length");
  const auto checksum = in->Take<uint64_t>();
  if (in->failed()) return 0;
  if (checksum != XXH3_64bits(bytes.data() + kStateHeaderBytes, in->left())) {
    in->Fail(ErrorCode::kCorrupt, "the checksum is wrong");
  }
  return sections;
}

}  // namespace

void SealState(std::span<std::byte> state) {
  if (state.size() < kStateHeaderBytes) return;
  const uint64_t length = state.size();
  const auto content = state.subspan(kStateHeaderBytes);
  const uint64_t checksum = XXH3_64bits(content.data(), content.size());
  std::memcpy(state.data() + kLengthAt, &length, sizeof length);
  std::memcpy(state.data() + kChecksumAt, &checksum, sizeof checksum);
}

std::vector<std::byte> EncodeState(const VgpuSettings& settings, const VgpuSnapshot& snapshot) {
  const vgpu::DeviceSnapshot& device = snapshot.device;
  Writer out;
  out.Put(kMagic);
  out.Put(kStateVersion);
  out.Put(kSections);
  out.Put(uint64_t{0});  // SealState's
  out.Put(uint64_t{0});
  out.Begin(kMadeWith);
  out.Put(MadeWith(settings.device));
  out.Begin(kDevice);
  out.Put(device.time_ns);
  out.Put(device.interrupts.queued);
  out.Put(static_cast<uint8_t>(device.interrupts.line));
  out.Put(static_cast<uint8_t>(device.pv_seen));
  out.Put(static_cast<uint8_t>(device.failsafe));
  out.Begin(kConfigSpace);
  out.Put(device.config);
  out.Begin(kRegisters);
  PutRuns(&out, device.registers);
  out.Begin(kGgtt);
  PutRuns(&out, device.ggtt);
  out.Begin(kEngines);
  for (const auto& engine : snapshot.engines) PutEngine(&out, engine);
  std::vector<std::byte> state = out.Finish();
  SealState(state);
  return state;
}

FileResult<VgpuSnapshot> DecodeState(const VgpuSettings& settings,
                                     std::span<const std::byte> bytes) {
  Reader in(bytes);
  VgpuSnapshot snapshot;
  const uint32_t sections = TakeHeader(&in, bytes);
  uint32_t last = 0;
  uint32_t known = 0;
  for (uint32_t i = 0; i < sections && !in.failed(); ++i) {
    const auto number = in.Take<uint32_t>();
    in.Take<uint32_t>();
    const uint64_t at = bytes.size() - in.left() + sizeof(uint64_t);
    Reader section(in.TakeBytes(in.Take<uint64_t>()));
    if (number <= last) in.Fail(ErrorCode::kCorrupt, "sections out of order");
    last = number;
    if (in.failed() || number >= kFirstOptionalSection) continue;
    ++known;
    TakeSection(number, &section, settings, &snapshot);
    if (!section.failed()) continue;
    FileError error = section.error();
    error.offset += at;
    return error;
  }
  if (known != kSections) in.Fail(ErrorCode::kCorrupt, "sections are missing");
  if (in.left() != 0) in.Fail(ErrorCode::kCorrupt, "more behind the last section");
  if (in.failed()) return in.error();
  return snapshot;
}

}  // namespace gvt::core
