#include "hw/context_image.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace gvt::hw {
namespace {

constexpr Generation kGenerations[] = {Generation::kGen8, Generation::kGen9};
constexpr Engine kEngines[] = {Engine::kRcs, Engine::kBcs, Engine::kVcs, Engine::kVcs2,
                               Engine::kVecs};

// An image whose pairs name the registers of the layout, all values zero.
std::vector<uint32_t> EmptyImage(Generation generation, Engine engine) {
  std::vector<uint32_t> state(kContextDwords);
  for (const ContextRegister& reg : ContextLayoutOf(generation, engine).registers) {
    state[reg.value_dword - 1u] = EngineMmioBase(engine) + reg.offset;
  }
  return state;
}

// Index of the value of a register in the layout; 0 if it is not there.
size_t PlaceOf(const ContextLayout& layout, uint32_t offset) {
  for (const ContextRegister& reg : layout.registers) {
    if (reg.offset == offset) return reg.value_dword;
  }
  return 0;
}

TEST(ContextImage, NamesPlacesAsTheLayoutHasThem) {
  for (const Generation generation : kGenerations) {
    for (const Engine engine : kEngines) {
      const ContextLayout layout = ContextLayoutOf(generation, engine);
      EXPECT_EQ(PlaceOf(layout, 0x244), kContextControl);
      EXPECT_EQ(PlaceOf(layout, 0x34), kContextRingHead);
      EXPECT_EQ(PlaceOf(layout, 0x30), kContextRingTail);
      EXPECT_EQ(PlaceOf(layout, 0x38), kContextRingStart);
      EXPECT_EQ(PlaceOf(layout, 0x3c), kContextRingCtl);
      EXPECT_EQ(PlaceOf(layout, 0x168), kContextBbAddrUdw);
      EXPECT_EQ(PlaceOf(layout, 0x140), kContextBbAddr);
      EXPECT_EQ(PlaceOf(layout, 0x110), kContextBbState);
      EXPECT_EQ(PlaceOf(layout, 0x3a8), kContextTimestamp);
      EXPECT_EQ(PlaceOf(layout, 0x28c), kContextPdp3Udw);
      EXPECT_EQ(PlaceOf(layout, 0x274), kContextPdp0Udw);
      EXPECT_EQ(PlaceOf(layout, 0x270), kContextPdp0Ldw);
      const bool workarounds = generation == Generation::kGen9 || engine == Engine::kRcs;
      EXPECT_EQ(PlaceOf(layout, 0x1c0), workarounds ? kContextPerCtxPointer : 0);
      EXPECT_EQ(PlaceOf(layout, 0x1c4), workarounds ? kContextIndirectCtx : 0);
      EXPECT_EQ(PlaceOf(layout, 0x1c8), workarounds ? kContextIndirectOffset : 0);
      EXPECT_EQ(PlaceOf(layout, 0xc8), engine == Engine::kRcs ? kContextPowerClockState : 0);
      EXPECT_LE(layout.end_dword, kContextDwords);
    }
  }
}

TEST(ContextImage, CountsPagesByGenerationAndEngine) {
  EXPECT_EQ(ContextPages(Generation::kGen8, Engine::kRcs), 20u);
  EXPECT_EQ(ContextPages(Generation::kGen9, Engine::kRcs), 22u);
  EXPECT_EQ(ContextPages(Generation::kGen8, Engine::kVcs), 2u);
  EXPECT_EQ(ContextPages(Generation::kGen9, Engine::kBcs), 2u);
}

// The two descriptors of recorded files.
TEST(ContextImage, DecodesADescriptor) {
  const ContextDescriptor mesa(uint64_t{17} << 32 | 0x00123339);
  EXPECT_TRUE(mesa.valid());
  EXPECT_FALSE(mesa.force_pd_restore());
  EXPECT_FALSE(mesa.force_restore());
  EXPECT_EQ(mesa.addressing(), ContextAddressing::kLegacy64Bit);
  EXPECT_EQ(mesa.addressing_mode(), 3u);
  EXPECT_TRUE(mesa.coherent());
  EXPECT_TRUE(mesa.privileged());
  EXPECT_EQ(mesa.lrca(), Gma(0x00123000));
  EXPECT_EQ(mesa.context_id(), 17u);
  EXPECT_EQ(mesa.raw(), uint64_t{17} << 32 | 0x00123339);
  const ContextDescriptor neo(0x119);
  EXPECT_TRUE(neo.valid());
  EXPECT_FALSE(neo.coherent());
  EXPECT_EQ(ContextDescriptor(0x9).addressing(), ContextAddressing::kLegacy32Bit);
  EXPECT_FALSE(ContextDescriptor(0).valid());
}

TEST(ContextImage, ReadsTheRing) {
  std::vector<uint32_t> state(kContextDwords);
  state[kContextRingHead] = 0xffe00048;  // wraps counted above the offset
  state[kContextRingTail] = 0x00000107;  // low bits reserved
  state[kContextRingStart] = 0x00456fff;
  state[kContextRingCtl] = 0x3001;
  const auto ring = ReadContextRing(state);
  ASSERT_TRUE(ring.has_value());
  EXPECT_EQ(ring->start, Gma(0x00456000));
  EXPECT_EQ(ring->size_bytes, 0x4000u);
  EXPECT_EQ(ring->head, 0x48u);
  EXPECT_EQ(ring->tail, 0x100u);
  EXPECT_TRUE(ring->enabled);
  state[kContextRingCtl] = 0xffffffff;
  EXPECT_EQ(ReadContextRing(state)->size_bytes, 2u << 20);
}

TEST(ContextImage, ReadsRootsFromTheirPlacesInDescendingOrder) {
  std::vector<uint32_t> state(kContextDwords);
  for (uint32_t i = 0; i < 8; ++i) state[kContextPdp3Udw + 2 * i] = 0x100 + i;
  const auto pdps = ReadContextPdps(state);
  ASSERT_TRUE(pdps.has_value());
  EXPECT_EQ((*pdps)[3], 0x100'0000'0101u);
  EXPECT_EQ((*pdps)[2], 0x102'0000'0103u);
  EXPECT_EQ((*pdps)[1], 0x104'0000'0105u);
  EXPECT_EQ((*pdps)[0], 0x106'0000'0107u);
}

// compute-runtime fills gaps with ones and repeats CTX_CONTROL: no register has to stand beside its
// value.
TEST(ContextImage, ReadsByPositionWhateverTheOffsetsSay) {
  std::vector<uint32_t> state(kContextDwords, 1);
  state[kContextRingStart] = 0x2000;
  state[kContextRingCtl] = 0x3001;
  state[kContextPdp0Udw] = 0;
  state[kContextPdp0Ldw] = 0x20000000;
  state[kContextRingStart - 1] = 0x2244;
  EXPECT_EQ(ReadContextRing(state)->start, Gma(0x2000));
  EXPECT_EQ((*ReadContextPdps(state))[0], 0x20000000u);
}

TEST(ContextImage, ReadsTheIndirectContext) {
  for (const Generation generation : kGenerations) {
    for (const Engine engine : kEngines) {
      std::vector<uint32_t> state = EmptyImage(generation, engine);
      EXPECT_FALSE(ReadContextIndirect(generation, engine, state).has_value());
      state[kContextIndirectCtx] = 0x00345fc0 | 3;
      const auto indirect = ReadContextIndirect(generation, engine, state);
      if (generation == Generation::kGen8 && engine != Engine::kRcs) {
        EXPECT_FALSE(indirect.has_value());
        continue;
      }
      ASSERT_TRUE(indirect.has_value());
      EXPECT_EQ(indirect->start, Gma(0x00345fc0));
      EXPECT_EQ(indirect->size_bytes, 192u);
      state[kContextIndirectCtx] = 0xffffffff;
      EXPECT_EQ(ReadContextIndirect(generation, engine, state)->size_bytes, 63u * 64);
    }
  }
}

TEST(ContextImage, ReadsThePerContextBatchOnlyIfItIsValid) {
  std::vector<uint32_t> state = EmptyImage(Generation::kGen9, Engine::kVcs);
  const auto read = [&] { return ReadContextPerCtxBatch(Generation::kGen9, Engine::kVcs, state); };
  state[kContextPerCtxPointer] = 0x00346000;
  EXPECT_FALSE(read().has_value());
  state[kContextPerCtxPointer] = 0x00346fff;
  EXPECT_EQ(read(), Gma(0x00346000));
  EXPECT_FALSE(ReadContextPerCtxBatch(Generation::kGen8, Engine::kVcs, state).has_value());
}

TEST(ContextImage, TakesNoPointerBesideTheOffsetOfAnotherRegister) {
  std::vector<uint32_t> state = EmptyImage(Generation::kGen9, Engine::kRcs);
  for (const size_t place : {kContextPerCtxPointer, kContextIndirectCtx}) {
    state[place - 1] = 0x2244;
    state[place] = 0x00010001;
  }
  EXPECT_FALSE(ReadContextPerCtxBatch(Generation::kGen9, Engine::kRcs, state).has_value());
  EXPECT_FALSE(ReadContextIndirect(Generation::kGen9, Engine::kRcs, state).has_value());
}

TEST(ContextImage, SeesRestoreInhibit) {
  std::vector<uint32_t> state(kContextDwords);
  EXPECT_FALSE(IsRestoreInhibited(state));
  state[kContextControl] = 0x00090009;
  EXPECT_TRUE(IsRestoreInhibited(state));
  EXPECT_FALSE(IsRestoreInhibited({}));
}

TEST(ContextImage, AnswersNothingForAnImageCutShort) {
  std::vector<uint32_t> image = EmptyImage(Generation::kGen9, Engine::kRcs);
  image[kContextControl] = image[kContextPerCtxPointer] = image[kContextIndirectCtx] = 0x1001;
  for (size_t size = 0; size < 80; ++size) {
    const std::span<const uint32_t> state(image.data(), size);
    EXPECT_EQ(ReadContextRing(state).has_value(), size > kContextRingCtl) << size;
    EXPECT_EQ(ReadContextPdps(state).has_value(), size > kContextPdp0Ldw) << size;
    EXPECT_EQ(ReadContextIndirect(Generation::kGen9, Engine::kRcs, state).has_value(),
              size > kContextIndirectCtx);
    EXPECT_EQ(ReadContextPerCtxBatch(Generation::kGen9, Engine::kRcs, state).has_value(),
              size > kContextPerCtxPointer);
    EXPECT_EQ(IsRestoreInhibited(state), size > kContextControl);
  }
}

TEST(ContextImage, KeepsRandomImagesInBounds) {
  std::mt19937 random(1);
  std::vector<uint32_t> state(kContextDwords);
  for (int round = 0; round < 1000; ++round) {
    for (uint32_t& dword : state) dword = static_cast<uint32_t>(random());
    const auto ring = ReadContextRing(state);
    EXPECT_LE(ring->size_bytes, 2u << 20);
    EXPECT_LT(ring->head, 2u << 20);
    EXPECT_EQ(ring->tail % 8, 0u);
    EXPECT_EQ(ring->start.page_offset(), 0u);
  }
}

}  // namespace
}  // namespace gvt::hw
