// Fuzz target: the software streamer against the slow model.
//
// Input: a byte that picks the engine and whether the context is taken away between any two
// commands, four bytes of seed for a random program, then patches of it (Patch below): dwords of
// its ring, batches and data. Property: what the model leaves is what the streamer leaves:
// interrupts, registers, memory.
//
// Programs that are long or draw much are not compared, nor are blits: what is left of one that
// faults half-way, or that writes over its own source across rows, is nobody's promise.
// tests/model/ compares them.
#include <array>
#include <atomic>
#include <cstdio>
#include <string>

#include "fuzz/fuzz_target.h"
#include "fuzz/input_reader.h"
#include "tests/model/comparison.h"
#include "tests/model/program_generator.h"

namespace gvt::fuzz {
namespace {

using gpu::RunEnd;
using model::ModelEnd;
using soft_test::BenchGuest;

constexpr uint64_t kMaxCommands = 100;
constexpr uint32_t kBatchDwords = 128;
constexpr uint64_t kMaxBlitBytes = uint64_t{1} << 16;
// Blits are left to go on, and entries to segments end slices too.
constexpr uint64_t kMaxSlices = 6 * kMaxCommands;
constexpr size_t kMaxPatches = 64;

// Where the dwords of a patch go.
enum class Place : uint8_t {
  kRing,   // from the head on
  kBatch,  // any of the generator's
  kData,
  kGgttData,
  kRingTail,  // of the image
  kLast = kRingTail,
};

// One patch of the input, as it lies there.
struct Patch {
  uint8_t place;   // Place; the rest of the division picks a batch
  uint16_t index;  // in dwords, taken modulo the size of the place
  uint32_t value;
};

void Apply(const Patch& patch, BenchGuest& guest) {
  constexpr uint8_t kPlaces = static_cast<uint8_t>(Place::kLast) + 1;
  const std::array value{patch.value};
  const auto put = [&](hw::AddressSpace space, uint64_t base, uint32_t dwords) {
    guest.memory.Put(space, base + uint64_t{patch.index % dwords} * 4, value);
  };
  switch (static_cast<Place>(patch.place % kPlaces)) {
    case Place::kRing: {
      const uint32_t head = guest.State(0, hw::kContextRingHead);
      const uint32_t at = (head + uint32_t{patch.index} % 128 * 4) % soft_test::kRingBytes;
      guest.memory.Put(soft_test::kGgtt, BenchGuest::RingOf(0) + at, value);
      return;
    }
    case Place::kBatch: {
      const uint32_t batch = patch.place / kPlaces % model::ProgramGenerator::kBatches;
      return put(model::ProgramGenerator::SpaceOf(batch), model::ProgramGenerator::AddressOf(batch),
                 128);
    }
    case Place::kData: return put(soft_test::kPpgtt, soft_test::kData, 64);
    case Place::kGgttData: return put(soft_test::kGgtt, soft_test::kData, 64);
    case Place::kRingTail:
      return guest.SetState(0, hw::kContextRingTail,
                            uint32_t{patch.index} * 8 % soft_test::kRingBytes);
  }
}

// A batch whose end was patched away ends there, and not where memory does.
void EndBatches(BenchGuest& guest) {
  for (uint32_t batch = 0; batch < model::ProgramGenerator::kBatches; ++batch) {
    const uint64_t end = model::ProgramGenerator::AddressOf(batch) + uint64_t{kBatchDwords} * 4;
    guest.memory.Put(model::ProgramGenerator::SpaceOf(batch), end, soft_test::BatchEnd());
  }
}

RunEnd RunStreamer(BenchGuest& guest, bool taken_away) {
  const std::atomic<bool> yield = true;
  gpu::SoftStreamer& streamer = *guest.streamer;
  Require(streamer.Load(BenchGuest::DescriptorOf(0)), "a mapped context can be loaded");
  RunEnd end = RunEnd::kSlice;
  uint64_t slices = 0;
  for (; slices < kMaxSlices && end == RunEnd::kSlice; ++slices) {
    end = streamer.Run({.yield = &yield});
    if (!taken_away || end != RunEnd::kSlice) continue;
    streamer.Save();
    Require(streamer.Load(BenchGuest::DescriptorOf(0)), "a saved context can be loaded");
  }
  return end;
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt;
  using namespace gvt::fuzz;
  InputReader input(data, size);
  const auto pick = input.Take<uint8_t>();
  constexpr std::array kEngines{hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                hw::Engine::kVecs};
  BenchGuest guest(kEngines[pick % kEngines.size()]);
  guest.clock.now_ns = 123'456'789;
  model::ProgramGenerator(input.Take<uint32_t>(), guest).Fill();
  for (size_t i = 0; i < kMaxPatches && !input.empty(); ++i) {
    Patch patch{};
    patch.place = input.Take<uint8_t>();
    patch.index = input.Take<uint16_t>();
    patch.value = input.Take<uint32_t>();
    Apply(patch, guest);
  }
  EndBatches(guest);

  model::Comparison comparison(guest);
  comparison.model().blitter.max_bytes = kMaxBlitBytes;
  const ModelEnd expected = comparison.RunModel(kMaxCommands);
  const RunEnd end = RunStreamer(guest, (pick & 0x80) != 0);
  if (expected == ModelEnd::kTooLong || comparison.model().blitter.bytes != 0) return 0;
  const std::string difference = comparison.Difference(end);
  if (!difference.empty()) std::fprintf(stderr, "%s\n", difference.c_str());
  Require(difference.empty(), "the streamer leaves what the slow model leaves");
  return 0;
}
