// docs/tables/registers.md from the register rows.
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "hw/register_table.h"
#include "tools/gen_tables/pages.h"

namespace gvt::gen_tables {
namespace {

using namespace hw;

struct FlagName {
  uint16_t flag;
  std::string_view name;
};

constexpr FlagName kFlagNames[] = {
    {RegisterFlag::kCommandAccess, "streams write"},
    {RegisterFlag::kValueChecked, "value checked"},
    {RegisterFlag::kMaskedWrite, "masked write"},
    {RegisterFlag::kNotInContext, "not in context"},
    {RegisterFlag::kHoldsGraphicsAddress, "graphics address"},
    {RegisterFlag::kSavedByContext, "saved by context"},
    {RegisterFlag::kMayBeNonPrivileged, "may be non-privileged"},
    {RegisterFlag::kUnalignedAccess, "unaligned access"},
    {RegisterFlag::kSavedOverSuspend, "saved over suspend"},
    {RegisterFlag::kReadFromHardware, "read from hardware"},
    {RegisterFlag::kNoStorage, "name only"},
    {RegisterFlag::kContextImageOnly, "context image only"},
};

std::string FlagsText(uint16_t flags) {
  std::string text;
  for (const FlagName& entry : kFlagNames) {
    if ((flags & entry.flag) == 0) continue;
    if (!text.empty()) text += ", ";
    text += entry.name;
  }
  return text;
}

std::string PlatformsText(uint8_t platforms) {
  if (platforms == (1u << kPlatformCount) - 1) return "all";
  std::string text;
  for (unsigned i = 0; i < kPlatformCount; ++i) {
    const auto platform = static_cast<Platform>(i);
    if ((platforms & PlatformBit(platform)) == 0) continue;
    if (!text.empty()) text += ' ';
    text += PlatformName(platform);
  }
  return text;
}

}  // namespace

std::string RegistersPage() {
  std::string page = fmt::format(
      "# Registers\n\n"
      "Made by `gvt_gen_tables --registers-md` from hw/registers.inc, where the sources are "
      "named.\n"
      "{} rows, by offset from the start of BAR 0. Read-only: bits of each dword that a write does "
      "not\n"
      "change.\n\n"
      "| register | offset | bytes | platforms | behaviour | read-only |\n"
      "|---|---|---|---|---|---|\n",
      RegisterRows().size());
  for (const RegisterRow& row : RegisterRows()) {
    const std::string read_only =
        row.read_only_bits == 0 ? std::string() : fmt::format("{:08x}", row.read_only_bits);
    page +=
        fmt::format("| {} | {:05x} | {} | {} | {} | {} |\n", row.name, row.offset, row.size_bytes,
                    PlatformsText(row.platforms), FlagsText(row.flags), read_only);
  }
  return page;
}

}  // namespace gvt::gen_tables
