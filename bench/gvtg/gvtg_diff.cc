// gvtg_diff [--seed=N] [--mutations=N] [--write]: the kernel's GVT-g as a second opinion.
//
// Real streams, mutations of them, what fuzzing found, every header and every register go through
// both scanners. A difference of verdict that no rule explains is a failure, and so is a rule that
// explains nothing any more or that docs/differences-from-gvtg.md does not tell. Prints how often
// each rule was seen; --write puts that table into the document, between its two marks.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include "bench/gvtg/comparison.h"
#include "bench/gvtg/inputs.h"
#include "bench/gvtg/rules.h"

namespace gvt::bench {
namespace {

constexpr std::string_view kBeginMark = "<!-- counts:begin -->\n";
constexpr std::string_view kEndMark = "<!-- counts:end -->";
constexpr size_t kShown = 40;  // groups of unexplained differences

enum InputKind : uint8_t { kCaptures, kMutations, kFuzzSeeds, kHeaders, kRegisters };
constexpr size_t kInputKindCount = 5;
using Counts = std::array<uint64_t, kInputKindCount>;

const char* ErrorName(int error) {
  switch (error) {
    case 0: return "accepted";
    case -EBADRQC: return "EBADRQC";
    case -EFAULT: return "EFAULT";
    case -EPERM: return "EPERM";
    case -EINVAL: return "EINVAL";
    default: return "another error";
  }
}

// What unexplained differences are counted by.
std::string GroupOf(const Difference& both) {
  std::string group = std::string(hw::PlatformName(both.platform)) + " " +
                      std::string(hw::EngineName(both.engine)) + " " +
                      scanner::BufferKindName(both.kind) +
                      (both.privileged ? " (privileged)" : " (user)");
  group += ", ours: ";
  group += both.row == nullptr ? "no such command" : both.row->name;
  group += " ";
  group += both.ours_refuses()
               ? scanner::RuleName(both.refusal().rule)
               : std::string_view(both.ours->patches.empty() ? "accepted" : "accepted, patched");
  group += std::string(", GVT-g: ") +
           (*both.gvtg.name == '\0' ? "no such command" : both.gvtg.name) + " " +
           ErrorName(both.gvtg.error) + (both.gvtg_patched ? ", patched" : "") +
           (both.gvtg.failsafe ? ", failsafe" : "") + (both.gvtg_is_loop ? ", by its loop" : "");
  return group;
}

std::string DwordsOf(const Difference& both) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(both.dwords.size(), 6); ++i) {
    std::array<char, 16> dword{};
    std::snprintf(dword.data(), dword.size(), " %08x", both.dwords[i]);
    text += dword.data();
  }
  std::array<char, 96> tail{};
  std::snprintf(tail.data(), tail.size(), " (ours %u dwords, GVT-g %u)", both.length,
                both.gvtg.length_dwords);
  return text + tail.data();
}

class Tally {
 public:
  void Begin(InputKind kind) { kind_ = kind; }

  void Use(hw::Platform platform, const scanner::Policy& policy, const scanner::Segment& segment) {
    const auto key = std::make_tuple(platform, policy.aperture.begin, policy.aperture.end,
                                     policy.hidden.begin, policy.hidden.end);
    std::unique_ptr<Comparer>& comparer = comparers_[key];
    if (comparer == nullptr) comparer = std::make_unique<Comparer>(platform, policy);
    const uint64_t before = comparer->commands();
    comparer->Compare(segment, [this](const Difference& both) { Add(both); });
    compared_[kind_] += comparer->commands() - before;
  }

  // The table of counts, as Markdown.
  std::string Table() const {
    std::ostringstream out;
    out << "| rule | captures | mutations | fuzz seeds | headers | registers "
           "|\n|---|---:|---:|---:|---:|---:|\n";
    out << "| (commands compared)" << Row(compared_);
    for (const DifferenceRule& rule : DifferenceRules()) {
      const auto found = seen_.find(rule.name);
      out << "| `" << rule.name << "`" << Row(found == seen_.end() ? Counts{} : found->second);
    }
    return out.str();
  }

  // Prints what is wrong; false if something is.
  bool Judge() const {
    size_t shown = 0;
    for (const auto& [group, example] : unexplained_) {
      if (shown++ == kShown) break;
      std::printf("unexplained, %llu times: %s\n   %s\n",
                  static_cast<unsigned long long>(example.first), group.c_str(),
                  example.second.c_str());
    }
    if (!unexplained_.empty()) {
      std::printf("gvtg_diff: %zu kinds of differences have no rule\n", unexplained_.size());
    }
    bool idle = false;
    for (const DifferenceRule& rule : DifferenceRules()) {
      if (seen_.contains(rule.name)) continue;
      idle = true;
      std::printf("gvtg_diff: rule %s explains nothing\n", std::string(rule.name).c_str());
    }
    return unexplained_.empty() && !idle;
  }

