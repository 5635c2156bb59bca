// Guest memory that is not in this process: the host moves it, a copy at a time.
#pragma once

#include <cstddef>
#include <span>

#include "base/address.h"

namespace gvt::hostif {

// Asked for what no slot holds. Thread rule: any thread, several at once.
class OutsideMemory {
 public:
  virtual ~OutsideMemory() = default;
  // Across pages; not empty. Naturally aligned 4 and 8 bytes are one access for the guest's
  // processors. False: some byte is not there; bytes before it may have been moved.
  virtual bool Read(Gpa from, std::span<std::byte> out) = 0;
  virtual bool Write(Gpa to, std::span<const std::byte> data) = 0;
};

}  // namespace gvt::hostif
