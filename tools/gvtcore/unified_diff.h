// Changes of a text as `patch -p1` and `git apply` take them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gvt::tools {

// Before line `line` (0 = first; number of lines = at the end), `removed` lines go and `added`
// come.
struct LineEdit {
  size_t line = 0;
  size_t removed = 0;
  std::vector<std::string> added;
};

// A unified diff with three lines of context; edits in any order, of lines that exist, without
// overlap. Empty if there are no edits.
std::string UnifiedDiff(std::string_view path, std::string_view text, std::vector<LineEdit> edits);

// The lines of a text, without their line feeds.
std::vector<std::string_view> LinesOf(std::string_view text);

}  // namespace gvt::tools
