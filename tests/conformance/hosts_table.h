// The table of docs/hosts.md against the hosts: what a cell claims is what the kit found.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "hostif/conformance/members.h"
#include "hostif/conformance/run.h"

namespace gvt::hostif::conformance {

// A member and what the table says of it for one host.
struct HostsCell {
  std::string member;
  std::string claim;
  std::string lines;  // "`read-gpa.*`, `state.moves`"
};

// The cells of a row of a table in Markdown; empty: it is no row.
inline std::vector<std::string> CellsOf(const std::string& row) {
  std::vector<std::string> cells;
  for (size_t at = row.find('|'); at != std::string::npos;) {
    const size_t next = row.find('|', at + 1);
    if (next == std::string::npos) break;
    cells.push_back(next > at + 2 ? row.substr(at + 2, next - at - 3) : "");
    at = next;
  }
  return cells;
}

// The column of that head, but for `type`. Tests run in the project's folder.
inline std::vector<HostsCell> HostsColumn(const std::string& host) {
  std::vector<HostsCell> column;
  std::ifstream file("docs/hosts.md");
  size_t at = 0;
  for (std::string text; std::getline(file, text);) {
    const std::vector<std::string> cells = CellsOf(text);
    if (!cells.empty() && cells[0] == "member") {
      at = static_cast<size_t>(std::find(cells.begin(), cells.end(), host) - cells.begin());
    }
    for (const Member& member : kMembers) {
      if (cells.empty() || cells[0] != std::string("`").append(member.name).append("`")) continue;
      if (at != 0 && at < cells.size()) column.push_back({cells[0], cells[at], cells.back()});
    }
  }
  return column;
}

// `id` is one of those that the last column names.
inline bool IsNamed(const std::string& lines, const std::string& id) {
  for (size_t at = lines.find('`'); at != std::string::npos; at = lines.find('`', at + 1)) {
    const size_t end = lines.find('`', at + 1);
    std::string name = lines.substr(at + 1, end - at - 1);
    const bool is_prefix = name.back() == '*';
    if (is_prefix) name.pop_back();
    if (is_prefix ? id.compare(0, name.size(), name) == 0 : id == name) return true;
    at = end;
  }
  return false;
}

inline bool IsNative(const HostsCell& cell) {
  return cell.claim.rfind("**native**", 0) == 0;
}

// What is called native is in the table; what is not is not; and each row names lines about its
// member.
inline void ExpectColumn(const std::string& host, const gvtcore_mpt_t& table) {
  const std::vector<HostsCell> column = HostsColumn(host);
  ASSERT_EQ(column.size(), std::size(kMembers)) << host;
  for (const HostsCell& cell : column) {
    const std::string member = cell.member.substr(1, cell.member.size() - 2);
    EXPECT_EQ(IsNative(cell), !IsDefault(table, member)) << host << ": " << member;
    bool backed = false;
    for (const Line* line : AllLines()) {
      if (!IsNamed(cell.lines, line->id)) continue;
      EXPECT_EQ(line->member, member) << line->id;
      backed = true;
    }
    EXPECT_TRUE(backed) << member << ": no such line as " << cell.lines;
  }
}

// Native: its lines passed, as far as the host lets the kit try them. Default: the core's was
// tried. "-": there was nothing to try.
inline void ExpectColumn(const std::string& host, const Report& report) {
  const std::vector<HostsCell> column = HostsColumn(host);
  ASSERT_EQ(column.size(), std::size(kMembers)) << host;
  for (const HostsCell& cell : column) {
    size_t counts[4] = {};
    for (const LineResult& result : report.lines) {
      if (IsNamed(cell.lines, result.line->id)) {
        ++counts[static_cast<size_t>(result.verdict.outcome)];
      }
    }
    const auto count = [&](Outcome outcome) { return counts[static_cast<size_t>(outcome)]; };
    EXPECT_EQ(count(Outcome::kFailed), 0u) << host << ": " << cell.member;
    EXPECT_EQ(count(Outcome::kPassed) > 0, IsNative(cell)) << host << ": " << cell.member;
    EXPECT_EQ(count(Outcome::kDefault) > 0, cell.claim == "*default*")
        << host << ": " << cell.member;
  }
}

}  // namespace gvt::hostif::conformance
