// gvt_gen_tables: prints a document made from hw/'s rows, or says whether a committed one is stale.
//
//   gvt_gen_tables --commands-md > docs/tables/commands.md
//   gvt_gen_tables --commands-md --check docs/tables/commands.md
//
// Exit status: 0 printed, or the file is fresh; 1 the file is stale; 2 wrong usage, or the file
// can't be read.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "tools/gen_tables/pages.h"

namespace gvt::gen_tables {
namespace {

std::optional<std::string> MakeDocument(std::string_view option) {
  if (option == "--commands-md") return CommandsPage();
  if (option == "--registers-md") return RegistersPage();
  if (option == "--dictionary") return FuzzDictionary();
  return std::nullopt;
}

// Line number, from 1, of the first line in which the texts differ.
int FirstDifference(const std::string& a, const std::string& b) {
  std::istringstream left(a), right(b);
  int line = 1;
  for (std::string x, y; std::getline(left, x) && std::getline(right, y) && x == y;) ++line;
  return line;
}

int Check(std::string_view option, const std::string& document, const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fmt::print(stderr, "{}: can't be read\n", path);
    return 2;
  }
  std::ostringstream committed;
  committed << file.rdbuf();
  if (committed.str() == document) return 0;
  fmt::print(stderr, "{}:{}: stale; make it again: gvt_gen_tables {} > {}\n", path,
             FirstDifference(committed.str(), document), option, path);
  return 1;
}

int Run(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  const std::optional<std::string> document = MakeDocument(option);
  const bool check = argc == 4 && std::string_view(argv[2]) == "--check";
  if (!document || (argc != 2 && !check)) {
    fmt::print(
        stderr,
        "usage: gvt_gen_tables --commands-md | --registers-md | --dictionary [--check FILE]\n");
    return 2;
  }
  if (check) return Check(option, *document, argv[3]);
  std::fwrite(document->data(), 1, document->size(), stdout);
  return 0;
}

}  // namespace
}  // namespace gvt::gen_tables

int main(int argc, char** argv) {
  return gvt::gen_tables::Run(argc, argv);
}
