#include "core/known_pages.h"

namespace gvt::core {

KnownPages::Page* KnownPages::Find(uint64_t number) {
  const auto found = places_.find(number);
  return found == places_.end() ? nullptr : pages_[found->second].get();
}

KnownPages::Page* KnownPages::Add(uint64_t number) {
  size_t place = pages_.size();
  if (place < kMaxPages) {
    pages_.push_back(std::make_unique<Page>());
    numbers_.push_back(number);
  } else {
    place = oldest_;
    oldest_ = (oldest_ + 1) % kMaxPages;
    places_.erase(numbers_[place]);
    numbers_[place] = number;
  }
  places_[number] = place;
  return pages_[place].get();
}

void KnownPages::Forget(uint64_t first, uint64_t count) {
  for (size_t place = 0; place < numbers_.size(); ++place) {
    if (numbers_[place] - first >= count) continue;
    places_.erase(numbers_[place]);
    numbers_[place] = kNoPage;
  }
}

}  // namespace gvt::core
