// The text of hw/'s tables, as they were when this program was built: what a proposed change is a
// diff against.
#pragma once

#include <span>
#include <string_view>

namespace gvt::tools {

struct EmbeddedTable {
  std::string_view path;  // from the top of the source tree
  std::string_view text;
};

std::span<const EmbeddedTable> EmbeddedTables();

// The table at `path`, or an empty text.
std::string_view EmbeddedTableText(std::string_view path);

}  // namespace gvt::tools
