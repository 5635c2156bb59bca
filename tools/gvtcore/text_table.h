// Text for terminals: numbers that are easy to read, columns that line up, colours where they are
// welcome.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gvt::tools {

// "1,234,567".
std::string Grouped(uint64_t value);
// "141.6 KiB".
std::string ByteSize(uint64_t bytes);
// `part` of `whole` in percent: "12.3 %"; whole 0 gives "-".
std::string Share(double part, double whole);
// "1.23 s", "45.6 ms".
std::string Seconds(double seconds);
// Control characters of foreign text replaced, so that it cannot steer the terminal.
std::string Printable(std::string_view text);

// Colour escapes, or empty strings.
struct Colours {
  std::string_view bold;
  std::string_view red;
  std::string_view green;
  std::string_view dim;
  std::string_view off;
};
// For text that goes to `file_descriptor`: colours iff it is a terminal, TERM is not "dumb" and
// NO_COLOR is not set or empty. Source: no-color.org.
Colours ColoursFor(int file_descriptor);

// Rows of cells: the first column left-aligned, all others right-aligned.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // All rows, each behind `indent` blanks; the head is dim.
  std::string Text(size_t indent, const Colours& colours) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace gvt::tools
