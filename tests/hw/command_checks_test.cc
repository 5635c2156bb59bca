// Each rule that the compiler proves about the command table finds a row that breaks it.
#include "hw/command_checks.h"

#include <gtest/gtest.h>

#include <vector>

#include "hw/command_builders.h"

namespace gvt::hw {
namespace {

CommandRow Sound(std::string_view name = "MI_SAMPLE", uint32_t value = 0x10000000) {
  return rows::Row(name, Client::kMi, rows::kGen8To9, rows::kAll, value, rows::Exact(7, 4),
                   Effect::kStoreDataImm, Privilege::kAny,
                   rows::GgttIf(0, 22, rows::Write(1, 47, 2)));
}

TEST(CommandChecks, PassASoundRow) {
  EXPECT_TRUE(checks::HeaderIsSound(Sound()));
  EXPECT_TRUE(checks::LengthIsSound(Sound()));
  EXPECT_TRUE(checks::AddressesAreSound(Sound()));
}

TEST(CommandChecks, RefuseAHeaderOutsideItsMaskOrType) {
  CommandRow row = Sound();
  row.value |= 1;
  EXPECT_FALSE(checks::HeaderIsSound(row));
  row = Sound();
  row.mask |= 0x8000;
  EXPECT_FALSE(checks::HeaderIsSound(row));
  row = Sound("MI_SAMPLE", 0x40000000);
  EXPECT_FALSE(checks::HeaderIsSound(row));
  row = Sound();
  row.engines = 0;
  EXPECT_FALSE(checks::HeaderIsSound(row));
  row = Sound();
  row.generations = 0;
  EXPECT_FALSE(checks::HeaderIsSound(row));
  row = Sound("");
  EXPECT_FALSE(checks::HeaderIsSound(row));
}

TEST(CommandChecks, RefuseALengthThatTheFieldCannotState) {
  CommandRow row = Sound();
  row.length = rows::Exact(5, 66);
  EXPECT_FALSE(checks::LengthIsSound(row));
  row.length = rows::Exact(5, 65);
  EXPECT_TRUE(checks::LengthIsSound(row));
  row.length = rows::Exact(7, 1);
  EXPECT_FALSE(checks::LengthIsSound(row));
  row.length = rows::AnyLength(23);  // reaches into the opcode
  EXPECT_FALSE(checks::LengthIsSound(row));
  row.length = {};
  EXPECT_FALSE(checks::LengthIsSound(row));
}

TEST(CommandChecks, RefuseRunsThatDoNotRise) {
  CommandRow row = Sound();
  row.length = rows::Runs(7, {4, 6, 1}, {6, 8, 1});
  EXPECT_FALSE(checks::LengthIsSound(row));
  row.length = rows::Runs(7, {4, 7, 2}, {9, 9, 1});
  EXPECT_FALSE(checks::LengthIsSound(row));
  row.length = rows::Runs(7, {4, 6, 0}, {9, 9, 1});
  EXPECT_FALSE(checks::LengthIsSound(row));
  row.length = rows::Runs(7, {4, 6, 2}, {9, 9, 1});
  EXPECT_TRUE(checks::LengthIsSound(row));
}

TEST(CommandChecks, RefuseAnAddressOutsideTheCommand) {
  CommandRow row = Sound();
  row.addresses[0] = rows::Write(3, 63, 0);  // needs dword 4 of 4
  EXPECT_FALSE(checks::AddressesAreSound(row));
  row.addresses[0] = rows::Write(3, 31, 0);
  EXPECT_TRUE(checks::AddressesAreSound(row));
  row.addresses[0] = rows::Write(0, 31, 0);
  EXPECT_FALSE(checks::AddressesAreSound(row));
  row.addresses[0] = rows::Write(1, 64, 0);
  EXPECT_FALSE(checks::AddressesAreSound(row));
  row.addresses[0] = rows::Write(1, 3, 4);
  EXPECT_FALSE(checks::AddressesAreSound(row));
  row.addresses[0] = rows::Times(3, 1, rows::Write(2, 31, 0));
  EXPECT_FALSE(checks::AddressesAreSound(row));
  row.addresses[0] = rows::Times(2, 0, rows::Write(1, 31, 0));
  EXPECT_FALSE(checks::AddressesAreSound(row));
  row.addresses[0] = rows::GgttIf(9, 0, rows::Write(1, 31, 0));
  EXPECT_FALSE(checks::AddressesAreSound(row));
}

TEST(CommandChecks, RefuseAGapInTheAddresses) {
  CommandRow row = Sound();
  row.addresses[2] = rows::Write(1, 31, 0);
  EXPECT_FALSE(checks::AddressesAreSound(row));
}

TEST(CommandChecks, SeeTwoRowsForOneHeader) {
  CommandRow a = Sound("MI_A");
  CommandRow b = Sound("MI_B");
  EXPECT_FALSE(checks::NoOverlap(std::vector{a, b}, 0));
  b.engines = rows::kBcs;
  a.engines = rows::kRcs;
  EXPECT_TRUE(checks::NoOverlap(std::vector{a, b}, 0));
  b.engines = rows::kRcsBcs;
  a.generations = rows::kGen8;
  b.generations = rows::kGen9;
  EXPECT_TRUE(checks::NoOverlap(std::vector{a, b}, 0));
  b.generations = rows::kGen8To9;
  EXPECT_FALSE(checks::NoOverlap(std::vector{a, b}, 0));
}

TEST(CommandChecks, SeeAWideMaskThatSwallowsANarrowOne) {
  CommandRow a = Sound("MI_A");
  CommandRow b = Sound("MI_B", 0x10010000);
  b.mask = 0xffff0000;
  EXPECT_FALSE(checks::NoOverlap(std::vector{a, b}, 0));
}

TEST(CommandChecks, SeeANameThatAnEngineKnowsTwice) {
  CommandRow a = Sound("MI_A");
  CommandRow b = Sound("MI_A", 0x11000000);
  EXPECT_FALSE(checks::NamesAreUnique(std::vector{a, b}));
  b.generations = rows::kGen9;
  a.generations = rows::kGen8;
  EXPECT_TRUE(checks::NamesAreUnique(std::vector{a, b}));
}

}  // namespace
}  // namespace gvt::hw
