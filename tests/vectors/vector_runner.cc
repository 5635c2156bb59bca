#include "tests/vectors/vector_runner.h"

#include <sstream>

#include "scanner/interpreter.h"
#include "scanner/segment_walker.h"
#include "tests/oracle/checked_engine.h"
#include "tests/oracle/report_text.h"

namespace gvt::vectors {
namespace {

// Collapses runs of blanks and leading ones: what the reader does to the `expect` block.
std::string Normalised(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string joined;
    for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
    out += joined + "\n";
  }
  return out;
}

class Recorder final : public scanner::WalkObserver {
 public:
  explicit Recorder(VectorFile* vector) : vector_(*vector) {}

  void OnSegment(const scanner::Segment& segment, const scanner::ScanReport& report) override {
    text_ += oracle::SegmentText(segment) + oracle::ReportText(report);
    ++segments_;
    for (const LaterWrite& write : vector_.later) {
      if (write.after_segments != segments_) continue;
      vector_.memory.Write(write.space, write.address, write.dwords);
    }
  }

  void Add(const std::string& text) { text_ += text; }
  const std::string& text() const { return text_; }

 private:
  VectorFile& vector_;
  uint32_t segments_ = 0;
  std::string text_;
};

}  // namespace

VectorOutcome RunVector(VectorFile* vector) {
  const scanner::Interpreter interpreter(vector->platform, vector->policy);
  const oracle::CheckedEngine engine(interpreter, vector->platform, vector->policy);
  Recorder recorder(vector);
  if (vector->scan) {
    scanner::ScanReport report;
    engine.Scan(*vector->scan, &report);
    recorder.OnSegment(*vector->scan, report);
  } else {
    scanner::SegmentWalker walker(engine, vector->policy);
    for (uint32_t walk = 0; walk < vector->walks; ++walk) {
      recorder.Add(oracle::TotalsText(walker.Walk(vector->workload, vector->memory, &recorder)));
    }
  }
  return {Normalised(recorder.text()), engine.difference()};
}

}  // namespace gvt::vectors
