// i915 error state.
//
// Lines at column 0 are headers: "PCI ID: 0x1912", "rcs0 command stream:", "rcs0 --- ring =
// 0x00000000 00001000". Indented lines belong to the register block of the engine above them. An
// object's contents follow its header on one line of any length.
//
// 1. Lines of any length and objects of any size are read in constant memory; what is kept is
// bounded by the two limits.
// 2. Text that is not recognised is passed over, as every kernel adds lines; damage inside an
// object is an error.
// 3. The ring is followed from the head of the hanging request (in brackets) if the file says it,
// to the tail register; if the
//    ring registers belong to another ring than the captured one, to the request's own tail.
#include "capture/error_state_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "base/bits.h"

namespace gvt::capture {
namespace {

constexpr uint32_t kRingHeadMask = 0x001ffffc;
constexpr uint32_t kRingTailMask = 0x001ffff8;
constexpr uint64_t kMaxRingBytes = uint64_t{2} << 20;

struct EngineLabel {
  std::string_view label;
  hw::Engine engine;
};

// Longer labels of one prefix first. The last five are those of kernels before 4.16.
constexpr EngineLabel kEngineLabels[] = {
    {"rcs0", hw::Engine::kRcs},    {"bcs0", hw::Engine::kBcs},
    {"vcs0", hw::Engine::kVcs},    {"vcs1", hw::Engine::kVcs2},
    {"vecs0", hw::Engine::kVecs},  {"render", hw::Engine::kRcs},
    {"blitter", hw::Engine::kBcs}, {"blt", hw::Engine::kBcs},
    {"bsd2", hw::Engine::kVcs2},   {"bsd", hw::Engine::kVcs},
    {"vebox", hw::Engine::kVecs},  {"video enhancement", hw::Engine::kVecs},
};

enum class ObjectRole : uint8_t { kOther, kRing, kBatch, kContext };

struct ObjectName {
  std::string_view name;
  hw::AddressSpace space;
  ObjectRole role;
};

constexpr ObjectName kObjectNames[] = {
    {"batch", hw::AddressSpace::kPpgtt, ObjectRole::kBatch},
    {"gtt_offset", hw::AddressSpace::kPpgtt, ObjectRole::kBatch},
    {"user", hw::AddressSpace::kPpgtt, ObjectRole::kOther},
    {"ring", hw::AddressSpace::kGgtt, ObjectRole::kRing},
    {"ringbuffer", hw::AddressSpace::kGgtt, ObjectRole::kRing},
    {"hw context", hw::AddressSpace::kGgtt, ObjectRole::kContext},
    {"null context", hw::AddressSpace::kGgtt, ObjectRole::kOther},
    {"hw status", hw::AddressSpace::kGgtt, ObjectRole::kOther},
    {"wa context", hw::AddressSpace::kGgtt, ObjectRole::kOther},
    {"wa batchbuffer", hw::AddressSpace::kGgtt, ObjectRole::kOther},
    {"semaphores", hw::AddressSpace::kGgtt, ObjectRole::kOther},
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::optional<hw::Engine> EngineFromLabel(std::string_view label) {
  label = Trim(label);
  constexpr std::string_view kRing = " ring";
  if (label.ends_with(kRing)) label.remove_suffix(kRing.size());
  for (const EngineLabel& known : kEngineLabels) {
    if (EqualsIgnoringCase(label, known.label)) return known.engine;
  }
  return std::nullopt;
}

// Takes the next hexadecimal number ("0x" optional) off the front of *text, passing over what
// cannot start one.
std::optional<uint64_t> TakeHex(std::string_view* text) {
  while (!text->empty() && std::isxdigit(static_cast<unsigned char>(text->front())) == 0) {
    text->remove_prefix(1);
  }
  if (text->starts_with("0x") || text->starts_with("0X")) text->remove_prefix(2);
  uint64_t value = 0;
  const auto result = std::from_chars(text->data(), text->data() + text->size(), value, 16);
  if (result.ec != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(result.ptr - text->data()));
  return value;
}

std::optional<uint32_t> TakeHex32(std::string_view* text) {
  const auto value = TakeHex(text);
  if (!value) return std::nullopt;
  return Low32(*value);
}

// Two numbers as one address: "0xHHHHHHHH LLLLLLLL", or "0xHHHHHHHH_LLLLLLLL".
std::optional<uint64_t> TakeAddress(std::string_view* text) {
  const auto high = TakeHex(text);
  if (!high) return std::nullopt;
  const auto low = TakeHex(text);
  if (!low) return *high;
  return *high << 32 | Low32(*low);
}

FileError ObjectError(const ByteSource& source, uint64_t offset, ObjectStatus status,
                      uint64_t limit) {
  switch (status) {
    case ObjectStatus::kBadText:
      return source.MakeError(ErrorCode::kCorrupt, offset, "an object is not valid ASCII85");
    case ObjectStatus::kBadStream:
      return source.MakeError(ErrorCode::kCorrupt, offset, "an object is not a valid zlib stream");
    case ObjectStatus::kCutStream:
      return source.MakeError(ErrorCode::kTruncated, offset, "an object's zlib stream ends early");
    case ObjectStatus::kTooLarge:
      return source.MakeError(ErrorCode::kNoSpace, offset,
                              "the object limit of " + std::to_string(limit) + " bytes is reached");
    case ObjectStatus::kSinkFailed:
    case ObjectStatus::kOk: break;
  }
  return source.MakeError(ErrorCode::kCorrupt, offset, "an object lies outside its address space");
}

}  // namespace

ErrorStateReader::ErrorStateReader(std::unique_ptr<ByteSource> source,
                                   const CaptureOptions& options)
    : source_(std::move(source)),
      cursor_(source_.get()),
      options_(options),
      memory_(options.live_bytes_limit) {
  info_.kind = CaptureKind::kErrorState;
  if (options.platform) info_.platform = *options.platform;
  has_platform_ = options.platform.has_value();
}

FileResult<std::unique_ptr<ErrorStateReader>> ErrorStateReader::Open(
    std::unique_ptr<ByteSource> source, const CaptureOptions& options) {
  auto reader = std::unique_ptr<ErrorStateReader>(new ErrorStateReader(std::move(source), options));
  if (auto error = reader->Load()) return *std::move(error);
  return reader;
}

std::optional<FileError> ErrorStateReader::Load() {
  for (;;) {
    const uint64_t offset = cursor_.offset();
    if (!cursor_.ReadLine(&line_)) break;
    if (auto error = ParseLine(offset)) return error;
  }
  if (source_->error()) return source_->error();
  if (!has_platform_) {
    return source_->MakeError(ErrorCode::kUnsupported, 0,
                              "no \"PCI ID:\" line, hence no error state of i915");
  }
  return std::nullopt;
}

std::optional<FileError> ErrorStateReader::ParseLine(uint64_t offset) {
  const std::string_view line = line_;
  if (line.starts_with(' ') || line.starts_with('\t')) {
    ParseRegister(line);
    return std::nullopt;
  }
  constexpr std::string_view kBlock = " command stream:";
  constexpr std::string_view kObject = " --- ";
  if (line.starts_with("PCI ID:")) {
    ParsePciId(line);
    if (!has_platform_) {
      return source_->MakeError(
          ErrorCode::kUnsupported, offset,
          "PCI id " + std::to_string(info_.pci_id) + " is not a GPU that is modelled (Gen8, Gen9)");
    }
  } else if (line.ends_with(kBlock)) {
    block_ = EngineFromLabel(line.substr(0, line.size() - kBlock.size()));
    if (block_) StateOf(*block_, offset);
  } else if (const size_t at = line.find(kObject); at != std::string_view::npos) {
    return ParseObject(offset, line.substr(0, at), line.substr(at + kObject.size()));
  } else if (info_.producer.empty() && line.starts_with("Kernel:")) {
    for (const char c : line) info_.producer.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  return std::nullopt;
}

void ErrorStateReader::ParsePciId(std::string_view line) {
  line.remove_prefix(std::string_view("PCI ID:").size());
  const auto id = TakeHex32(&line);
  if (!id || *id > UINT16_MAX) return;
  info_.pci_id = static_cast<uint16_t>(*id);
  const auto platform = hw::PlatformFromPciId(info_.pci_id);
  if (options_.platform || !platform) return;
  info_.platform = *platform;
  has_platform_ = true;
}

ErrorStateReader::EngineState* ErrorStateReader::StateOf(hw::Engine engine, uint64_t offset) {
  EngineState* state = &engines_[static_cast<size_t>(engine)];
  if (!std::exchange(state->seen, true)) {
    state->file_offset = offset;
    order_[engine_count_++] = engine;
  }
  return state;
}

void ErrorStateReader::ParseRegister(std::string_view line) {
  if (!block_) return;
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = Trim(line.substr(0, colon));
  std::string_view rest = line.substr(colon + 1);
  EngineState& state = engines_[static_cast<size_t>(*block_)];
  if (name == "START") {
    state.start = TakeHex32(&rest).value_or(0);
  } else if (name == "CTL") {
    state.ctl = TakeHex32(&rest).value_or(0);
  } else if (name == "HEAD") {  // register, [head of the request]
    state.head = TakeHex32(&rest).value_or(0);
    state.request_head = TakeHex32(&rest);
  } else if (name == "TAIL") {  // register, [postfix of the request, its tail]
    state.tail = TakeHex32(&rest).value_or(0);
    TakeHex32(&rest);
    state.request_tail = TakeHex32(&rest);
  } else if (name.size() == 4 && name.starts_with("PDP") && name[3] >= '0' && name[3] <= '3') {
    state.pdp[static_cast<size_t>(name[3] - '0')] = TakeHex(&rest).value_or(0);
  } else if (name == "batch" && !state.batch.present) {  // [start, end]
    const auto start = TakeAddress(&rest);
    const auto end = TakeAddress(&rest);
    if (!start || !end) return;
    state.batch.address = MaskGma(*start);
    state.batch.size_bytes = *end > *start ? *end - *start : 0;
  }
}

std::optional<FileError> ErrorStateReader::ParseObject(uint64_t offset, std::string_view label,
                                                       std::string_view rest) {
  block_.reset();
  const auto engine = EngineFromLabel(label);
  const size_t equals = rest.find('=');
  if (!engine || equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = Trim(rest.substr(0, equals));
  rest.remove_prefix(equals + 1);
  const auto address = TakeAddress(&rest);
  const auto* known =
      std::find_if(std::begin(kObjectNames), std::end(kObjectNames),
                   [&](const ObjectName& n) { return EqualsIgnoringCase(n.name, name); });
  if (!address || known == std::end(kObjectNames)) return std::nullopt;
  EngineState* state = StateOf(*engine, offset);
  Object object;
  object.address = MaskGma(*address);
  if (auto error = LoadObject(offset, *engine, known->space, &object)) return error;
  switch (known->role) {
    case ObjectRole::kRing: state->ring = object; break;
    case ObjectRole::kBatch: state->batch = object; break;
    case ObjectRole::kContext: state->context = object; break;
    case ObjectRole::kOther: break;
  }
  return std::nullopt;
}

std::optional<FileError> ErrorStateReader::LoadObject(uint64_t offset, hw::Engine engine,
                                                      hw::AddressSpace space, Object* object) {
  if (!has_platform_) {
    return source_->MakeError(ErrorCode::kUnsupported, offset,
                              "an object before the \"PCI ID:\" line");
  }
  if (cursor_.Peek() == 'g') cursor_.SkipLine();  // "gtt_page_sizes = 0x..."
  if (cursor_.Peek() != ':' && cursor_.Peek() != '~')
    return std::nullopt;  // no contents were captured
  FlatMemory::WriteStatus written = FlatMemory::WriteStatus::kOk;
  const ObjectSink sink = [&](std::span<const std::byte> bytes) {
    written = memory_.Write(engine, space, object->address + object->size_bytes, bytes);
    object->size_bytes += bytes.size();
    return written == FlatMemory::WriteStatus::kOk;
  };
  const ObjectStatus status = DecodeObject(&cursor_, options_.object_bytes_limit, sink);
  if (status == ObjectStatus::kOk) {
    object->present = object->size_bytes != 0;
    return std::nullopt;
  }
  if (source_->error()) return source_->error();
  if (written == FlatMemory::WriteStatus::kNoSpace) {
    return source_->MakeError(ErrorCode::kNoSpace, cursor_.offset(),
                              "the live pages limit of " +
                                  std::to_string(memory_.image().live_bytes_limit()) +
                                  " bytes is reached");
  }
  return ObjectError(*source_, cursor_.offset(), status, options_.object_bytes_limit);
}

NextResult ErrorStateReader::NextSubmission(Submission* submission) {
  if (next_ == engine_count_) return NextResult::kEnd;
  const hw::Engine engine = order_[next_];
  *submission = Describe(engine, engines_[static_cast<size_t>(engine)]);
  submission->index = next_++;
  memory_.SelectEngine(engine);
  return NextResult::kSubmission;
}

Submission ErrorStateReader::Describe(hw::Engine engine, const EngineState& state) const {
  Submission submission;
  submission.file_offset = state.file_offset;
  submission.engine = engine;
  submission.addressing = AddressingMode::kFlatObjects;
  submission.pdp = state.pdp;
  if (state.context.present) {
    submission.has_context = true;
    submission.lrca = state.context.address;
    submission.context_image = state.context.address + kPageSize;
  }
  submission.batch = {hw::AddressSpace::kPpgtt, state.batch.address, state.batch.size_bytes};
  if (state.ring.present) {
    if (!DescribeRing(state, &submission.ring)) {
      submission.problem = SubmissionProblem::kRingOutOfBounds;
    }
    return submission;
  }
  submission.kind = SubmissionKind::kBatch;
  if (!state.batch.present) submission.problem = SubmissionProblem::kNothingToRun;
  return submission;
}

bool ErrorStateReader::DescribeRing(const EngineState& state, RingPart* ring) const {
  const uint64_t size = std::min(AlignDown(state.ring.size_bytes, kPageSize), kMaxRingBytes);
  ring->start = Gma(AlignDown(state.ring.address.value, kPageSize));
  ring->size_bytes = static_cast<uint32_t>(size);
  const bool registers_match = ring->start.value == AlignDown(uint64_t{state.start}, kPageSize);
  const uint32_t head = state.request_head.value_or(state.head) & kRingHeadMask;
  const uint32_t tail =
      (registers_match ? state.tail : state.request_tail.value_or(state.tail)) & kRingTailMask;
  if (head >= size || tail >= size) return false;
  ring->head = head;
  ring->tail = tail;
  return true;
}

CaptureProgress ErrorStateReader::progress() const {
  return {source_->input_bytes(), source_->input_bytes_total(), source_->offset(),
          memory_.image().live_bytes()};
}

}  // namespace gvt::capture
