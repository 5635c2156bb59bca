#include "tools/gvtcore/unified_diff.h"

#include <fmt/format.h>

#include <algorithm>

namespace gvt::tools {
namespace {

constexpr size_t kContext = 3;

// Edits first..last of a file as one hunk. `shift`: lines added before it so far, less those
// removed.
class Hunk {
 public:
  Hunk(const std::vector<std::string_view>& lines, size_t begin) : lines_(lines), begin_(begin) {
    at_ = begin;
  }

  void Apply(const LineEdit& edit) {
    Keep(edit.line);
    for (size_t i = 0; i < edit.removed; ++i) body_ += fmt::format("-{}\n", lines_[at_++]);
    for (const std::string& line : edit.added) body_ += fmt::format("+{}\n", line);
    added_ += edit.added.size();
    removed_ += edit.removed;
  }

  void Keep(size_t end) {
    for (; at_ < end; ++at_) body_ += fmt::format(" {}\n", lines_[at_]);
  }

  std::string Text(long shift) const {
    const size_t old_count = at_ - begin_;
    const size_t new_count = old_count + added_ - removed_;
    return fmt::format("@@ -{},{} +{},{} @@\n{}", begin_ + 1, old_count,
                       static_cast<long>(begin_) + 1 + shift, new_count, body_);
  }

  long shift() const { return static_cast<long>(added_) - static_cast<long>(removed_); }

 private:
  const std::vector<std::string_view>& lines_;
  size_t begin_;
  size_t at_ = 0;
  size_t added_ = 0;
  size_t removed_ = 0;
  std::string body_;
};

}  // namespace

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string UnifiedDiff(std::string_view path, std::string_view text, std::vector<LineEdit> edits) {
  if (edits.empty()) return {};
  std::stable_sort(edits.begin(), edits.end(),
                   [](const LineEdit& a, const LineEdit& b) { return a.line < b.line; });
  const auto lines = LinesOf(text);
  std::string diff = fmt::format("--- a/{0}\n+++ b/{0}\n", path);
  long shift = 0;
  for (size_t i = 0; i < edits.size();) {
    Hunk hunk(lines, edits[i].line - std::min(edits[i].line, kContext));
    size_t end = 0;
    do {
      hunk.Apply(edits[i]);
      end = edits[i].line + edits[i].removed;
      ++i;
    } while (i < edits.size() && edits[i].line <= end + 2 * kContext);
    hunk.Keep(std::min(end + kContext, lines.size()));
    diff += hunk.Text(shift);
    shift += hunk.shift();
  }
  return diff;
}

}  // namespace gvt::tools
