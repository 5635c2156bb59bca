#include "jit/code_arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace gvt::jit {
namespace {

constexpr ArenaSizes kSizes{8192, 4096};

// "r-xs" of the mapping that holds `address`; empty if there is none.
std::string Protection(const void* address) {
  std::ifstream maps("/proc/self/maps");
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    char protection[8] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, protection) != 3) continue;
    if (wanted >= begin && wanted < end) return protection;
  }
  return "";
}

TEST(CodeArena, ShowsWhatWasWrittenInTheOtherView) {
  const auto arena = CodeArena::Create(kSizes);
  ASSERT_TRUE(arena.has_value());
  uint8_t* const last = (*arena)->constants().data() + kSizes.constant_bytes - 1;
  *last = 42;
  (*arena)->code()[0] = 43;
  EXPECT_EQ(*(*arena)->ToExecute(last), 42);
  EXPECT_EQ(*(*arena)->ToExecute((*arena)->code().data()), 43);
}

TEST(CodeArena, IsNeverWritableAndExecutableAtOnce) {
  const auto created = CodeArena::Create(kSizes);
  ASSERT_TRUE(created.has_value());
  const CodeArena& arena = **created;
  EXPECT_EQ(Protection(arena.code().data()), "rw-s");
  EXPECT_EQ(Protection(arena.ToExecute(arena.code().data())), "r-xs");
  EXPECT_EQ(Protection(arena.ToExecute(arena.constants().data())), "r--s");
}

TEST(CodeArena, SaysWhatTheSystemRefused) {
  const auto arena = CodeArena::Create(ArenaSizes{size_t{1} << 62, 4096});
  ASSERT_FALSE(arena.has_value());
  EXPECT_EQ(arena.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace gvt::jit
