// Compresses what is written into another sink, one zstd frame a write: a file that ends early is
// whole up to its last frame, and frames one behind the other are one stream for every reader.
#pragma once

#include <cstddef>
#include <vector>

#include "capture/byte_sink.h"

namespace gvt::capture {

class ZstdSink final : public ByteSink {
 public:
  // `below` outlives the sink.
  explicit ZstdSink(ByteSink* below);
  ~ZstdSink() override;

  // Cost: about 3 ns a byte. Memory: the size of the largest write.
  bool Write(std::span<const std::byte> bytes) override;

 private:
  struct State;
  ByteSink* below_;
  State* state_;
  std::vector<std::byte> frame_;
};

}  // namespace gvt::capture
