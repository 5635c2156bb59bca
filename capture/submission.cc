#include "capture/submission.h"

namespace gvt::capture {

std::string_view ProblemName(SubmissionProblem problem) {
  switch (problem) {
    case SubmissionProblem::kNone: return "none";
    case SubmissionProblem::kContextNotMapped: return "context-not-mapped";
    case SubmissionProblem::kRingNotMapped: return "ring-not-mapped";
    case SubmissionProblem::kRingOutOfBounds: return "ring-out-of-bounds";
    case SubmissionProblem::kAddressingMode: return "addressing-mode";
    case SubmissionProblem::kNothingToRun: return "nothing-to-run";
  }
  return "unknown";
}

}  // namespace gvt::capture
