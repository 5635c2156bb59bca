// Running another program as if it were this one.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gvt::tools {

// What a child's environment has besides ours; a later one of the same name wins.
using Environment = std::vector<std::pair<std::string, std::string>>;

// Runs words[0], looked up in PATH, and waits for it. Signals that ask this process to end are
// passed on; the child is ended if this process is killed. Returns its exit status, or 128 + the
// signal that ended it. Negative: it could not be started, -errno says why.
int RunChild(const std::vector<std::string>& words, const Environment& environment);

}  // namespace gvt::tools
