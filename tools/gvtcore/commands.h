// The commands of the program. Each adds itself to the command line, and when it was chosen runs
// and says with what status to exit (report_total.h).
#pragma once

#include <CLI/CLI.hpp>

namespace gvt::tools {

void AddScanCommand(CLI::App* app, int* exit_status);
void AddDisasmCommand(CLI::App* app, int* exit_status);
void AddQemuCommand(CLI::App* app, int* exit_status);
void AddReplayCommand(CLI::App* app, int* exit_status);
void AddDemoCommand(CLI::App* app, int* exit_status);
void AddConformanceCommand(CLI::App* app, int* exit_status);

}  // namespace gvt::tools
