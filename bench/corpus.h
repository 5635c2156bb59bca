// The segments of one capture as the scanner sees them: what every benchmark works on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "capture/file_error.h"
#include "hw/platform.h"
#include "scanner/segment.h"

namespace gvt::bench {

// Which segments of a workload. The figures of the project are about batches; the rest is what the
// guest's kernel driver puts around each of them.
enum class Part : uint8_t {
  kBatches,  // first and second level
  kAround,   // rings, context images, indirect contexts, per-context batches
};

// One segment, from where control entered to the end of its last command.
struct Piece {
  scanner::Segment segment;  // dwords point into Corpus::dwords
  // The same as the walker had copied it, page by page: with what lies behind the last command.
  scanner::Segment copied;
  uint32_t commands = 0;
};

struct Corpus {
  std::string name;  // CorpusName() of the file
  hw::Platform platform = hw::Platform::kSkl;
  std::vector<uint32_t> dwords;  // the private copies, one behind the other
  std::vector<Piece> pieces;     // in the order of the walk
  uint64_t commands = 0;

  // Of the segments, without what lies behind them.
  uint64_t bytes() const {
    uint64_t bytes = 0;
    for (const Piece& piece : pieces) bytes += piece.segment.dwords.size_bytes();
    return bytes;
  }
};

// The captures of the folder that the environment variable GVT_CORPUS names, else of bench/corpora.
std::vector<std::string> CorpusFiles();

// "skl-iris-glxgears" for ".../skl-iris-glxgears.aub.xz".
std::string CorpusName(const std::string& path);

// Replays a capture and keeps a private copy of each segment of `part`. Segments that were refused
// are left out: a benchmark compares scans of whole segments. Errors: those of the reader.
capture::FileResult<Corpus> LoadCorpus(const std::string& path, Part part);

}  // namespace gvt::bench
