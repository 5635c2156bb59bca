// What a replay will know of guest memory: the pages whose content the trace has, as far as the
// recorder remembers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/address.h"

namespace gvt::core {

// At most kMaxPages; the one that came first leaves first. A page that is forgotten is recorded
// again when it is read again.
class KnownPages {
 public:
  static constexpr size_t kMaxPages = 8192;
  using Page = std::array<std::byte, kPageSize>;

  // nullptr: not known.
  Page* Find(uint64_t number);
  // Makes room for a page that is not known.
  Page* Add(uint64_t number);
  void Forget(uint64_t first, uint64_t count);

 private:
  static constexpr uint64_t kNoPage = ~uint64_t{0};

  std::unordered_map<uint64_t, size_t> places_;
  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<uint64_t> numbers_;  // of pages_; kNoPage: forgotten
  size_t oldest_ = 0;
};

}  // namespace gvt::core
