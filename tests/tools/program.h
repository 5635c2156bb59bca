// Runs gvtcore as a person would, and makes small files for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gvt::tools::testing {

struct Outcome {
  int status = -1;  // exit status; -1: did not exit by itself
  std::string out;
  std::string err;
};

// Arguments are passed as they are, no shell looks at them.
Outcome RunGvtcore(const std::vector<std::string>& arguments);
// Any program of the path.
Outcome RunProgram(const std::string& program, const std::vector<std::string>& arguments);
bool HasProgram(const std::string& name);

// A scratch file, gone with the test's process; gives its path.
std::string ScratchFile(const std::string& name, std::string_view content);
std::string ScratchDwords(const std::string& name, const std::vector<uint32_t>& dwords);

std::string FileContent(const std::string& path);

// One of the bundled captures.
std::string Capture(const std::string& name);

}  // namespace gvt::tools::testing
