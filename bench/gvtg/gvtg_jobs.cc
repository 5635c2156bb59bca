// GVT-g's work on real batches, made comparable.
//
// 1. GVT-g follows a batch to its end; the benchmarks here know pieces, from where control enters
// to the next start or end. A piece that ends with a start is given an end in its place, so that
// every scanner steps over the same commands.
// 2. Stock GVT-g refuses real batches for their registers. To have something to measure, the
// registers that the capture loads are made accessible. That makes GVT-g do more, not less, for a
// refused batch ends early; what is still refused is left out for every scanner.
// 3. Each batch is one workload: a ring of 16 bytes a batch, which starts it.
#include "bench/gvtg/gvtg_jobs.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "base/check.h"
#include "hw/command_table.h"
#include "hw/context_image.h"
#include "scanner/policy.h"

namespace gvt::bench {
namespace {

constexpr uint32_t kBatchEnd = 0x0a << 23;                 // MI_BATCH_BUFFER_END
constexpr uint32_t kBatchStart = 0x31 << 23 | 1 << 8 | 1;  // MI_BATCH_BUFFER_START, PPGTT
constexpr uint32_t kStartDwords = 4;                       // with an MI_NOOP behind it
constexpr Gma kRing(0x100000);

// The register state of a fresh context, as far as its layout is known.
std::vector<uint32_t> DefaultContext(hw::Platform platform, hw::Engine engine) {
  std::vector<uint32_t> image(hw::kContextDwords);
  const hw::ContextLayout layout = hw::ContextLayoutOf(hw::GenerationOf(platform), engine);
  for (const hw::ContextLri& lri : layout.lris) {
    image[lri.header_dword] = 0x22 << 23 | (2u * lri.count - 1);  // MI_LOAD_REGISTER_IMM
    for (const hw::ContextRegister& reg : layout.registers.subspan(lri.first, lri.count)) {
      image[reg.value_dword - 1u] = hw::EngineMmioBase(engine) + reg.offset;
    }
  }
  return image;
}

unsigned EngineNumber(const Piece& piece) {
  return static_cast<unsigned>(piece.segment.engine);
}

bool Accepts(gvtg_machine* machine, const Piece& piece) {
  const auto& dwords = piece.segment.dwords;
  std::vector<uint32_t> copy(dwords.begin(), dwords.end());
  copy.resize(copy.size() + GVTG_MARGIN);
  return gvtg_scan(machine, EngineNumber(piece), piece.segment.start.value, copy.data()) == 0;
}

// Position and row of the last command of a piece; notes the registers of MI_LOAD_REGISTER_IMM.
uint32_t LastCommand(const Piece& piece, hw::Generation generation, std::set<uint32_t>* registers) {
  const auto& dwords = piece.segment.dwords;
  uint32_t last = 0;
  for (uint32_t position = 0; position < dwords.size();) {
    const hw::CommandRow* row = hw::FindCommand(generation, piece.segment.engine, dwords[position]);
    GVT_CHECK(row != nullptr, "the corpus was collected from accepted segments");
    const uint32_t length = row->length.Of(dwords[position]);
    if (row->effect == hw::Effect::kLoadRegisterImm) {
      for (uint32_t i = 1; i + 1 < length; i += 2) registers->insert(dwords[position + i]);
    }
    last = position;
    position += length;
  }
  return last;
}

// The pieces as batches of their own, in one buffer.
Corpus WholeBatches(const Corpus& corpus, std::set<uint32_t>* registers) {
  Corpus whole;
  whole.name = corpus.name;
  whole.platform = corpus.platform;
  whole.dwords.reserve(corpus.dwords.size());
  for (const Piece& piece : corpus.pieces) {
    if (!piece.segment.complete) continue;  // it has no end
    const uint32_t last = LastCommand(piece, hw::GenerationOf(corpus.platform), registers);
    const size_t from = whole.dwords.size();
    const auto copied = piece.copied.dwords;
    whole.dwords.insert(whole.dwords.end(), copied.begin(), copied.end());
    whole.dwords[from + last] = kBatchEnd;
    Piece batch = piece;
    batch.copied.dwords = std::span<const uint32_t>(whole.dwords).subspan(from);
    batch.segment.dwords = batch.copied.dwords.first(last + 1);
    whole.pieces.push_back(batch);
  }
  return whole;
}

// Enough pages for the pieces, each with its own offset in its first page, and for the ring.
size_t PagesFor(const Corpus& corpus) {
  const uint64_t ring_bytes = corpus.pieces.size() * kStartDwords * sizeof(uint32_t);
  return (corpus.bytes() + ring_bytes) / kPageSize + 2 * corpus.pieces.size() + 2;
}

}  // namespace

Machine MakeMachine(hw::Platform platform, gvtg_setup setup) {
  const scanner::Policy policy;
  setup.platform = static_cast<unsigned>(platform);
  if (setup.aperture_end == 0) {
    setup.aperture_begin = policy.aperture.begin;
    setup.aperture_end = policy.aperture.end;
    setup.hidden_begin = policy.hidden.begin;
    setup.hidden_end = policy.hidden.end;
  }
  Machine machine(gvtg_create(&setup));
  GVT_CHECK(machine != nullptr, "GVT-g's own tables and a guest's sound page tables are accepted");
  for (unsigned engine = 0; engine < hw::kEngineCount; ++engine) {
    std::vector<uint32_t> image = DefaultContext(platform, static_cast<hw::Engine>(engine));
    const bool learned = gvtg_learn_context(machine.get(), engine, image.data(),
                                            static_cast<uint32_t>(image.size() * sizeof(uint32_t)));
    GVT_CHECK(learned, "the image is made of MI_LOAD_REGISTER_IMM and MI_NOOP");
  }
  return machine;
}

Corpus ForGvtg(const Corpus& corpus, Acceptance* acceptance) {
  std::set<uint32_t> registers;
  Corpus whole = WholeBatches(corpus, &registers);
  const Machine machine = MakeMachine(corpus.platform, {});
  const auto accepts = [&](const Piece& piece) { return Accepts(machine.get(), piece); };
  acceptance->batches = corpus.pieces.size();
  acceptance->stock =
      static_cast<size_t>(std::count_if(whole.pieces.begin(), whole.pieces.end(), accepts));
  for (const uint32_t offset : registers) gvtg_allow_register(machine.get(), offset);
  std::erase_if(whole.pieces, [&](const Piece& piece) { return !accepts(piece); });
  acceptance->opened = whole.pieces.size();
  for (const Piece& piece : whole.pieces) whole.commands += piece.commands;
  return whole;
}

GvtgJobs::GvtgJobs(const Corpus& corpus) : corpus_(corpus), memory_(PagesFor(corpus)) {
  std::set<uint32_t> registers;
  std::vector<uint32_t> ring;
  for (const Piece& piece : corpus.pieces) {
    const auto& dwords = piece.segment.dwords;
    LastCommand(piece, hw::GenerationOf(corpus.platform), &registers);
    copies_.insert(copies_.end(), dwords.begin(), dwords.end());
    const Gma at = memory_.Place(dwords, piece.segment.start.page_offset());
    ring.insert(ring.end(), {kBatchStart, Low32(at.value), High32(at.value), 0});
  }
  copies_.resize(copies_.size() + GVTG_MARGIN);
  const Gma ring_at = memory_.Place(ring, 0);

  gvtg_setup setup{};
  setup.memory = memory_.bytes().data();
  setup.memory_bytes = memory_.bytes().size();
  setup.root = memory_.root();
  machine_ = MakeMachine(corpus.platform, setup);
  for (uint64_t offset = 0; offset < ring.size() * sizeof(uint32_t); offset += kPageSize) {
    gvtg_map_ggtt(machine_.get(), kRing.value + offset, memory_.Physical(ring_at + offset));
  }
  for (const uint32_t offset : registers) gvtg_allow_register(machine_.get(), offset);
  GVT_CHECK(Scan() == 0 && ScanAndShadow() == 0, "ForGvtg() kept what GVT-g accepts");
}

uint64_t GvtgJobs::Scan() {
  uint64_t refused = 0;
  uint32_t* dwords = copies_.data();
  for (const Piece& piece : corpus_.pieces) {
    const int error =
        gvtg_scan(machine_.get(), EngineNumber(piece), piece.segment.start.value, dwords);
    refused += error != 0 ? 1 : 0;
    dwords += piece.segment.dwords.size();
  }
  return refused;
}

uint64_t GvtgJobs::ScanAndShadow() {
  constexpr uint32_t kStartBytes = kStartDwords * sizeof(uint32_t);
  uint64_t refused = 0;
  uint32_t head = 0;
  for (const Piece& piece : corpus_.pieces) {
    const int error = gvtg_scan_and_shadow(machine_.get(), EngineNumber(piece), kRing.value, head,
                                           head + kStartBytes);
    refused += error != 0 ? 1 : 0;
    head += kStartBytes;
  }
  return refused;
}

}  // namespace gvt::bench
