// Guest memory that is another domain's: mapped into this process a chunk at a time, when it is
// first touched, and a bounded number of chunks.
//
// Readers of what is mapped take no lock (GuestMemory). What is not mapped is mapped under a lock;
// the chunk that was mapped first makes room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>

#include "base/address.h"
#include "hostif/guest_memory.h"

namespace gvt::hostif::xen {

// Maps frames of the domain. Thread rule: one caller at a time.
class FrameMapper {
 public:
  virtual ~FrameMapper() = default;
  // Frames [first, first + errors.size()) side by side; errors[i] becomes 0 where there is one.
  // nullptr: none is mapped.
  virtual void* Map(Gfn first, std::span<int> errors) = 0;
  virtual void Unmap(void* address, size_t pages) = 0;
};

class MappingCache {
 public:
  static constexpr uint64_t kChunkPages = 256;  // 1 MiB
  static constexpr size_t kMaxChunks = 256;     // of a domain

  // `mapper` outlives the object.
  explicit MappingCache(FrameMapper& mapper) : mapper_(mapper) {}
  ~MappingCache() { Invalidate(); }
  MappingCache(const MappingCache&) = delete;
  MappingCache& operator=(const MappingCache&) = delete;

  // Any length and alignment, across pages; 4 and 8 bytes, naturally aligned, are one access for
  // the guest's processors. False: some byte is not there; those before it may have been moved.
  // Thread rule: any thread. Cost: a copy; a system call for a chunk that is not mapped.
  bool Read(Gpa from, std::span<std::byte> out);
  bool Write(Gpa to, std::span<const std::byte> data);
  bool Contains(Gfn frame);
  // Forgets everything that is mapped. When it returns, nothing of it is being touched.
  void Invalidate();

  size_t chunks() const;

 private:
  struct Chunk {
    uint64_t number = 0;  // guest address / size of a chunk
    void* address = nullptr;
  };

  // Runs `access` a page at a time, each mapped before if there is memory.
  template <typename Access>
  bool Piecewise(uint64_t address, uint64_t size_bytes, const Access& access);
  // The caller holds lock_, all of them.
  void MapChunk(uint64_t address);
  bool IsThere(uint64_t address);
  void DropOldest();
  void Drop(const Chunk& chunk);

  FrameMapper& mapper_;
  GuestMemory memory_;
  mutable std::mutex lock_;   // held to map and to forget
  std::deque<Chunk> chunks_;  // guarded by lock_; in the order of mapping
};

}  // namespace gvt::hostif::xen
