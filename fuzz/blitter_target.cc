// Fuzz target: the blitter against the blitter of the slow model.
//
// Input: a byte whose low two bits are BCS_SWCTRL's and whose top bit says that the context is
// taken away between any two commands and parts; then pieces (below): a command of the blitter that
// is made of the bytes that follow, so that it mostly draws in the surfaces there are, or one whose
// dwords are the bytes. Property: both end alike, and if no page was missing, memory is the same.
//
// Programs that draw much are not compared.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <string>

#include "fuzz/fuzz_target.h"
#include "fuzz/input_reader.h"
#include "tests/model/blit_generator.h"
#include "tests/model/comparison.h"

namespace gvt::fuzz {
namespace {

using gpu::RunEnd;
using model::BlitGenerator;
using model::ModelEnd;
using soft_test::BenchGuest;
using soft_test::Dwords;

constexpr size_t kMaxPieces = 16;
constexpr uint32_t kMaxCommands = 100;
constexpr uint64_t kMaxBlitBytes = uint64_t{1} << 18;
constexpr uint64_t kMaxSlices = 4096;
constexpr uint32_t kBlitterControl = 0x22200;

// A byte picks the row of the command; its top bit: the dwords are as they lie there.
Dwords TakePiece(InputReader& input, BlitGenerator& generator) {
  constexpr uint32_t kRaw = 0x80;
  const auto pick = input.Take<uint8_t>();
  const auto rows = BlitGenerator::Rows();
  const hw::CommandRow& row = *rows[pick % kRaw % rows.size()];
  Dwords command = generator.CommandOf(row);
  if ((pick & kRaw) == 0) return command;
  for (size_t i = 1; i < command.size(); ++i) command[i] = input.Take<uint32_t>();
  return command;
}

RunEnd RunBlitter(BenchGuest& guest, bool taken_away) {
  const std::atomic<bool> yield = true;
  gpu::SoftStreamer& streamer = *guest.streamer;
  Require(streamer.Load(BenchGuest::DescriptorOf(0)), "a mapped context can be loaded");
  RunEnd end = RunEnd::kSlice;
  for (uint64_t slices = 0; slices < kMaxSlices && end == RunEnd::kSlice; ++slices) {
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
  BenchGuest guest(hw::Engine::kBcs);
  guest.clock.now_ns = 123'456'789;
  guest.memory.Select(BenchGuest::RootOf(0));
  BlitGenerator::Fill(1, guest.memory);
  BlitGenerator generator([&] { return input.Take<uint32_t>(); });
  Dwords program = soft_test::Lri({kBlitterControl, 0x30000 | (pick & 3u)});
  for (size_t i = 0; i < kMaxPieces && !input.empty(); ++i) {
    const Dwords piece = TakePiece(input, generator);
    program.insert(program.end(), piece.begin(), piece.end());
  }
  guest.Batch(soft_test::Program({program, soft_test::BatchEnd()}));
  guest.Ring(soft_test::BatchStart(soft_test::kBatch));

  model::Comparison comparison(guest);
  comparison.model().blitter.max_bytes = kMaxBlitBytes;
  const ModelEnd expected = comparison.RunModel(kMaxCommands);
  if (expected == ModelEnd::kTooLong) return 0;
  const RunEnd end = RunBlitter(guest, (pick & 0x80) != 0);
  if (expected == ModelEnd::kFault) {
    Require(end == RunEnd::kFault, "a blit without a page ends with a fault");
    return 0;
  }
  const std::string difference = comparison.Difference(end);
  if (!difference.empty()) std::fprintf(stderr, "%s\n", difference.c_str());
  Require(difference.empty(), "the blitter leaves what the slow model leaves");
  return 0;
}
