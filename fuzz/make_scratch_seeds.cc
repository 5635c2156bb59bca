// Seeds written by hand: the packet kinds and the ways of control that captures do not show.
//
// Source: Mesa 22.3 src/intel/tools/intel_aub.h (packets); PRM SKL vol 2a MI_BATCH_BUFFER_START.
#include <array>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bits.h"
#include "capture/aub_packet_writer.h"
#include "capture/byte_sink.h"
#include "fuzz/seed_writer.h"
#include "fuzz/walk_input.h"
#include "hw/context_image.h"

namespace gvt::fuzz {
namespace {

using capture::AubSpace;

constexpr uint32_t kElsp = 0x230;  // EXECLIST_SUBMITPORT, from the engine's base
constexpr uint32_t kBatchStart = 0x31u << 23 | 1;
constexpr uint32_t kPpgtt = 1u << 8;
constexpr uint32_t kPredicated = 1u << 15;
constexpr uint32_t kSecondLevel = 1u << 22;
constexpr uint32_t kBatchEnd = 0x0au << 23;
constexpr uint32_t kStoreDword = 0x20u << 23 | 2;
constexpr uint32_t kStoreQword = 0x20u << 23 | 1u << 21 | 3;

// An AUB file packet by packet.
class AubFile {
 public:
  AubFile() : packets_(&sink_) {}

