// Streams that recur with changes, as frames do: what a scanner that learns must not be fooled by.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/platform.h"
#include "scanner/policy.h"
#include "scanner/segment.h"
#include "tests/oracle/stream_generator.h"

namespace gvt::oracle {

class RecurringStreams {
 public:
  RecurringStreams(uint64_t seed, hw::Platform platform, hw::Engine engine,
                   const scanner::Policy& policy);

  // One of a few streams, most often with a dword changed, a command put in or taken out, or its
  // end cut off; as a batch of some kind at one of a few places. Valid until the next call.
  scanner::Segment Next();

 private:
  void Change();

  StreamGenerator generator_;
  const hw::Engine engine_;
  std::vector<std::vector<uint32_t>> streams_;
  std::vector<uint32_t> current_;
};

}  // namespace gvt::oracle
