// The program as a function.
#pragma once

namespace gvt::tools {

// Parses the command line, runs the command that it names, and returns the exit status
// (report_total.h). Anything wrong with the command line is kExitError.
int RunCommandLine(int argc, const char* const* argv);

}  // namespace gvt::tools
