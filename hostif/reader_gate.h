// Lets writers wait until nobody can still be using what they have just unpublished.
//
// Readers mark the time of one access; they never wait and never see the gate's writers. A writer
// that has published a replacement calls WaitForReaders(): when that returns, every reader that may
// have seen the former state has left.
//
// Why it is right: all operations are sequentially consistent. A reader that saw the former state
// was counted before the replacement was published, under one of two parities; the writer sees
// each parity at zero after that. Readers that come later count under the parity that the writer is
// not waiting for, so that they cannot hold it up.
//
// With one thread (Threads::kOne) there is nobody to wait for, and nothing is counted.
//
// Progress: Enter and Leave are wait-free; WaitForReaders ends when the readers of that moment
// leave.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "base/optional_mutex.h"

namespace gvt::hostif {

class ReaderGate {
 public:
  explicit ReaderGate(Threads threads = Threads::kMany) : is_shared_(threads == Threads::kMany) {}

  // What Leave() must be given back.
  using Ticket = std::atomic<uint32_t>*;

  Ticket Enter() {
    if (!is_shared_) return nullptr;
    const uint32_t parity = phase_.load(std::memory_order_seq_cst) & 1;
    Ticket ticket = &shards_[ShardOfThread()].count[parity];
    ticket->fetch_add(1, std::memory_order_seq_cst);
    return ticket;
  }
  static void Leave(Ticket ticket) {
    if (ticket != nullptr) ticket->fetch_sub(1, std::memory_order_seq_cst);
  }

  // One caller at a time.
  void WaitForReaders() {
    for (int turn = 0; turn < 2; ++turn) {
      const uint32_t parity = phase_.fetch_add(1, std::memory_order_seq_cst) & 1;
      for (unsigned tries = 0; !IsEmpty(parity); ++tries) Pause(tries);
    }
  }

 private:
  static constexpr size_t kShards = 16;
  struct alignas(64) Shard {
    std::array<std::atomic<uint32_t>, 2> count{};
  };

  static size_t ShardOfThread() {
    static std::atomic<size_t> next{0};
    thread_local const size_t kShard = next.fetch_add(1, std::memory_order_relaxed) % kShards;
    return kShard;
  }
  bool IsEmpty(uint32_t parity) const {
    for (const Shard& shard : shards_) {
      if (shard.count[parity].load(std::memory_order_seq_cst) != 0) return false;
    }
    return true;
  }
  static void Pause(unsigned tries) {
    constexpr unsigned kYields = 16;
    if (tries < kYields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  const bool is_shared_;
  std::atomic<uint32_t> phase_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace gvt::hostif
