// The Mesa-style AUB file.
//
// 1. Physical pages are handed out upward from page 1; the first is the PML4 of the only PPGTT.
// GGTT pages likewise, each with a
//    physical page of its own.
// 2. image_ equals what a reader of the file would have in the PPGTT's tables and pages; so
// "changed" is one comparison.
// 3. Tables are written before the entries that point to them mean anything to a submission: top
// level first, leaf entries in
//    runs inside one table, all before the pages.
// 4. Every submission rewrites the start of its ring, with head 0, so a reader needs no memory of
// earlier ones.
//
// Source: Mesa 22.3 src/intel/tools/aub_write.c for order and values; its quirks (ring size from
// the ring's address, the video image naming VCS2's registers) are not repeated.
#include "capture/aub_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bits.h"
#include "hw/context_image.h"
#include "hw/gtt_entry.h"

namespace gvt::capture {
namespace {

// Register offsets from the engine's base. Source: linux v6.1 gt/intel_engine_regs.h.
constexpr uint32_t kHwsPga = 0x80;
constexpr uint32_t kElspOffset = 0x230;
constexpr uint32_t kExeclistStatus = 0x234;
constexpr uint32_t kGfxMode = 0x29c;
constexpr uint32_t kEnableExeclists = 0x80008000;  // masked: bit 15
constexpr uint32_t kExeclistStatusMask = 0x10;

// Descriptor: valid, 64-bit PPGTT, coherent, PPGTT privilege, bit 9 as i915 of Gen8 sets it.
constexpr uint64_t kDescriptorFlags = 0x339;
// CTX_CONTROL: inhibit synchronous switch and restore, both masked in.
constexpr uint32_t kContextControlValue = 0x00090009;
constexpr uint32_t kRingCtlOnePage = 1;

constexpr uint32_t kMiNoop = 0;
constexpr uint32_t kMiBatchBufferEnd = 0x05000000;
constexpr uint32_t kMiBatchBufferStartPpgtt = 0x18800101;
constexpr uint32_t kMiLoadRegisterImm = 0x11001000;  // bit 12: force posted

constexpr uint64_t kTableFlags = hw::PpgttEntry::kPresent | hw::PpgttEntry::kWritable;

Error NoSpace() {
  return Error{ErrorCode::kNoSpace, 0, 0};
}
Error Invalid() {
  return Error{ErrorCode::kInvalidArgument, 0, 0};
}

template <typename T>
std::span<const std::byte> BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

AubWriter::AubWriter(ByteSink* sink, const AubWriterOptions& options)
    : packets_(sink), platform_(options.platform), image_(options.live_bytes_limit), root_(0) {
  root_ = NewPhysicalPage();
  packets_.Version(options.platform, options.pci_id, options.program);
  // Readers know the first entry as present and unused.
  packets_.MemoryWrite(AubSpace::kGgttEntry, 0, BytesOf(hw::GgttEntry::kPresent));
}

Gma AubWriter::MapGgtt(uint64_t pages) {
  const Gma start(next_ggtt_page_ << kPageShift);
  for (uint64_t i = 0; i < pages; ++i) {
    const uint64_t entry = NewPhysicalPage() | kTableFlags;
    packets_.MemoryWrite(AubSpace::kGgttEntry, next_ggtt_page_++ * hw::kEntryBytes, BytesOf(entry));
  }
  return start;
}

void AubWriter::WriteGgtt(Gma address, std::span<const uint32_t> dwords) {
  packets_.MemoryWrite(AubSpace::kGgtt, address.value, std::as_bytes(dwords));
}

void AubWriter::StartEngine(hw::Engine engine) {
  if (std::exchange(engine_started_[static_cast<size_t>(engine)], true)) return;
  const uint32_t base = hw::EngineMmioBase(engine);
  packets_.RegisterWrite(base + kGfxMode, kEnableExeclists);
  packets_.RegisterWrite(base + kHwsPga, Low32(MapGgtt(1).value));
}

Result<size_t> AubWriter::CreateContext(hw::Engine engine) {
  if (contexts_.size() >= kMaxContexts) return NoSpace();
  StartEngine(engine);
  Context context;
  context.engine = engine;
  context.ring = MapGgtt(kRingBytes / kPageSize);
  context.lrca = MapGgtt(hw::ContextPages(hw::GenerationOf(platform_), engine));
  const uint64_t id = contexts_.size() * 8 + static_cast<uint64_t>(engine) + 1;
  context.descriptor = id << 32 | context.lrca.value | kDescriptorFlags;
  WriteContextImage(context);
  contexts_.push_back(context);
  return contexts_.size() - 1;
}

void AubWriter::WriteContextImage(const Context& context) {
  const hw::ContextLayout layout = hw::ContextLayoutOf(hw::GenerationOf(platform_), context.engine);
  const uint32_t base = hw::EngineMmioBase(context.engine);
  std::vector<uint32_t> state(hw::kContextDwords);
  for (const hw::ContextLri& lri : layout.lris) {
    state[lri.header_dword] = kMiLoadRegisterImm | (2u * lri.count - 1);
  }
  for (const hw::ContextRegister& reg : layout.registers) {
    state[reg.value_dword - 1u] = base + reg.offset;
  }
  state[layout.end_dword] = kMiBatchBufferEnd;
  state[hw::kContextControl] = kContextControlValue;
  state[hw::kContextRingStart] = Low32(context.ring.value);
  state[hw::kContextRingCtl] = kRingCtlOnePage;
  state[hw::kContextPdp0Udw] = High32(root_);
  state[hw::kContextPdp0Ldw] = Low32(root_);
  WriteGgtt(context.lrca + kPageSize, state);
}

bool AubWriter::StoreEntry(uint64_t address, uint64_t entry) {
  return image_.Write(address, BytesOf(entry));
}

uint64_t AubWriter::EnsureTable(uint64_t entry_address) {
  const hw::PpgttEntry entry(image_.Load64(entry_address));
  if (entry.present()) return entry.address();
  const uint64_t table = NewPhysicalPage();
  const uint64_t fresh = table | kTableFlags;
  if (!StoreEntry(entry_address, fresh)) return 0;
  packets_.MemoryWrite(AubSpace::kPhysical, entry_address, BytesOf(fresh));
  return table;
}

uint64_t AubWriter::LeafEntry(Gma page) {
  uint64_t table = root_;
  for (const auto level : {hw::TableLevel::kPml4, hw::TableLevel::kPdp, hw::TableLevel::kPd}) {
    table = EnsureTable(table + hw::TableIndex(level, page) * hw::kEntryBytes);
    if (table == 0) return 0;
  }
  return table + hw::TableIndex(hw::TableLevel::kPt, page) * hw::kEntryBytes;
}

Result<uint64_t> AubWriter::EnsureMapped(Gma page) {
  const uint64_t address = LeafEntry(page);
  if (address == 0) return NoSpace();
  const hw::PpgttEntry entry(image_.Load64(address));
  if (entry.present()) return entry.address();
  const uint64_t physical = NewPhysicalPage();
  if (!StoreEntry(address, physical | kTableFlags)) return NoSpace();
  const bool continues = !run_.empty() && address == run_address_ + run_.size() * hw::kEntryBytes &&
                         (address & kPageOffsetMask) != 0;
  if (!continues) {
    FlushEntries();
    run_address_ = address;
  }
  run_.push_back(physical | kTableFlags);
  return physical;
}

void AubWriter::FlushEntries() {
  packets_.MemoryWrite(AubSpace::kPhysical, run_address_, std::as_bytes(std::span(run_)));
  run_.clear();
}

Result<void> AubWriter::Map(Gma start, uint64_t size_bytes) {
  constexpr uint64_t kEnd = uint64_t{1} << kGmaBits;
  const Gma first = MaskGma(start.value);
  if (size_bytes > kEnd - first.value) return Invalid();
  Result<void> result;
  for (uint64_t page = first.page(); page << kPageShift < first.value + size_bytes; ++page) {
    const Result<uint64_t> mapped = EnsureMapped(Gma(page << kPageShift));
    if (!mapped) {
      result = mapped.error();
      break;
    }
  }
  FlushEntries();
  return result;
}

Result<void> AubWriter::Write(Gma start, std::span<const std::byte> bytes) {
  if (const Result<void> mapped = Map(start, bytes.size()); !mapped) return mapped;
  Gma at = MaskGma(start.value);
  while (!bytes.empty()) {
    const auto piece =
        bytes.first(std::min(bytes.size(), static_cast<size_t>(kPageSize - at.page_offset())));
    const Result<uint64_t> page = EnsureMapped(Gma(at.page() << kPageShift));
    if (!page) return page.error();
    const uint64_t physical = *page + at.page_offset();
    std::array<std::byte, kPageSize> known{};
    const auto old = std::span(known).first(piece.size());
    image_.Read(physical, old);
    if (!std::equal(piece.begin(), piece.end(), old.begin())) {
      if (!image_.Write(physical, piece)) return NoSpace();
      packets_.MemoryWrite(AubSpace::kPhysical, physical, piece);
    }
    at = at + piece.size();
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

Result<void> AubWriter::SubmitBatch(size_t context, Gma batch) {
  const uint64_t address = MaskGma(batch.value).value;
  return SubmitRing(context, std::array<uint32_t, 4>{kMiBatchBufferStartPpgtt, Low32(address),
                                                     High32(address), kMiNoop});
}

Result<void> AubWriter::SubmitRing(size_t context, std::span<const uint32_t> dwords) {
  if (context >= contexts_.size() || dwords.empty() || dwords.size() > kRingBytes / 4 - 2) {
    return Invalid();
  }
  const Context& c = contexts_[context];
  std::vector<uint32_t> ring(dwords.begin(), dwords.end());
  if (ring.size() % 2 != 0) ring.push_back(kMiNoop);  // RING_TAIL counts 8 bytes
  WriteGgtt(c.ring, ring);
  const Gma state = c.lrca + kPageSize;
  const uint32_t head = 0;
  const auto tail = static_cast<uint32_t>(ring.size() * sizeof ring[0]);
  WriteGgtt(state + hw::kContextRingHead * 4, std::span(&head, 1));
  WriteGgtt(state + hw::kContextRingTail * 4, std::span(&tail, 1));
  const uint32_t base = hw::EngineMmioBase(c.engine);
  for (const uint32_t value : {0u, 0u, High32(c.descriptor), Low32(c.descriptor)}) {
    packets_.RegisterWrite(base + kElspOffset, value);
  }
  packets_.RegisterPoll(base + kExeclistStatus, kExeclistStatusMask, 0);
  if (!ok()) return Error{ErrorCode::kIo, 0, 0};
  return {};
}

}  // namespace gvt::capture
