#include "tools/gvtcore/text_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace gvt::tools {
namespace {

TEST(TextTable, NumbersAreEasyToRead) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(ByteSize(1023), "1023 B");
  EXPECT_EQ(ByteSize(1536), "1.5 KiB");
  EXPECT_EQ(ByteSize(uint64_t{3} << 40), "3.0 TiB");
  EXPECT_EQ(Share(1, 8), "12.5 %");
  EXPECT_EQ(Share(1, 0), "-");
  EXPECT_EQ(Seconds(0.0456), "45.6 ms");
  EXPECT_EQ(Seconds(1.234), "1.23 s");
}

TEST(TextTable, ForeignTextCannotSteerTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\nc\x7f"), "a?[2Jb?c?");
}

TEST(TextTable, ColumnsLineUp) {
  TextTable table({"engine", "count"});
  table.Add({"rcs", "1"});
  table.Add({"bcs", "12,345"});
  EXPECT_EQ(table.Text(2, {}), "  engine   count\n  rcs          1\n  bcs     12,345\n");
}

TEST(TextTable, NoColoursWithoutATerminal) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  EXPECT_EQ(ColoursFor(pipe_ends[1]).red, "");
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

}  // namespace
}  // namespace gvt::tools
