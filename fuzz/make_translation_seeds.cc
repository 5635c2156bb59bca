// Operations on page tables and on the GGTT: any bytes are some, so that a few of each kind will
// do.
#include <array>
#include <random>
#include <string>
#include <vector>

#include "fuzz/seed_writer.h"

namespace gvt::fuzz {
namespace {

std::vector<uint8_t> SomeBytes(std::mt19937& random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

}  // namespace

void MakeTranslationSeeds(SeedWriter* out) {
  std::mt19937 random(1);
  constexpr std::array<uint8_t, 4> kBudgets{0, 4, 15, 255};
  for (const uint8_t budget : kBudgets) {
    std::vector<uint8_t> bytes = SomeBytes(random, 1500);
    bytes[0] = budget;
    out->Write("ppgtt_shadow", "budget-" + std::to_string(budget + 1), bytes);
  }
  std::vector<uint8_t> small = SomeBytes(random, 600);
  small[0] = 8;
  small[1] = 0;
  out->Write("ppgtt_shadow", "gen8", small);
  out->Write("ggtt_write", "accesses", SomeBytes(random, 1600));
  std::vector<uint8_t> resets = SomeBytes(random, 800);
  for (size_t i = 0; i < resets.size(); i += 80) resets[i] = 0xff;
  out->Write("ggtt_write", "resets", resets);
}

}  // namespace gvt::fuzz
