// All compiled traces of one engine object: trees that grow while they are used.
//
// A root stands for a state of the stream: what kind of segment, and the header of the command
// just before (or that the segment begins, and with which header). From a root, compiled traces
// branch as streams do: where a command differs from what is known, a link leads to another trace
// that begins there, or back to the scanner. A trace that reaches a landmark goes on at the root of
// that landmark, so that whatever led there shares what follows. Nothing is predicted: a tree is
// walked by what the stream is.
//
// Thread rule: one learner calls what is not const; any thread calls the rest between Enter and
// leave (jit/quiescence.h).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "jit/code_arena.h"
#include "jit/code_names.h"
#include "jit/emitter.h"
#include "jit/link.h"
#include "jit/quiescence.h"
#include "scanner/segment.h"

namespace gvt::jit {

// Names a root: Key() of what it stands for.
using RootKey = uint64_t;

// The root of segments that begin with `header`.
RootKey KeyOfStart(const scanner::Segment& segment, uint32_t header);
// The root behind a landmark.
RootKey KeyBehind(const scanner::Segment& segment, uint32_t header);

struct StoreStatistics {
  uint64_t traces = 0;   // compiled so far
  uint64_t flushes = 0;  // times that all was forgotten to make room
};

// Where a run left the traces.
struct TraceRun {
  uint32_t position = 0;  // in the segment
  uint32_t commands = 0;  // stepped over
  uint32_t link = 0;      // through which it left
};

class TraceStore {
 public:
  static constexpr ArenaSizes kSizes{size_t{1} << 20, size_t{1} << 18, size_t{1} << 18};
  static constexpr uint32_t kMaxRoots = 1024;
  static constexpr uint32_t kNoLink = 0;

  // Errors: those of CodeArena::Create.
  static Result<std::unique_ptr<TraceStore>> Create(const ArenaSizes& sizes = kSizes);

  // The link of a root; kNoLink: not known. Wait-free.
  uint32_t FindRoot(RootKey key) const;
  // What the link means through which a run left.
  const Link& link(uint32_t number) const {
    // Whoever came through published code sees this counter at least as new as that code.
    static_cast<void>(published_.load(std::memory_order_acquire));
    return links_[number];
  }
  bool IsCompiled(uint32_t number) const {
    return links_[number].code.load(std::memory_order_relaxed) != leave_;
  }
  // Runs what hangs on a link, over `segment` from dword `position` on, where the link stands.
  TraceRun Run(uint32_t number, const scanner::Segment& segment, uint32_t position) const;
  // Counts a scan that left through the link; true once every kHeat times.
  bool Heat(uint32_t number) const;
  // Changes whenever all links are forgotten.
  uint32_t generation() const { return generation_.load(std::memory_order_acquire); }
  Quiescence& quiescence() const { return quiescence_; }

  // The root's link, made if it is new; kNoLink: there is no room.
  uint32_t AddRoot(RootKey key);
  // Compiles `trace` and hangs it on `link`, from where on everybody runs it. `root` as EmitTrace()
  // has it. False: there is no room.
  bool Compile(const Trace& trace, uint32_t link, uint32_t root);
  // Forgets everything, and waits until nobody runs any of it.
  void Flush();
  StoreStatistics statistics() const;

  // What was emitted since the last flush: for tests and debuggers. Execute view.
  std::span<const uint8_t> emitted() const {
    return {arena_->ToExecute(arena_->code().data()), code_used_};
  }

 private:
  struct Root {
    // atomic: written by AddRoot with release after `link`, read by FindRoot with acquire
    std::atomic<RootKey> key{0};
    uint32_t link = 0;
  };
  explicit TraceStore(std::unique_ptr<CodeArena> arena);
  void Reset();

  const std::unique_ptr<CodeArena> arena_;
  const std::unique_ptr<CodeNames> names_;  // null: nobody asks
  const std::span<Link> links_;             // write view; number 0 is none
  const std::span<uint32_t> constants_;
  // atomic, relaxed: a lost count is no loss
  const std::unique_ptr<std::atomic<uint8_t>[]> heat_;
  std::array<Root, kMaxRoots> roots_{};
  mutable Quiescence quiescence_;
  // atomic: written by the learner with release, read by scanners with acquire
  std::atomic<uint32_t> generation_{0};
  // atomic: written with release before the link of each trace, read by link() with acquire
  mutable std::atomic<uint64_t> published_{0};

  // The learner's.
  const uint8_t* leave_ = nullptr;  // execute view
  size_t code_used_ = 0;
  size_t constants_used_ = 0;
  uint32_t links_used_ = 0;
  uint32_t roots_used_ = 0;
  // atomic, relaxed: statistics
  std::atomic<uint64_t> traces_{0};
  std::atomic<uint64_t> flushes_{0};
};

}  // namespace gvt::jit
