// What makes code of sequences, where there is something that does: jit/.
#pragma once

#include <memory>

#include "recall/sequence.h"

namespace gvt::recall {

class Compiler {
 public:
  virtual ~Compiler() = default;
  // Code for the checks of `sequence`, valid until Forget() or the end of this object; null: there
  // is no room. Thread rule: one thread at a time, which is the one that runs the code.
  virtual CompareFunction Compile(const Sequence& sequence) = 0;
  virtual void Forget() = 0;
};

// Makes one; null: the system gives no memory for code.
using CompilerFactory = std::unique_ptr<Compiler> (*)();

}  // namespace gvt::recall
