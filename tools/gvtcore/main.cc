#include "tools/gvtcore/command_line.h"

int main(int argc, char** argv) {
  return gvt::tools::RunCommandLine(argc, argv);
}