  capture::AubPacketWriter& packets() { return packets_; }
  // Not inlined: GCC 12 then believes that the sink's vector has only the room of its first packet.
  [[gnu::noinline]] AubFile& Dwords(const std::vector<uint32_t>& dwords) {
    (void)sink_.Write(std::as_bytes(std::span(dwords)));
    return *this;
  }
  // A GGTT page that is the physical page of the same number, with content from `offset` on.
  void Page(uint64_t page, uint32_t offset, const std::vector<uint32_t>& dwords) {
    const uint64_t entry = page << 12 | 1;
    packets_.MemoryWrite(AubSpace::kGgttEntry, page * 8, std::as_bytes(std::span(&entry, 1)));
    packets_.MemoryWrite(AubSpace::kGgtt, (page << 12) + offset, std::as_bytes(std::span(dwords)));
  }
  void Submit(hw::Engine engine, uint64_t element1, uint64_t element0) {
    const uint32_t port = hw::EngineMmioBase(engine) + kElsp;
    packets_.RegisterWrite(port, High32(element1));
    packets_.RegisterWrite(port, Low32(element1));
    packets_.RegisterWrite(port, High32(element0));
    packets_.RegisterWrite(port, Low32(element0));
  }
  void Save(const std::string& name, SeedWriter* out) const {
    const auto& bytes = sink_.bytes();
    out->Write("aub", name, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }

 private:
  capture::VectorSink sink_;
  capture::AubPacketWriter packets_;
};

std::vector<uint32_t> TextDwords(std::string_view text) {
  std::vector<uint32_t> dwords((text.size() + 4) / 4);
  std::memcpy(dwords.data(), text.data(), text.size());
  return dwords;
}

// The register state of a context whose ring is page `ring`, run from head to tail.
std::vector<uint32_t> RegisterState(uint32_t ring, uint32_t head, uint32_t tail) {
  std::vector<uint32_t> state(hw::kContextPdp0Ldw + 1);
  state[1] = 0x1100101b;
  state[hw::kContextRingHead] = head;
  state[hw::kContextRingTail] = tail;
  state[hw::kContextRingStart] = ring << 12;
  state[hw::kContextPdp0Ldw] = 0x9000;
  return state;
}

void MakeLegacy(SeedWriter* out) {
  const std::string_view comment = "PCI-ID=0x1616 legacy";
  const auto text = TextDwords(comment);
  AubFile file;
  std::vector<uint32_t> header(13);
  header[0] = 0xe0850000 | static_cast<uint32_t>(header.size() + text.size() - 2);
  header[1] = 4u << 24;
  header[12] = static_cast<uint32_t>(text.size() * 4);
  file.Dwords(header).Dwords(text);
  // operation | type << 8 | space << 16: data, then commands for each ring.
  file.Dwords({0xe0c10004, 1, 0, 0x5000, 8, 0, kBatchEnd, 0});
  for (const uint32_t ring : {2u, 3u, 4u, 5u}) {
    file.Dwords({0xe0c10004, 2 | ring << 8, 0, 0x6010, 16, 0});
    file.Dwords({kBatchStart, 0x5000, 0, 0});
  }
  file.Save("legacy-rings", out);
}

void MakeElementPair(unsigned mode, const std::string& name, SeedWriter* out) {
  AubFile file;
  file.packets().Version(hw::Platform::kKbl, 0x5912, "two contexts");
  file.Page(1, 0, {0x02000000, kBatchStart | kPpgtt, 0x1000, 0, 0x02000000, 0, 0, 0});
  file.Page(3, 0, RegisterState(1, 0, 0x20));
  file.Page(5, 0, RegisterState(1, 0xff0, 0x10));
  const uint64_t flags = uint64_t{mode} << 3 | 0x101;
  file.packets().RegisterPoll(0x2234, 0x10, 0);
  file.Submit(hw::Engine::kRcs, uint64_t{7} << 32 | 0x4000 | flags, 0x2000 | flags);
  file.Submit(hw::Engine::kVecs, 0, 0x6000 | flags);  // nothing mapped there
  file.Submit(hw::Engine::kBcs, 0, 0x4000 | flags);
  file.Save(name, out);
}

void MakeOtherPackets(SeedWriter* out) {
  const auto text = TextDwords("NEO");
  AubFile file;
  // No PCI id: the simulator's device says what it is.
  file.Dwords({0xf70e0005, 0, 12u << 8 | 1u << 18, 0, 0}).Dwords(text);
  file.Dwords({0xf7080002, 0}).Dwords(TextDwords("abc"));
  file.Dwords({0xf7090001, 50});  // delay: stepped over
  file.Dwords({0xf7060005, 0x7000, 0, 8u << 28, 4, 0x8003});
  std::vector<uint32_t> pieces(191);
  pieces[0] = 0xf70b0000 | static_cast<uint32_t>(pieces.size() + 3 - 1);
  pieces[1] = 2u << 28 | 2u << 4;
  pieces[2] = 0x3000;
  pieces[4] = 8;
  pieces[5] = 0x5ffe;
  pieces[7] = 3;
  file.Dwords(pieces).Dwords({1, 2, 3});
  file.Dwords({0xf7030005, 0x2080, 2u << 16, ~0u, 0, 0x1000});
  file.Dwords({0xf7060006, 0x1000, 0, 0, 8, 1, 2});  // to a GGTT address that nothing maps
  file.Save("other-packets", out);
}

WalkPage Page(hw::AddressSpace space, uint64_t number, std::vector<uint32_t> dwords) {
  return {space, number, std::move(dwords)};
}

WalkInput RingOf(std::vector<uint32_t> ring) {
  WalkInput input;
  input.workload.ring =
      scanner::RingPart{Gma(0x11000), 0x1000, 0, static_cast<uint32_t>(ring.size() * 4)};
  input.pages.push_back(Page(hw::AddressSpace::kGgtt, 0x11, std::move(ring)));
  return input;
}

void Save(const std::string& name, const WalkInput& input, SeedWriter* out) {
  out->Write("walk", name, SerializeWalkInput(input));
}

void MakeControlSeeds(SeedWriter* out) {
  constexpr auto kPp = hw::AddressSpace::kPpgtt;
  constexpr auto kGg = hw::AddressSpace::kGgtt;
  const std::vector<uint32_t> start = {kBatchStart | kPpgtt, 0x20000, 0, 0};

  WalkInput spinner = RingOf(start);
  spinner.pages.push_back(Page(kPp, 0x20, {0, kBatchStart | kPpgtt, 0x20000, 0}));
  Save("spinner", spinner, out);

  WalkInput call = RingOf(start);
  call.pages.push_back(
      Page(kPp, 0x20, {kBatchStart | kPpgtt | kSecondLevel, 0x21000, 0, kBatchEnd}));
  call.pages.push_back(Page(kPp, 0x21, {0, 0, kBatchEnd}));
  Save("call", call, out);

  WalkInput predicated = RingOf(start);
  predicated.pages.push_back(
      Page(kPp, 0x20, {kBatchStart | kPpgtt | kPredicated, 0x21000, 0, 0x02000000, kBatchEnd}));
  predicated.pages.push_back(Page(kPp, 0x21, {kBatchEnd}));
  Save("predicated", predicated, out);

  // The return address is stored into the callee's own batch start.
  WalkInput stored = RingOf(start);
  stored.pages.push_back(
      Page(kPp, 0x20,
           {kStoreQword, 0x21004, 0, 0x20020, 0, kBatchStart | kPpgtt, 0x21000, 0, kBatchEnd}));
  stored.pages.push_back(Page(kPp, 0x21, {kBatchStart | kPpgtt, 0, 0, 0}));
  Save("stored-return", stored, out);

  // A store into the rest of the same segment.
  WalkInput own = RingOf(start);
  own.pages.push_back(Page(kPp, 0x20, {kStoreDword, 0x20018, 0, kBatchEnd, 0, 0, 0x7fffffff}));
  Save("own-rest", own, out);

  // The batch changes between two entries.
  WalkInput changing = spinner;
  changing.changing = true;
  changing.pages.push_back(Page(kPp, 0x20, {0, 0, kBatchEnd}));
  Save("changing", changing, out);

  WalkInput wrapped = RingOf({kBatchStart, 0x12000, 0, 0});
  wrapped.workload.ring->head = 0xff8;
  wrapped.pages.push_back(Page(kGg, 0x12, {0x13000000, 0, 0, 0, kBatchEnd}));
  Save("wrapped-ggtt", wrapped, out);
}

void MakeContextSeeds(SeedWriter* out) {
  WalkInput input = RingOf({0, 0});
  input.workload.context_image = scanner::BufferPart{Gma(0x12000), 0x2000};
  input.workload.indirect_context = scanner::BufferPart{Gma(0x14000), 0x40};
  input.workload.per_context_batch = Gma(0x15000);
  std::vector<uint32_t> state = RegisterState(0x11, 0, 8);
  state.push_back(kBatchEnd);
  input.pages.push_back(Page(hw::AddressSpace::kGgtt, 0x12, std::move(state)));
  input.pages.push_back(
      Page(hw::AddressSpace::kGgtt, 0x14, {0x12400002, 0xb118, 0x16000, 0, 0x11000001, 0x2358, 1}));
  input.pages.push_back(
      Page(hw::AddressSpace::kGgtt, 0x15, {0x11000001, 0x7000, 0x10001, kBatchEnd}));
  Save("context", input, out);
  input.workload.ring.reset();
  input.workload.batch = scanner::BatchPart{hw::AddressSpace::kGgtt, Gma(0x15000)};
  input.workload.indirect_context->size_bytes = 0x3000;  // more than is mapped
  Save("context-unmapped", input, out);
  input.narrow_windows = true;
  input.workload.context_image->start = Gma(0x1f000);  // leaves the window
  Save("context-outside", input, out);
}

}  // namespace

void MakePacketSeeds(SeedWriter* out) {
  MakeLegacy(out);
  MakeElementPair(3, "two-elements", out);
  MakeElementPair(1, "three-levels", out);
  MakeElementPair(0, "bad-mode", out);
  MakeOtherPackets(out);
}

void MakeWorkloadSeeds(SeedWriter* out) {
  MakeControlSeeds(out);
  MakeContextSeeds(out);
}

}  // namespace gvt::fuzz
