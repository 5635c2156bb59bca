// The commands of the program. Each adds itself to the command line.
#pragma once

#include "tools/gvtcore/options.h"

namespace gvt::tools {

void AddScanCommand(CommandLine* line);
void AddDisasmCommand(CommandLine* line);
void AddQemuCommand(CommandLine* line);
void AddReplayCommand(CommandLine* line);
void AddDemoCommand(CommandLine* line);
void AddConformanceCommand(CommandLine* line);
void AddServeCommand(CommandLine* line);  // where there is a host for Xen

}  // namespace gvt::tools
