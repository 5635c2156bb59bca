// Reads a scan policy from a TOML file.
//
//   [ggtt]
//   aperture = { begin = 0x00000000, size = 0x10000000 }
//   hidden   = { begin = 0x10000000, size = 0xf0000000 }
//   [actions]
//   ggtt-range = "fail-batch"
//   [force-to-nonpriv]
//   rcs = [0x2580, 0x7014]
//
// What is not named keeps its default. A key that does not exist, a value of another type, and an
// action milder than is safe are errors.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "scanner/policy.h"

namespace gvt::tools {

// What is wrong: "FILE:LINE: KEY: REASON".
class PolicyError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws PolicyError.
scanner::Policy ReadPolicyFile(const std::string& path);
// As ReadPolicyFile over text; `name` stands for the file in errors.
scanner::Policy ParsePolicy(std::string_view text, const std::string& name);

}  // namespace gvt::tools
