// A guest that is just large enough for a streamer: contexts, rings, batches at fixed addresses.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "gpu/soft/soft_streamer.h"
#include "hw/context_image.h"
#include "tests/gpu_soft/commands.h"
#include "tests/gpu_soft/fake_ports.h"

namespace gvt::soft_test {

inline constexpr auto kGgtt = hw::AddressSpace::kGgtt;
inline constexpr auto kPpgtt = hw::AddressSpace::kPpgtt;

inline constexpr uint32_t kRingBytes = 16384;
inline constexpr uint64_t kContextStride = 0x100000;
inline constexpr uint64_t kLrca = 0x1000000;       // of context 0
inline constexpr uint64_t kRingStart = 0x1080000;  // likewise
inline constexpr uint64_t kBatch = 0x400000;
inline constexpr uint64_t kData = 0x800000;  // 8 KiB in each space

// One engine with its streamer, ports and contexts.
class BenchGuest {
 public:
  explicit BenchGuest(hw::Engine of = hw::Engine::kRcs, hw::Platform on = hw::Platform::kSkl,
                      uint32_t commands_per_check = 1)
      : platform(on),
        engine(of),
        registers(platform, engine),
        segments(platform, engine, memory),
        streamer(std::make_unique<gpu::SoftStreamer>(
            platform, engine,
            gpu::SoftStreamerPorts{memory, registers, interrupts, segments, clock},
            gpu::SoftStreamerOptions{commands_per_check})) {
    for (unsigned id = 0; id < 2; ++id) MakeContext(id);
    memory.Select(RootOf(0));
    memory.Map(kGgtt, kData, 2 * kPageSize);
  }

  uint32_t base() const { return hw::EngineMmioBase(engine); }
  uint32_t Gpr(unsigned index) const { return base() + 0x600 + 8 * index; }
  static uint64_t RootOf(unsigned id) { return 0x7000000 + id * kPageSize; }
  static uint64_t LrcaOf(unsigned id) { return kLrca + id * kContextStride; }
  static uint64_t RingOf(unsigned id) { return kRingStart + id * kContextStride; }
  static uint64_t StateOf(unsigned id) { return LrcaOf(id) + kPageSize; }
  static uint64_t DescriptorOf(unsigned id) {
    return LrcaOf(id) | uint64_t{id + 1} << 37 | 1u << 8 | 3u << 3 | 1;
  }

  // A fresh image with restore inhibited, as a kernel makes it.
  void MakeContext(unsigned id) {
    memory.Map(kGgtt, LrcaOf(id), 2 * kPageSize);
    memory.Map(kGgtt, RingOf(id), kRingBytes);
    const hw::ContextLayout layout = hw::ContextLayoutOf(hw::GenerationOf(platform), engine);
    std::array<uint32_t, hw::kContextDwords> state{};
    for (const hw::ContextLri& lri : layout.lris) {
      state[lri.header_dword] = 0x11001000 | (2u * lri.count - 1);
    }
    for (const hw::ContextRegister& reg : layout.registers) {
      state[reg.value_dword - size_t{1}] = base() + reg.offset;
    }
    state[layout.end_dword] = 0x05000000;
    state[hw::kContextControl] = 0x00090009 & ~8u;
    state[hw::kContextRingStart] = static_cast<uint32_t>(RingOf(id));
    state[hw::kContextRingCtl] = (kRingBytes - 4096) | 1;
    state[hw::kContextPdp0Ldw] = static_cast<uint32_t>(RootOf(id));
    memory.Put(kGgtt, StateOf(id), state);
    memory.Select(RootOf(id));
    memory.Map(kPpgtt, kData, 2 * kPageSize);
  }

  uint32_t State(unsigned id, size_t dword) { return memory.Get(kGgtt, StateOf(id) + 4 * dword); }
  void SetState(unsigned id, size_t dword, uint32_t value) {
    memory.Put(kGgtt, StateOf(id) + 4 * dword, std::array{value});
  }

  // Appends to the ring, padded to a qword, and moves the tail in the image.
  void Ring(Dwords commands, unsigned id = 0) {
    if (commands.size() % 2 != 0) commands.push_back(0);
    uint32_t tail = State(id, hw::kContextRingTail);
    for (const uint32_t dword : commands) {
      memory.Put(kGgtt, RingOf(id) + tail, std::array{dword});
      tail = (tail + 4) % kRingBytes;
    }
    SetState(id, hw::kContextRingTail, tail);
  }
  void Batch(const Dwords& commands, uint64_t address = kBatch, hw::AddressSpace space = kPpgtt,
             unsigned id = 0) {
    memory.Select(RootOf(id));
    memory.Put(space, address, commands);
  }
  uint32_t Data(hw::AddressSpace space, uint64_t offset, unsigned id = 0) {
    memory.Select(RootOf(id));
    return memory.Get(space, kData + offset);
  }
  uint64_t Data64(hw::AddressSpace space, uint64_t offset) {
    return Join64(Data(space, offset), Data(space, offset + 4));
  }
  uint64_t GprValue(unsigned index) {
    return Join64(registers.Read(Gpr(index)), registers.Read(Gpr(index) + 4));
  }

  // Runs context `id` until it stops being preempted.
  gpu::RunEnd Run(unsigned id = 0) {
    if (!streamer->Load(DescriptorOf(id))) return gpu::RunEnd::kFault;
    return Finish();
  }
  gpu::RunEnd Finish() {
    for (;;) {
      const gpu::RunEnd end = streamer->Run({});
      if (end != gpu::RunEnd::kSlice) return end;
    }
  }
  // Everything in one non-privileged batch.
  gpu::RunEnd RunBatch(const Dwords& commands) {
    Batch(Program({commands, BatchEnd()}));
    Ring(BatchStart(kBatch));
    return Run();
  }

  const hw::Platform platform;
  const hw::Engine engine;
  FakeMemory memory;
  FakeRegisters registers;
  FakeInterrupts interrupts;
  FakeClock clock;
  FakeSegments segments;
  std::unique_ptr<gpu::SoftStreamer> streamer;
};

}  // namespace gvt::soft_test
