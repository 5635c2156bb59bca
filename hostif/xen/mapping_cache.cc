// Invariants:
// 1. what GuestMemory holds lies in a chunk of chunks_, and a chunk leaves GuestMemory before it is
//    unmapped, which waits for readers;
// 2. a chunk is unmapped by lock_'s holder only, so an access under lock_ finds what was mapped.
//
// A page that a chunk lacks is asked for again each time: the guest may have got it since. That
// maps a page, not the chunk, unless it has come.
#include "hostif/xen/mapping_cache.h"

#include <algorithm>
#include <array>

#include "hostif/table_results.h"

namespace gvt::hostif::xen {
namespace {

constexpr uint64_t kChunkBytes = MappingCache::kChunkPages << kPageShift;
// What a processor's page tables can name. Linux drops the bits above, and maps another frame.
constexpr uint64_t kEndOfMemory = uint64_t{1} << 52;

uint64_t ChunkOf(uint64_t address) {
  return address / kChunkBytes;
}

bool ReadOnce(const GuestMemory& memory, uint64_t from, std::span<std::byte> out) {
  return ReadGpa(memory, from, out.data(), out.size()) == 0;
}

bool WriteOnce(GuestMemory& memory, uint64_t to, std::span<const std::byte> data) {
  return WriteGpa(memory, to, data.data(), data.size()) == 0;
}

}  // namespace

template <typename Access>
bool MappingCache::Piecewise(uint64_t address, uint64_t size_bytes, const Access& access) {
  if (size_bytes > kEndOfMemory || address > kEndOfMemory - size_bytes) return false;
  for (uint64_t done = 0; done < size_bytes;) {
    const uint64_t at = address + done;
    const uint64_t piece = std::min(size_bytes - done, kPageSize - at % kPageSize);
    const std::lock_guard lock(lock_);
    if (!memory_.Contains(Gfn(at >> kPageShift))) MapChunk(at);
    if (!access(at, done, piece)) return false;
    done += piece;
  }
  return true;
}

bool MappingCache::Read(Gpa from, std::span<std::byte> out) {
  if (ReadOnce(memory_, from.value, out)) return true;
  return Piecewise(from.value, out.size(), [&](uint64_t at, uint64_t done, uint64_t piece) {
    return ReadOnce(memory_, at, out.subspan(done, piece));
  });
}

bool MappingCache::Write(Gpa to, std::span<const std::byte> data) {
  if (WriteOnce(memory_, to.value, data)) return true;
  return Piecewise(to.value, data.size(), [&](uint64_t at, uint64_t done, uint64_t piece) {
    return WriteOnce(memory_, at, data.subspan(done, piece));
  });
}

bool MappingCache::Contains(Gfn frame) {
  if (frame.value >= kEndOfMemory >> kPageShift) return false;
  if (memory_.Contains(frame)) return true;
  const std::lock_guard lock(lock_);
  MapChunk(frame.value << kPageShift);
  return memory_.Contains(frame);
}

bool MappingCache::IsThere(uint64_t address) {
  std::array<int, 1> error{};
  void* page = mapper_.Map(Gfn(address >> kPageShift), error);
  if (page == nullptr) return false;
  mapper_.Unmap(page, 1);
  return error[0] == 0;
}

void MappingCache::Drop(const Chunk& chunk) {
  static_cast<void>(memory_.Remove(Gpa(chunk.number * kChunkBytes), kChunkBytes));
  mapper_.Unmap(chunk.address, kChunkPages);
}

void MappingCache::DropOldest() {
  Drop(chunks_.front());
  chunks_.pop_front();
}

void MappingCache::MapChunk(uint64_t address) {
  const uint64_t number = ChunkOf(address);
  const auto known = std::find_if(chunks_.begin(), chunks_.end(),
                                  [&](const Chunk& chunk) { return chunk.number == number; });
  if (known != chunks_.end()) {
    if (!IsThere(address)) return;
    Drop(*known);
    chunks_.erase(known);
  }
  std::array<int, kChunkPages> errors{};
  const uint64_t first = number * kChunkPages;
  void* mapped = mapper_.Map(Gfn(first), errors);
  if (mapped == nullptr) return;
  if (std::all_of(errors.begin(), errors.end(), [](int error) { return error != 0; })) {
    mapper_.Unmap(mapped, kChunkPages);
    return;
  }
  while (chunks_.size() >= kMaxChunks) DropOldest();
  chunks_.push_back({number, mapped});
  for (uint64_t page = 0; page < kChunkPages;) {
    uint64_t end = page;
    while (end < kChunkPages && errors[end] == 0) ++end;
    if (end == page) {
      ++page;
      continue;
    }
    // Memory with holes has more slots than chunks: older ones make room for those, too. One chunk
    // alone always fits.
    static_assert(kChunkPages / 2 < kMaxSlots);
    const auto add = [&] {
      return memory_.Add(Gpa((first + page) << kPageShift), (end - page) << kPageShift,
                         static_cast<std::byte*>(mapped) + (page << kPageShift), false);
    };
    for (Result<void> added = add(); !added && added.error().code == ErrorCode::kNoSpace;
         added = add()) {
      DropOldest();
    }
    page = end;
  }
}

void MappingCache::Invalidate() {
  const std::lock_guard lock(lock_);
  while (!chunks_.empty()) DropOldest();
}

size_t MappingCache::chunks() const {
  const std::lock_guard lock(lock_);
  return chunks_.size();
}

}  // namespace gvt::hostif::xen
