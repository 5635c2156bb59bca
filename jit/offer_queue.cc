#include "jit/offer_queue.h"

#include <algorithm>

namespace gvt::jit {

bool OfferQueue::Put(uint32_t generation, uint32_t link, RootKey key,
                     const scanner::Segment& segment, uint32_t position) {
  for (Slot& slot : slots_) {
    State expected = State::kFree;
    if (slot.state.load(std::memory_order_relaxed) != State::kFree ||
        !slot.state.compare_exchange_strong(expected, State::kFilling, std::memory_order_acquire)) {
      continue;
    }
    Offer& offer = slot.offer;
    offer.generation = generation;
    offer.link = link;
    offer.key = key;
    const auto rest = segment.dwords.subspan(position);
    offer.count = static_cast<uint32_t>(std::min<size_t>(rest.size(), Offer::kMaxDwords));
    std::copy_n(rest.begin(), offer.count, offer.dwords.begin());
    offer.segment = segment;
    offer.segment.start = segment.start + uint64_t{position} * sizeof(uint32_t);
    offer.segment.dwords = std::span<const uint32_t>(offer.dwords).first(offer.count);
    offer.segment.complete = false;
    slot.state.store(State::kFull, std::memory_order_release);
    ready_.release();
    return true;
  }
  return false;
}

Offer* OfferQueue::Take() {
  ready_.acquire();
  return closed_.load(std::memory_order_acquire) ? nullptr : NextFull();
}

// Not by the semaphore's try_acquire(): that of libstdc++ gives up the processor before it says no.
Offer* OfferQueue::TryTake() {
  const bool any = std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    return slot.state.load(std::memory_order_acquire) == State::kFull;
  });
  return any ? Take() : nullptr;
}

// There is one: the semaphore counts them.
Offer* OfferQueue::NextFull() {
  for (;; next_ = (next_ + 1) % kSlots) {
    Slot& slot = slots_[next_];
    if (slot.state.load(std::memory_order_acquire) == State::kFull) return &slot.offer;
  }
}

void OfferQueue::Done(Offer* offer) {
  for (Slot& slot : slots_) {
    if (&slot.offer == offer) slot.state.store(State::kFree, std::memory_order_release);
  }
}

void OfferQueue::Close() {
  closed_.store(true, std::memory_order_release);
  ready_.release();
}

}  // namespace gvt::jit
