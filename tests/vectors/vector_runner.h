// Runs a test vector and writes down what happened, in the words of its `expect` block.
#pragma once

#include <string>

#include "tests/vectors/vector_file.h"

namespace gvt::vectors {

struct VectorOutcome {
  std::string text;        // same form as VectorFile::expected
  std::string difference;  // interpreter against naive scanner; empty if they agree
};

// Changes the vector's memory as its `after` lines say.
VectorOutcome RunVector(VectorFile* vector);

}  // namespace gvt::vectors
