// Programs for the blitter, made of choices: of a random generator or of a fuzzer's input.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "hw/command_row.h"
#include "tests/gpu_soft/bench_guest.h"

namespace gvt::model {

class BlitGenerator {
 public:
  // Two surfaces that share their pitch, and a page for patterns and glyphs; all with noise.
  static constexpr uint64_t kFirst = 0x10000000;
  static constexpr uint64_t kSecond = 0x20000000;
  static constexpr uint64_t kPatterns = 0x30000000;
  static constexpr uint32_t kPitch = 1024;
  static constexpr uint32_t kRows = 96;

  explicit BlitGenerator(std::function<uint32_t()> choose) : choose_(std::move(choose)) {}

  // Fills the surfaces of the selected page tables.
  static void Fill(uint64_t seed, soft_test::FakeMemory& memory);

  // A program of so many commands, behind one that sets BCS_SWCTRL and one that sets up.
  soft_test::Dwords Program(uint32_t commands);
  // Any command of the blitter, on those surfaces.
  soft_test::Dwords Command();
  // All commands of the blitter.
  static std::span<const hw::CommandRow* const> Rows();
  soft_test::Dwords CommandOf(const hw::CommandRow& row);

 private:
  uint32_t Below(uint32_t bound) { return choose_() % bound; }
  bool OneIn(uint32_t bound) { return Below(bound) == 0; }
  soft_test::Dwords SetControl();
  uint32_t LengthOf(const hw::CommandRow& row);
  uint32_t Corner();
  uint32_t EndOf(uint32_t corner);
  void Place(uint64_t base, bool tiled, size_t pitch_dword, size_t address_dword,
             soft_test::Dwords* out);
  void MakeFastCopy(soft_test::Dwords* out);
  void MakeLines(soft_test::Dwords* out);
  void MakeForm(uint32_t opcode, soft_test::Dwords* out);

  std::function<uint32_t()> choose_;
};

}  // namespace gvt::model
