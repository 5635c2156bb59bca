// A policy file only ever makes a policy stricter or moves the vGPU's windows: an action below the
// mildest safe one is refused, because a stream patched on wrong assumptions is worse than none.
#include "tools/gvtcore/policy_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/address.h"

namespace gvt::tools {
namespace {

constexpr size_t kMaxPolicyBytes = size_t{1} << 20;
constexpr uint64_t kGgttBytes = uint64_t{1} << 32;  // Source: PRM SKL vol 5, 4 GiB of GGTT

class PolicyReader {
 public:
  explicit PolicyReader(std::string file) : file_(std::move(file)) {}

  scanner::Policy Read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      if (key == "ggtt") {
        ReadWindows(TableOf("ggtt", node));
      } else if (key == "actions") {
        ReadActions(TableOf("actions", node));
      } else if (key == "force-to-nonpriv") {
        ReadSlots(TableOf("force-to-nonpriv", node));
      } else {
        Fail(key.str(), node, "no such table; known: ggtt, actions, force-to-nonpriv");
      }
    }
    if (policy_.aperture.Overlaps(policy_.hidden.begin, policy_.hidden.size())) {
      Fail("ggtt", root, "aperture and hidden overlap");
    }
    return policy_;
  }

 private:
  [[noreturn]] void Fail(std::string_view key, const toml::node& node, std::string_view reason) {
    throw PolicyError(fmt::format("{}:{}: {}: {}", file_, node.source().begin.line, key, reason));
  }

  const toml::table& TableOf(std::string_view key, const toml::node& node) {
    if (const toml::table* table = node.as_table()) return *table;
    Fail(key, node, "must be a table");
  }

  uint64_t NumberOf(std::string_view key, const toml::node& node, uint64_t max) {
    const auto number = node.is_integer() ? node.value<int64_t>() : std::nullopt;
    if (!number) Fail(key, node, "must be an integer");
    if (*number < 0 || static_cast<uint64_t>(*number) > max) {
      Fail(key, node, fmt::format("must lie in 0..0x{:x}", max));
    }
    return static_cast<uint64_t>(*number);
  }

  Range WindowOf(std::string_view key, const toml::node& node) {
    uint64_t begin = 0;
    uint64_t size = 0;
    for (const auto& [name, value] : TableOf(key, node)) {
      const std::string path = fmt::format("{}.{}", key, name.str());
      if (name != "begin" && name != "size") Fail(path, value, "no such key; known: begin, size");
      const uint64_t number = NumberOf(path, value, kGgttBytes);
      if (number % kPageSize != 0) Fail(path, value, "must be a multiple of 4096");
      (name == "begin" ? begin : size) = number;
    }
    if (begin + size > kGgttBytes) Fail(key, node, "must end within the GGTT's 4 GiB");
    return Range::Sized(begin, size);
  }

  void ReadWindows(const toml::table& table) {
    for (const auto& [key, node] : table) {
      if (key == "aperture") {
        policy_.aperture = WindowOf("ggtt.aperture", node);
      } else if (key == "hidden") {
        policy_.hidden = WindowOf("ggtt.hidden", node);
      } else {
        Fail(fmt::format("ggtt.{}", key.str()), node, "no such window; known: aperture, hidden");
      }
    }
  }

  void ReadActions(const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string path = fmt::format("actions.{}", key.str());
      const auto rule = scanner::RuleFromName(key.str());
      if (!rule) Fail(path, node, "no such rule; gvtcore-scan(1) lists them");
      const auto name = node.value<std::string_view>();
      const auto action = name ? scanner::ActionFromName(*name) : std::nullopt;
      if (!action) Fail(path, node, "must be noop, fail-batch, ban-context or stop-vgpu");
      if (!policy_.Raise(*rule, *action)) {
        Fail(path, node,
             fmt::format("{} is milder than is safe; at least {}", *name,
                         scanner::ActionName(scanner::MildestAction(*rule))));
      }
    }
  }

  // What is named are register offsets, as FORCE_TO_NONPRIV holds them; slots left out are unused.
  void ReadSlots(const toml::table& table) {
    constexpr uint64_t kMaxOffset =
        0x3fffffc;                     // Source: linux v6.1 RING_FORCE_TO_NONPRIV bits 25:2
    constexpr uint32_t kNopid = 0x94;  // Source: linux v6.1 i915_reg.h RING_NOPID
    auto& engines = policy_.nonprivilege_slots.emplace();
    for (size_t i = 0; i < engines.size(); ++i) {
      engines[i].fill(hw::EngineMmioBase(static_cast<hw::Engine>(i)) + kNopid);
    }
    for (const auto& [key, node] : table) {
      const std::string path = fmt::format("force-to-nonpriv.{}", key.str());
      const auto engine = hw::EngineFromName(key.str());
      if (!engine) Fail(path, node, "no such engine; known: rcs, bcs, vcs, vcs2, vecs");
      const toml::array* list = node.as_array();
      auto& slots = engines[static_cast<size_t>(*engine)];
      if (list == nullptr || list->size() > slots.size()) {
        Fail(path, node, fmt::format("must be a list of at most {} offsets", slots.size()));
      }
      for (size_t i = 0; i < list->size(); ++i) {
        const uint64_t offset = NumberOf(path, *list->get(i), kMaxOffset);
        if (offset % sizeof(uint32_t) != 0) Fail(path, *list->get(i), "must be a multiple of 4");
        slots[i] = static_cast<uint32_t>(offset);
      }
    }
  }

  std::string file_;
  scanner::Policy policy_;
};

}  // namespace

scanner::Policy ParsePolicy(std::string_view text, const std::string& name) {
  try {
    return PolicyReader(name).Read(toml::parse(text, name));
  } catch (const toml::parse_error& error) {
    throw PolicyError(
        fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
  }
}

scanner::Policy ReadPolicyFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) throw PolicyError(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text;
  std::array<char, 4096> piece{};
  for (size_t got = 1; got != 0 && text.size() <= kMaxPolicyBytes;) {
    got = std::fread(piece.data(), 1, piece.size(), file.get());
    text.append(piece.data(), got);
  }
  if (std::ferror(file.get()) != 0) {
    throw PolicyError(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if (text.size() > kMaxPolicyBytes) throw PolicyError(fmt::format("{}: too long", path));
  return ParsePolicy(text, path);
}

}  // namespace gvt::tools
