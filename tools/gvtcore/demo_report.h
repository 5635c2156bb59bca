// What the demo tells: on the terminal and for programs.
#pragma once

#include <string>

#include "tools/gvtcore/demo_run.h"
#include "tools/gvtcore/text_table.h"

namespace gvt::tools {

// Ends with a line feed.
std::string DemoText(const DemoResult& result, const Colours& colours);
// One JSON document; docs/json.md describes the keys.
std::string DemoJson(const DemoResult& result);
// Nothing was lost, and memory is what the model says.
bool DemoIsClean(const DemoResult& result);

}  // namespace gvt::tools
