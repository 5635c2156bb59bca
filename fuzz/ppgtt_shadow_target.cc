// Fuzz target: shadow page tables against the plain walk.
//
// Input: a byte for the budget of tables, one for 64 KiB pages; then what the operations are made
// of, until it ends: a byte below 0xf0 is a small number, any other is followed by eight bytes.
#include "fuzz/fuzz_target.h"
#include "fuzz/input_reader.h"
#include "tests/oracle/shadow_world.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using gvt::hw::LargePtes;
  gvt::fuzz::InputReader reader(data, size);
  const uint32_t tables = reader.Take<uint8_t>() + 1u;
  const bool large_ptes = reader.Take<uint8_t>() % 4 != 0;
  const auto next = [&reader]() -> uint64_t {
    constexpr uint8_t kFirstLong = 0xf0;
    const auto small = reader.Take<uint8_t>();
    return small < kFirstLong ? small : reader.Take<uint64_t>();
  };
  gvt::oracle::ShadowWorld world(tables, large_ptes ? LargePtes::kOn : LargePtes::kOff, next);
  while (!reader.empty()) {
    const char* broken = world.Step();
    gvt::fuzz::Require(broken == nullptr, broken);
  }
  return 0;
}
