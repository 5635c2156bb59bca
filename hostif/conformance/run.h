// Tries a host: every line of the contract, each with a virtual machine of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hostif/conformance/figures.h"
#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {

struct LineResult {
  const Line* line = nullptr;
  Verdict verdict;
};

struct Report {
  std::string host;
  gvtcore_hypervisor_t type = 0;  // as the table says
  std::string error;              // the host could not be tried at all; empty: it was
  std::vector<LineResult> lines;
  std::vector<Figure> figures;  // if they were asked for

  // Nothing failed.
  bool passed() const;
  size_t Count(Outcome outcome) const;
};

// All lines, in the order of their ids' subjects.
std::vector<const Line*> AllLines();

// `module` is fit (hostif/module).
Report Try(const gvtcore_module_t& module, const Options& options = {});

// What a program of Options::fresh_process does: if the kit has started it, goes on with the
// workload that the kit saved, and gives the exit status. nullopt: it was started by somebody else.
std::optional<int> ResumeIfAsked(const gvtcore_module_t& module);

}  // namespace gvt::hostif::conformance
