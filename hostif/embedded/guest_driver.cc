// Making things: pages, tables, contexts. What a driver does with a running device is in
// guest_submission.cc.
//
// Pages are handed out upward and never taken back: a guest lives as long as its test.
//
// Source: linux v6.1 gt/intel_lrc.c (images), gt/intel_ggtt.c, gt/gen8_ppgtt.c (entries).
#include "hostif/embedded/guest_driver.h"

#include <algorithm>

#include "base/bits.h"
#include "hw/gtt_entry.h"

namespace gvt::hostif::embedded {
namespace {

constexpr uint64_t kTableFlags = hw::PpgttEntry::kPresent | hw::PpgttEntry::kWritable;
constexpr uint32_t kLoadRegisterImm = 0x11001000;  // MI_LOAD_REGISTER_IMM, posted
constexpr uint32_t kBatchBufferEnd = 0x05000000;
// CTX_CONTROL: no synchronous switch, and nothing to restore at the first load; both masked in.
constexpr uint32_t kFirstControl = 0x00090009;
constexpr uint32_t kRingValid = 1;
// Valid, 64-bit PPGTT, PPGTT privilege.
constexpr uint64_t kDescriptorFlags = 1u | 3u << 3 | 1u << 8;
constexpr unsigned kContextIdLow = 32 + 5;

}  // namespace

Result<Gpa> GuestDriver::AllocatePages(uint64_t count) {
  const uint64_t pages = machine_.memory_bytes() >> kPageShift;
  if (count > pages || next_page_ > pages - count) return Error{ErrorCode::kNoSpace};
  const Gpa start(next_page_ << kPageShift);
  next_page_ += count;
  return start;
}

Result<GgttPage> GuestDriver::AllocateGgtt(uint64_t count) {
  const Result<Gpa> pages = AllocatePages(count);
  if (!pages) return pages.error();
  const GgttPage start{Gma(next_ggtt_page_ << kPageShift), *pages};
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t entry = ((*pages).value + (i << kPageShift)) | hw::GgttEntry::kPresent;
    machine_.WriteGgttEntry(next_ggtt_page_++, entry);
  }
  return start;
}

Result<PageTables> GuestDriver::CreatePageTables() {
  const Result<Gpa> root = AllocatePages(1);
  if (!root) return root.error();
  return PageTables{*root};
}

// The table that the entry at `entry_at` points to, made if there is none.
Result<Gpa> GuestDriver::Table(Gpa entry_at) {
  const uint64_t raw =
      Join64(machine_.Load32(entry_at), machine_.Load32(entry_at + sizeof(uint32_t)));
  const hw::PpgttEntry entry(raw);
  if (entry.present()) return Gpa(entry.address());
  const Result<Gpa> table = AllocatePages(1);
  if (!table) return table.error();
  machine_.Store64(entry_at, (*table).value | kTableFlags);
  return *table;
}

Result<void> GuestDriver::Map(const PageTables& tables, Gma gma, Gpa gpa, bool writable) {
  Gpa table = tables.root;
  for (const auto level : {hw::TableLevel::kPml4, hw::TableLevel::kPdp, hw::TableLevel::kPd}) {
    const Result<Gpa> next = Table(table + hw::TableIndex(level, gma) * hw::kEntryBytes);
    if (!next) return next.error();
    table = *next;
  }
  const uint64_t flags = writable ? kTableFlags : uint64_t{hw::PpgttEntry::kPresent};
  machine_.Store64(table + hw::TableIndex(hw::TableLevel::kPt, gma) * hw::kEntryBytes,
                   gpa.value | flags);
  return {};
}

Result<Gpa> GuestDriver::AllocateAt(const PageTables& tables, Gma gma, uint64_t count) {
  const Result<Gpa> pages = AllocatePages(count);
  if (!pages) return pages.error();
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = i << kPageShift;
    const Result<void> mapped = Map(tables, gma + offset, *pages + offset);
    if (!mapped) return mapped.error();
  }
  return *pages;
}

void GuestDriver::WriteImage(const GuestContext& context, const PageTables& tables) {
  const hw::ContextLayout layout = hw::ContextLayoutOf(hw::GenerationOf(platform_), context.engine);
  const uint32_t base = hw::EngineMmioBase(context.engine);
  std::vector<uint32_t> state(hw::kContextDwords);
  for (const hw::ContextLri& lri : layout.lris) {
    state[lri.header_dword] = kLoadRegisterImm | (2u * lri.count - 1);
  }
  for (const hw::ContextRegister& reg : layout.registers) {
    state[reg.value_dword - size_t{1}] = base + reg.offset;
  }
  state[layout.end_dword] = kBatchBufferEnd;
  state[hw::kContextControl] = kFirstControl;
  state[hw::kContextRingStart] = Low32(context.ring.gma.value);
  state[hw::kContextRingCtl] = (context.ring_bytes - static_cast<uint32_t>(kPageSize)) | kRingValid;
  state[hw::kContextPdp0Udw] = High32(tables.root.value);
  state[hw::kContextPdp0Ldw] = Low32(tables.root.value);
  machine_.Store(context.image.gpa + kPageSize, state);
}

Result<GuestContext> GuestDriver::CreateContext(hw::Engine engine, const PageTables& tables) {
  GuestContext context;
  context.engine = engine;
  context.ring_bytes = kRingBytes;
  const Result<GgttPage> ring = AllocateGgtt(kRingBytes >> kPageShift);
  if (!ring) return ring.error();
  context.ring = *ring;
  const Result<GgttPage> image =
      AllocateGgtt(hw::ContextPages(hw::GenerationOf(platform_), engine));
  if (!image) return image.error();
  context.image = *image;
  context.descriptor =
      uint64_t{next_context_++} << kContextIdLow | context.image.gma.value | kDescriptorFlags;
  WriteImage(context, tables);
  return context;
}

void GuestDriver::Append(GuestContext& context, std::span<const uint32_t> commands) {
  const size_t padded = commands.size() + commands.size() % 2;  // RING_TAIL counts qwords
  for (size_t i = 0; i < padded; ++i) {
    machine_.Store32(context.ring.gpa + context.tail, i < commands.size() ? commands[i] : 0);
    context.tail = (context.tail + 4) % context.ring_bytes;
  }
  machine_.Store32(context.image.gpa + kPageSize + hw::kContextRingTail * 4, context.tail);
}

}  // namespace gvt::hostif::embedded
