// A small guest that does whatever it likes to its page tables, beside the shadow of them and the
// plain walk that says what the shadow must be.
//
// Sixty-four pages that begin as tables full of links to each other, each of which may be used as a
// table of any level or as data, in slots that come and go. Each step is one operation: a store of
// any size, an entry that makes sense, a new root, a consistency point, a slot removed or given
// back, translations through one of two walkers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>

#include "base/address.h"
#include "hostif/guest_memory.h"
#include "hw/page_walk.h"
#include "shadow/shadow_tables.h"

namespace gvt::oracle {

class ShadowWorld {
 public:
  // `next`: gives any 64-bit value, each time another one.
  using Source = std::function<uint64_t()>;

  ShadowWorld(uint32_t tables, hw::LargePtes large_ptes, Source next);

  // One operation. nullptr: all is as it must be; otherwise what is not.
  const char* Step();

  const shadow::ShadowCounters& counters() const { return tables_.counters(); }
  uint64_t translations() const { return translations_; }
  uint64_t hits() const { return hits_; }

 private:
  static constexpr uint64_t kPages = 64;

  struct Walker {
    Walker(shadow::ShadowTables& tables, hw::LargePtes large_ptes) : shadow(tables, large_ptes) {}
    shadow::ShadowWalker shadow;
    bool four_level = true;
    std::array<uint64_t, 4> pdp{};
    bool is_synced = false;  // the guest did nothing since its last consistency point
  };

  uint64_t Below(uint64_t bound) { return next_() % bound; }
  uint64_t* Entry(uint64_t page, uint64_t index) { return &memory_.get()[page * 512 + index]; }
  uint64_t SomeIndex();
  uint64_t SomeEntry();
  Gma SomeAddress();
  void StoreBytes();
  void ChangeMap();
  void Bind(Walker* walker);
  void Touch();
  std::optional<uint64_t> Naive(const Walker& walker, Gma address, bool* writable) const;
  const char* Compare(Walker* walker);

  Source next_;
  const hw::LargePtes large_ptes_;
  std::unique_ptr<uint64_t, decltype(&std::free)> memory_;
  std::array<bool, kPages> present_{};
  hostif::GuestMemory guest_;
  shadow::ShadowTables tables_;
  std::array<Walker, 2> walkers_;
  uint64_t translations_ = 0;
  uint64_t hits_ = 0;
};

}  // namespace gvt::oracle
