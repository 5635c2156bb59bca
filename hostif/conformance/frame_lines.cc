// Machine frames, DMA mappings, and what is put into the guest's address space.
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>

#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {
namespace {

constexpr uint64_t kFrame = 0x30;
constexpr uint64_t kPage = 4096;

// A page of the kit's, to be mapped into guests.
alignas(kPage) std::array<std::byte, kPage> own_page{};

Verdict OwnFrameIsOne(Trial& t) {
  const auto frame = t.calls.MachineFrameOf(own_page.data());
  if (frame != t.calls.MachineFrameOf(own_page.data())) return Failed("it changes");
  return Passed();
}

Verdict FramesDiffer(Trial& t) {
  if (t.table.gfn_to_mfn == nullptr) {
    return Default(!t.calls.MachineFrame(t.handle(), kFrame), "there are no frames");
  }
  const auto one = t.calls.MachineFrame(t.handle(), kFrame);
  const auto other = t.calls.MachineFrame(t.handle(), kFrame + 1);
  if (!one || !other) return Failed("memory has no frame");
  if (*one == *other) return Failed("two pages have one frame");
  return one == t.calls.MachineFrame(t.handle(), kFrame) ? Passed() : Failed("it changes");
}

Verdict NoMemoryNoFrame(Trial& t) {
  for (const uint64_t gfn : {Machine::kPages, uint64_t{1} << 51}) {
    if (t.calls.MachineFrame(t.handle(), gfn)) return Failed("frame " + std::to_string(gfn));
  }
  return Passed();
}

Verdict NoHandleNoFrame(Trial& t) {
  return t.calls.MachineFrame(0, kFrame) ? Failed("there is one") : Passed();
}

// The host maps nothing for DMA: the default's verdict.
std::optional<Verdict> MapsNothing(Trial& t) {
  if (t.table.dma_map_guest_page != nullptr) return std::nullopt;
  uint64_t address = 0;
  const int code = t.calls.MapForDma(t.handle(), kFrame, kPage, &address);
  return Default(code == -EOPNOTSUPP, "every mapping is refused");
}

// 0: refused, which no mapping has as its address here.
uint64_t Map(Trial& t, uint64_t gfn) {
  uint64_t address = 0;
  return t.calls.MapForDma(t.handle(), gfn, kPage, &address) == 0 ? address : 0;
}

Verdict MapsOneToOne(Trial& t) {
  if (const auto verdict = MapsNothing(t)) return *verdict;
  const uint64_t one = Map(t, kFrame);
  const uint64_t other = Map(t, kFrame + 1);
  if (one == 0 || other == 0) return Failed("memory cannot be mapped");
  if (one == other) return Failed("two pages have one address");
  if (one % kPage != 0) return Failed("the address is not that of a page");
  if (Map(t, kFrame) != one) return Failed("the same page has another address");
  for (const uint64_t address : {one, one, other}) t.calls.UnmapForDma(t.handle(), address);
  return Passed();
}

Verdict MapsNest(Trial& t) {
  if (const auto verdict = MapsNothing(t)) return *verdict;
  if (t.table.dma_pin_guest_page == nullptr) return NotTried("no dma_pin_guest_page to tell by");
  const uint64_t address = Map(t, kFrame);
  if (address == 0 || Map(t, kFrame) != address) return Failed("memory cannot be mapped twice");
  t.calls.UnmapForDma(t.handle(), address);
  if (t.calls.PinForDma(t.handle(), address) != 0) return Failed("one unmap ended two maps");
  t.calls.UnmapForDma(t.handle(), address);
  t.calls.UnmapForDma(t.handle(), address);
  return t.calls.PinForDma(t.handle(), address) < 0 ? Passed() : Failed("it is mapped for ever");
}

Verdict MapWantsMemory(Trial& t) {
  if (const auto verdict = MapsNothing(t)) return *verdict;
  uint64_t address = 0;
  for (const uint64_t gfn : {Machine::kPages, uint64_t{1} << 51}) {
    if (t.calls.MapForDma(t.handle(), gfn, kPage, &address) >= 0) {
      return Failed("frame " + std::to_string(gfn));
    }
  }
  return Passed();
}

Verdict MapWantsAPage(Trial& t) {
  if (const auto verdict = MapsNothing(t)) return *verdict;
  uint64_t address = 0;
  for (const uint64_t size : {uint64_t{0}, uint64_t{12345}, ~uint64_t{0}}) {
    if (t.calls.MapForDma(t.handle(), kFrame, size, &address) >= 0) {
      return Failed(std::to_string(size) + " bytes");
    }
  }
  return Passed();
}

Verdict MapWantsAHandle(Trial& t) {
  uint64_t address = 0;
  return t.calls.MapForDma(0, kFrame, kPage, &address) < 0 ? Passed() : Failed("it succeeded");
}

Verdict UnmapIgnoresNonsense(Trial& t) {
  if (const auto verdict = MapsNothing(t)) return *verdict;
  for (const uint64_t address : {uint64_t{0}, uint64_t{0x1234567}, ~uint64_t{0}}) {
    t.calls.UnmapForDma(t.handle(), address);
    t.calls.UnmapForDma(0, address);
  }
  const uint64_t address = Map(t, kFrame);
  if (address == 0) return Failed("nothing can be mapped behind it");
  t.calls.UnmapForDma(t.handle(), address);
  return Passed();
}

Verdict PinWantsAMapping(Trial& t) {
  if (t.calls.PinForDma(t.handle(), 0x7777000) >= 0) return Failed("it succeeded");
  return t.calls.PinForDma(0, 0x7777000) < 0 ? Passed() : Failed("it succeeded without a handle");
}

Verdict PinHolds(Trial& t) {
  if (t.table.dma_pin_guest_page == nullptr) {
    return Default(t.calls.PinForDma(t.handle(), kFrame * kPage) == -EOPNOTSUPP,
                   "every pin is refused");
  }
  const uint64_t address = Map(t, kFrame + 2);
  if (address == 0) return Failed("memory cannot be mapped");
  if (t.calls.PinForDma(t.handle(), address) != 0) return Failed("a mapping cannot be pinned");
  t.calls.UnmapForDma(t.handle(), address);
  if (t.calls.PinForDma(t.handle(), address) != 0) return Failed("an unmap ended the pin");
  t.calls.UnmapForDma(t.handle(), address);
  t.calls.UnmapForDma(t.handle(), address);
  return Passed();
}

Verdict TakesFrames(Trial& t) {
  constexpr uint64_t kFree = uint64_t{0xc0000000} >> 12;
  if (t.table.map_gfn_to_mfn == nullptr) {
    return Default(t.calls.MapMachineFrames(t.handle(), kFree, 1, 1, true) == 0,
                   "every access is trapped");
  }
  const auto frame = t.calls.MachineFrameOf(own_page.data());
  if (!frame) return NotTried("no from_virt_to_mfn that gives a frame");
  if (t.calls.MapMachineFrames(t.handle(), kFree, *frame, 1, true) != 0) return Failed("refused");
  return t.calls.MapMachineFrames(t.handle(), kFree, *frame, 1, false) == 0
             ? Passed()
             : Failed("it cannot be taken away");
}

Verdict FramesWantAHandle(Trial& t) {
  if (t.table.map_gfn_to_mfn == nullptr) {
    return Default(t.calls.MapMachineFrames(0, 0x1000, 0x1000, 1, true) == 0, "nothing is mapped");
  }
  return t.calls.MapMachineFrames(0, 0x1000, 0x1000, 1, true) < 0 ? Passed()
                                                                  : Failed("it succeeded");
}

Verdict TrapsMove(Trial& t) {
  for (const uint64_t base : {uint64_t{0xe0000000}, uint64_t{0xd0000000}}) {
    for (const bool on : {true, false}) {
      const int code = t.calls.SetTrapArea(t.handle(), base, base + 0xffffff, on);
      if (code != 0) return Failed("error " + std::to_string(code));
    }
  }
  return Passed();
}

Verdict TrapsWantAHandle(Trial& t) {
  if (t.table.set_trap_area == nullptr) {
    return Default(t.calls.SetTrapArea(0, 0xe0000000, 0xe0ffffff, true) == 0,
                   "the hypervisor follows the BARs");
  }
  return t.calls.SetTrapArea(0, 0xe0000000, 0xe0ffffff, true) < 0 ? Passed()
                                                                  : Failed("it succeeded");
}

constexpr Line kLines[] = {
    {"from-virt-to-mfn.stable", "from_virt_to_mfn", "an address has one frame, or none", true,
     &OwnFrameIsOne},
    {"gfn-to-mfn.distinct", "gfn_to_mfn", "pages of memory have frames of their own", false,
     &FramesDiffer},
    {"gfn-to-mfn.outside", "gfn_to_mfn", "what is not memory has none", true, &NoMemoryNoFrame},
    {"gfn-to-mfn.no-handle", "gfn_to_mfn", "without a handle there is none", true,
     &NoHandleNoFrame},
    {"dma-map.one-to-one", "dma_map_guest_page", "a page has one address, another page another",
     false, &MapsOneToOne},
    {"dma-map.nests", "dma_map_guest_page", "maps are counted", false, &MapsNest},
    {"dma-map.outside", "dma_map_guest_page", "what is not memory is an error", false,
     &MapWantsMemory},
    {"dma-map.size", "dma_map_guest_page", "a size that no page has is an error", false,
     &MapWantsAPage},
    {"dma-map.no-handle", "dma_map_guest_page", "without a handle it is an error", true,
     &MapWantsAHandle},
    {"dma-unmap.nonsense", "dma_unmap_guest_page", "what is not mapped is ignored", false,
     &UnmapIgnoresNonsense},
    {"dma-pin.unmapped", "dma_pin_guest_page", "what is not mapped is an error", true,
     &PinWantsAMapping},
    {"dma-pin.holds", "dma_pin_guest_page", "a pin outlives the map", false, &PinHolds},
    {"map-gfn.frames", "map_gfn_to_mfn", "frames can be put there and taken away", false,
     &TakesFrames},
    {"map-gfn.no-handle", "map_gfn_to_mfn", "without a handle it is an error", false,
     &FramesWantAHandle},
    {"set-trap-area.moves", "set_trap_area", "areas come and go", true, &TrapsMove},
    {"set-trap-area.no-handle", "set_trap_area", "without a handle it is an error", false,
     &TrapsWantAHandle},
};

}  // namespace

std::span<const Line> FrameLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