 private:
  static std::string Row(const Counts& counts) {
    std::string row;
    for (const uint64_t count : counts) row += " | " + std::to_string(count);
    return row + " |\n";
  }

  void Add(const Difference& both) {
    const DifferenceRule* const rule = Explain(both);
    if (rule != nullptr) {
      ++seen_[rule->name][kind_];
      return;
    }
    auto& [count, example] = unexplained_[GroupOf(both)];
    if (count++ == 0) example = DwordsOf(both);
  }

  InputKind kind_ = kCaptures;
  std::map<std::tuple<hw::Platform, uint64_t, uint64_t, uint64_t, uint64_t>,
           std::unique_ptr<Comparer>>
      comparers_;
  Counts compared_{};
  std::map<std::string_view, Counts> seen_;
  std::map<std::string, std::pair<uint64_t, std::string>> unexplained_;
};

// The document, and where in it the table of counts stands.
struct Document {
  std::string text;
  size_t begin = 0;
  size_t end = 0;
};

// False if it cannot be read or has no marks.
bool ReadDocument(Document* document) {
  std::ifstream in(GVT_DIFFERENCES);
  document->text.assign(std::istreambuf_iterator<char>(in), {});
  const size_t mark = document->text.find(kBeginMark);
  document->end = document->text.find(kEndMark);
  if (mark == std::string::npos || document->end == std::string::npos) return false;
  document->begin = mark + kBeginMark.size();
  return true;
}

// Whether each rule has its row; prints those that have none.
bool TellsEveryRule(const Document& document) {
  bool all = true;
  for (const DifferenceRule& rule : DifferenceRules()) {
    const std::string row = "| `" + std::string(rule.name) + "` |";
    if (document.text.find(row) < document.begin) continue;
    all = false;
    std::printf("gvtg_diff: rule %s is not told in %s\n", std::string(rule.name).c_str(),
                GVT_DIFFERENCES);
  }
  return all;
}

int Main(uint64_t seed, uint32_t mutations, bool write) {
  Document document;
  if (!ReadDocument(&document)) {
    std::fprintf(stderr, "gvtg_diff: %s cannot be read or has no marks\n", GVT_DIFFERENCES);
    return 2;
  }
  Tally tally;
  const UseSegment use = [&tally](hw::Platform platform, const scanner::Policy& policy,
                                  const scanner::Segment& segment) {
    tally.Use(platform, policy, segment);
  };
  tally.Begin(kCaptures);
  std::string error = UseCaptures(use);
  tally.Begin(kMutations);
  if (error.empty()) error = UseMutations(seed, mutations, use);
  tally.Begin(kFuzzSeeds);
  if (error.empty()) error = UseFuzzSeeds(use);
  tally.Begin(kHeaders);
  if (error.empty()) error = UseHeaders(use);
  tally.Begin(kRegisters);
  if (error.empty()) error = UseRegisters(use);
  if (!error.empty()) {
    std::fprintf(stderr, "gvtg_diff: %s\n", error.c_str());
    return 2;
  }
  std::printf("%s", tally.Table().c_str());
  if (write) {
    document.text.replace(document.begin, document.end - document.begin, tally.Table());
    std::ofstream(GVT_DIFFERENCES) << document.text;
  }
  const bool judged = tally.Judge();
  return TellsEveryRule(document) && judged ? 0 : 1;
}

}  // namespace
}  // namespace gvt::bench

int main(int argc, char** argv) {
  uint64_t seed = 1;
  uint32_t mutations = 1200;
  bool write = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--seed=")) {
      seed = std::strtoull(argument.c_str() + 7, nullptr, 10);
    } else if (argument.starts_with("--mutations=")) {
      mutations = static_cast<uint32_t>(std::strtoul(argument.c_str() + 12, nullptr, 10));
    } else if (argument == "--write") {
      write = true;
    } else {
      std::fprintf(stderr,
                   "gvtg_diff: unknown argument %s (known: --seed=N --mutations=N --write)\n",
                   argument.c_str());
      return 2;
    }
  }
  return gvt::bench::Main(seed, mutations, write);
}
