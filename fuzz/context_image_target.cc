// Fuzz target: hostile context images.
//
// Input: a byte that picks the engine, then pieces of the register state (Piece below) that are
// laid over the image that a kernel makes. The image is loaded and saved by a streamer with plain
// ports, then submitted through the device beside an honest context of the same engine.
// Properties: no signal, no hang. A context writes only registers that the policy lets it write. A
// context that was saved is not changed by being loaded and saved again. Save leaves alone what the
// guest may write meanwhile. After a function-level reset the device does honest work.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <vector>

#include "base/bits.h"
#include "fuzz/embedded_world.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/input_reader.h"
#include "hostif/embedded/guest_driver.h"
#include "hw/register_policy.h"
#include "tests/gpu_soft/bench_guest.h"

namespace gvt::fuzz {
namespace {

using hostif::embedded::GuestContext;
using hostif::embedded::GuestDriver;
using hostif::embedded::Machine;
using soft_test::BenchGuest;

constexpr size_t kMaxPieces = 64;
constexpr unsigned kMaxSlices = 64;

struct Piece {
  size_t first = 0;  // dword of the register state
  std::vector<uint32_t> dwords;
};

// Two bytes of first, one of the number of dwords, the dwords.
std::vector<Piece> TakePieces(InputReader& input) {
  std::vector<Piece> pieces;
  while (!input.empty() && pieces.size() < kMaxPieces) {
    Piece piece;
    piece.first = input.Take<uint16_t>() % hw::kContextDwords;
    piece.dwords.resize(
        std::min<size_t>(1 + input.Take<uint8_t>(), hw::kContextDwords - piece.first));
    for (uint32_t& dword : piece.dwords) dword = input.Take<uint32_t>();
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

using Image = std::array<uint32_t, hw::kContextDwords>;

Image ImageOf(BenchGuest& guest) {
  Image image;
  for (size_t i = 0; i < image.size(); ++i) image[i] = guest.State(0, i);
  return image;
}

// What the streamer shows of itself, whatever an image says.
bool IsPushed(uint32_t offset, uint32_t base) {
  constexpr std::array<uint32_t, 14> kPushed{0x30, 0x34, 0x38, 0x3c,  0x5c,  0x68,  0x6c,
                                             0x74, 0xb0, 0xb8, 0x110, 0x140, 0x168, 0x3a8};
  if (offset == 0x4094 || offset == 0x4b10 || offset == 0x4b14) return true;
  if (offset >= base + 0x270 && offset < base + 0x290) return true;
  return std::find(kPushed.begin(), kPushed.end(), offset - base) != kPushed.end();
}

// By its image, or by a command, for junk may be a batch.
bool MayWrite(const BenchGuest& guest, uint32_t offset, uint32_t value) {
  hw::RegisterRequest request;
  request.platform = guest.platform;
  request.engine = guest.engine;
  request.privileged = true;
  request.offset = offset;
  for (const auto path : {hw::RegisterPath::kContextImage, hw::RegisterPath::kLri}) {
    request.path = path;
    for (const uint32_t written : {value, value | 0xffff0000}) {  // a masked one lost its mask
      request.value_known = true;
      request.value = written;
      if (hw::JudgeRegister(request).allowed()) return true;
    }
  }
  return false;
}

void CheckRegisters(const BenchGuest& guest, const std::map<uint32_t, uint32_t>& before) {
  for (const auto& [offset, value] : guest.registers.values()) {
    const auto old = before.find(offset);
    if (value == (old == before.end() ? 0 : old->second)) continue;
    Require(IsPushed(offset, guest.base()) || MayWrite(guest, offset, value),
            "a context writes registers of contexts");
  }
}

void LoadAndSave(hw::Engine engine, const std::vector<Piece>& pieces) {
  BenchGuest guest(engine);
  guest.Ring(soft_test::Lri({guest.Gpr(0), 1, guest.Gpr(1), 2}));
  for (const Piece& piece : pieces) {
    guest.memory.Put(soft_test::kGgtt, BenchGuest::StateOf(0) + 4 * piece.first, piece.dwords);
  }
  const uint64_t descriptor = BenchGuest::DescriptorOf(0);
  const Image hostile = ImageOf(guest);
  const std::map<uint32_t, uint32_t> registers = guest.registers.values();
  Require(guest.streamer->Load(descriptor), "a mapped context can be loaded");
  CheckRegisters(guest, registers);
  guest.streamer->Save();
  const Image saved = ImageOf(guest);
  for (const size_t kept : {hw::kContextRingTail, hw::kContextRingStart, hw::kContextRingCtl}) {
    Require(saved[kept] == hostile[kept], "a save leaves alone what the guest owns");
  }
  Require(guest.streamer->Load(descriptor), "a saved context can be loaded");
  guest.streamer->Save();
  Require(ImageOf(guest) == saved, "a saved context is what it was when loaded and saved again");

  const std::atomic<bool> yield = true;
  gpu::RunEnd end = gpu::RunEnd::kSlice;
  for (unsigned i = 0; i < kMaxSlices && end == gpu::RunEnd::kSlice; ++i) {
    Require(guest.streamer->Load(descriptor), "a context that was taken away can be loaded");
    end = guest.streamer->Run({.yield = &yield});
    guest.streamer->Save();
  }
  CheckRegisters(guest, registers);
}

// A guest with one hostile and one honest context on an engine.
class Guest {
 public:
  Guest(Machine& machine, hw::Engine engine) : driver_(machine) {
    Require(driver_.Boot().has_value(), "a vGPU boots after a function-level reset");
    seqno_ = *driver_.AllocateGgtt(1);
    const auto tables = *driver_.CreatePageTables();
    hostile_ = *driver_.CreateContext(engine, tables);
    honest_ = *driver_.CreateContext(engine, tables);
    AppendStore(hostile_, 1);
    AppendStore(honest_, 2);
  }

  void Lay(const std::vector<Piece>& pieces) {
    const Gpa state = hostile_.image.gpa + kPageSize;
    for (const Piece& piece : pieces)
      driver_.machine().Store(state + 4 * piece.first, piece.dwords);
  }
  // Both orders, and the hostile one taken away by the honest one.
  void SubmitAll() {
    constexpr std::chrono::milliseconds kShort(1);
    driver_.Submit(hostile_, &honest_);
    driver_.Submit(honest_, &hostile_);
    driver_.WaitForIdle(hostile_.engine, kShort);
    driver_.ResetEngine(hostile_.engine);
    driver_.Submit(hostile_);
    driver_.Submit(honest_);
    driver_.WaitForIdle(hostile_.engine, kShort);
  }
  bool WorksHonestly() { return driver_.Submit(honest_) && driver_.WaitForValue(seqno_.gpa, 2); }

 private:
  void AppendStore(GuestContext& context, uint32_t value) {
    constexpr uint32_t kStoreDwordGgtt = 0x10400002;
    const std::array store{kStoreDwordGgtt, Low32(seqno_.gma.value), High32(seqno_.gma.value),
                           value};
    driver_.Append(context, store);
  }

  GuestDriver driver_;
  hostif::embedded::GgttPage seqno_;
  GuestContext hostile_;
  GuestContext honest_;
};

void SubmitThroughDevice(hw::Engine engine, const std::vector<Piece>& pieces) {
  static EmbeddedWorld world;
  world.Clear();
  {
    Guest guest(world.machine(), engine);
    guest.Lay(pieces);
    guest.SubmitAll();
  }
  world.Clear();
  Guest honest(world.machine(), engine);
  Require(honest.WorksHonestly(), "after a reset the vGPU does honest work");
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gvt;
  using namespace gvt::fuzz;
  InputReader input(data, size);
  constexpr std::array kEngines{hw::Engine::kRcs, hw::Engine::kBcs, hw::Engine::kVcs,
                                hw::Engine::kVecs};
  const hw::Engine engine = kEngines[input.Take<uint8_t>() % kEngines.size()];
  const std::vector<Piece> pieces = TakePieces(input);
  LoadAndSave(engine, pieces);
  SubmitThroughDevice(engine, pieces);
  return 0;
}
