// The parts of the Xen host that need no Xen; the rest is tried on a real one (run_xen.py).
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "hostif/xen/ioreq.h"
#include "hostif/xen/mapping_cache.h"
#include "hostif/xen/xen_domain.h"

namespace gvt::hostif::xen {
namespace {

constexpr uint32_t kFunction = 2 << 3;
using Kind = Request::Kind;

ioreq_t Ask(uint8_t type, uint64_t address, uint32_t size, uint32_t count = 1) {
  ioreq_t request = {};
  request.type = type;
  request.addr = address;
  request.size = size;
  request.count = count;
  return request;
}

TEST(Ioreq, IsOneAccess) {
  ioreq_t request = Ask(IOREQ_TYPE_COPY, 0xf0001000, 4);
  request.data = 0x1234;
  const Request decoded = Decode(request, kFunction);
  EXPECT_EQ(decoded.kind, Kind::kMemory);
  EXPECT_TRUE(decoded.write);
  EXPECT_FALSE(decoded.data_in_memory);
  EXPECT_EQ(decoded.count, 1u);
  EXPECT_EQ(decoded.AddressOf(0), 0xf0001000u);
  EXPECT_EQ(decoded.data, 0x1234u);
}

TEST(Ioreq, IsAStringUpOrDown) {
  ioreq_t request = Ask(IOREQ_TYPE_COPY, 0xf0001000, 8, 5);
  request.dir = IOREQ_READ;
  request.data_is_ptr = 1;
  request.data = 0x9000;
  Request decoded = Decode(request, kFunction);
  EXPECT_EQ(decoded.kind, Kind::kMemory);
  EXPECT_FALSE(decoded.write);
  EXPECT_EQ(decoded.AddressOf(4), 0xf0001020u);
  EXPECT_EQ(decoded.DataAddressOf(4), 0x9020u);
  request.df = 1;
  decoded = Decode(request, kFunction);
  EXPECT_EQ(decoded.AddressOf(4), 0xf0000fe0u);
  EXPECT_EQ(decoded.DataAddressOf(4), 0x8fe0u);
}

TEST(Ioreq, NamesOurFunctionOnly) {
  const uint64_t ours = uint64_t{kFunction} << 32;
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_PCI_CONFIG, ours | 0x10, 4), kFunction).kind, Kind::kConfig);
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_PCI_CONFIG, ours | 0x10, 8), kFunction).kind, Kind::kNobody);
  const uint64_t other = uint64_t{3 << 3} << 32;
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_PCI_CONFIG, other | 0x10, 4), kFunction).kind, Kind::kNobody);
  // A string of configuration accesses stays at its register.
  ioreq_t request = Ask(IOREQ_TYPE_PCI_CONFIG, ours | 0x10, 4, 3);
  request.data_is_ptr = 1;
  request.data = 0x9000;
  const Request decoded = Decode(request, kFunction);
  EXPECT_EQ(decoded.AddressOf(2), 0x10u);
  EXPECT_EQ(decoded.DataAddressOf(2), 0x9008u);
}

TEST(Ioreq, RefusesWhatNoInstructionSays) {
  for (const uint32_t size : {0u, 3u, 5u, 16u, ~0u}) {
    EXPECT_EQ(Decode(Ask(IOREQ_TYPE_COPY, 0x1000, size), kFunction).kind, Kind::kNobody) << size;
  }
  for (const uint32_t count : {0u, kMaxAccesses + 1, ~0u}) {
    EXPECT_EQ(Decode(Ask(IOREQ_TYPE_COPY, 0x1000, 4, count), kFunction).kind, Kind::kNobody);
  }
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_COPY, ~0ull - 3, 4), kFunction).kind, Kind::kMemory);
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_COPY, ~0ull - 2, 4), kFunction).kind, Kind::kNobody);
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_COPY, ~0ull - 7, 4, 3), kFunction).kind, Kind::kNobody);
  ioreq_t down = Ask(IOREQ_TYPE_COPY, 8, 4, 3);
  down.df = 1;
  EXPECT_EQ(Decode(down, kFunction).kind, Kind::kMemory);
  down.addr = 4;
  EXPECT_EQ(Decode(down, kFunction).kind, Kind::kNobody);
  down = Ask(IOREQ_TYPE_COPY, 0x1000, 4, 3);
  down.data_is_ptr = 1;
  down.data = ~0ull - 4;
  EXPECT_EQ(Decode(down, kFunction).kind, Kind::kNobody);
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_PIO, 0x80, 1), kFunction).kind, Kind::kNobody);
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_TIMEOFFSET, 0, 8), kFunction).kind, Kind::kNobody);
  EXPECT_EQ(Decode(Ask(IOREQ_TYPE_INVALIDATE, 0, 4, 0), kFunction).kind, Kind::kInvalidate);
}

// A domain that is a file in memory, some of whose pages are missing.
class FileMapper final : public FrameMapper {
 public:
  explicit FileMapper(uint64_t pages) : pages_(pages), file_(memfd_create("guest", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(file_, static_cast<off_t>(pages << kPageShift)), 0);
  }
  ~FileMapper() override {
    EXPECT_TRUE(mapped_.empty());
    close(file_);
  }

  void* Map(Gfn first, std::span<int> errors) override {
    ++maps;
    const size_t bytes = errors.size() << kPageShift;
    // As Linux: what page tables cannot name is dropped.
    const uint64_t from = first.value & ((uint64_t{1} << 40) - 1);
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_,
                    static_cast<off_t>(from << kPageShift));
    if (at == MAP_FAILED) return nullptr;
    for (size_t i = 0; i < errors.size(); ++i) {
      const uint64_t frame = from + i;
      errors[i] = frame < pages_ && missing.count(frame) == 0 ? 0 : -EINVAL;
      if (errors[i] != 0)
        mprotect(static_cast<std::byte*>(at) + (i << kPageShift), kPageSize, PROT_NONE);
    }
    mapped_[at] = errors.size();
    return at;
  }

  void Unmap(void* address, size_t pages) override {
    ASSERT_EQ(mapped_[address], pages);
    mapped_.erase(address);
    munmap(address, pages << kPageShift);
  }

  std::set<uint64_t> missing;
  int maps = 0;

 private:
  const uint64_t pages_;
  const int file_;
  std::map<void*, size_t> mapped_;
};

template <typename T>
bool Get(MappingCache& cache, uint64_t at, T* out) {
  return cache.Read(Gpa(at), std::as_writable_bytes(std::span(out, 1)));
}

template <typename T>
bool Put(MappingCache& cache, uint64_t at, T value) {
  return cache.Write(Gpa(at), std::as_bytes(std::span(&value, 1)));
}

constexpr uint64_t kChunk = MappingCache::kChunkPages << kPageShift;

TEST(MappingCache, MapsAChunkOnce) {
  FileMapper mapper(1024);
  MappingCache cache(mapper);
  uint64_t seen = 0;
  ASSERT_TRUE(Put<uint64_t>(cache, 0x1000, 0x1122334455667788));
  ASSERT_TRUE(Get(cache, 0x1000, &seen));
  EXPECT_EQ(seen, 0x1122334455667788u);
  EXPECT_EQ(mapper.maps, 1);
  // Across chunks.
  std::vector<uint8_t> data(9000);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<uint8_t>(i * 11);
  ASSERT_TRUE(cache.Write(Gpa(kChunk - 4003), std::as_bytes(std::span(data))));
  std::vector<uint8_t> back(data.size());
  ASSERT_TRUE(cache.Read(Gpa(kChunk - 4003), std::as_writable_bytes(std::span(back))));
  EXPECT_EQ(back, data);
  EXPECT_EQ(mapper.maps, 2);
  cache.Invalidate();
  EXPECT_EQ(cache.chunks(), 0u);
  ASSERT_TRUE(Get(cache, 0x1000, &seen));
  EXPECT_EQ(mapper.maps, 3);
}

TEST(MappingCache, AnswersForPagesThatAreNotThere) {
  FileMapper mapper(1024);
  for (uint64_t frame = 1; frame < 256; frame += 2) mapper.missing.insert(frame);
  MappingCache cache(mapper);
  uint32_t value = 0;
  EXPECT_FALSE(Get(cache, 0x1ffc, &value));
  EXPECT_TRUE(Get(cache, 0x2000, &value));
  EXPECT_TRUE(cache.Contains(Gfn(4)));
  EXPECT_FALSE(cache.Contains(Gfn(5)));
  std::vector<uint8_t> across(8);
  EXPECT_FALSE(cache.Read(Gpa(0x2ffc), std::as_writable_bytes(std::span(across))));
  for (const uint64_t nowhere :
       {uint64_t{1024} << 12, ~uint64_t{0} - 3, uint64_t{1} << 52, uint64_t{1} << 63}) {
    EXPECT_FALSE(Get(cache, nowhere, &value)) << nowhere;
  }
  for (const uint64_t frame : {uint64_t{1} << 40, uint64_t{1} << 51, ~uint64_t{0}}) {
    EXPECT_FALSE(cache.Contains(Gfn(frame))) << frame;
  }
  // The guest gets a page back.
  mapper.missing.erase(5);
  EXPECT_TRUE(Put<uint32_t>(cache, 0x5000, 7));
  EXPECT_TRUE(Get(cache, 0x5000, &value));
  EXPECT_EQ(value, 7u);
}

TEST(MappingCache, IsBounded) {
  constexpr uint64_t kChunks = 300;
  FileMapper mapper(kChunks * MappingCache::kChunkPages);
  // Three slots a chunk, so that slots run out before chunks do.
  for (uint64_t chunk = 0; chunk < kChunks; ++chunk) {
    mapper.missing.insert(chunk * 256 + 10);
    mapper.missing.insert(chunk * 256 + 20);
  }
  MappingCache cache(mapper);
  for (uint64_t i = 0; i < kChunks; ++i) ASSERT_TRUE(Put<uint64_t>(cache, i * kChunk, i));
  EXPECT_LE(cache.chunks(), kMaxSlots / 3);
  mapper.missing.clear();
  for (uint64_t i = 0; i < kChunks; ++i) {
    uint64_t seen = ~uint64_t{0};
    ASSERT_TRUE(Get(cache, i * kChunk, &seen));
    EXPECT_EQ(seen, i);
    ASSERT_LE(cache.chunks(), MappingCache::kMaxChunks);
  }
}

TEST(MappingCache, MayBeInvalidatedDuringAccesses) {
  FileMapper mapper(1024);
  MappingCache cache(mapper);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (uint64_t n = 0; n < 3; ++n) {
    threads.emplace_back([&, n] {
      for (uint64_t i = 0; i < 200; ++i) {
        const uint64_t at = (i % 4) * kChunk + n * 8;
        uint64_t seen = 0;
        if (!Put(cache, at, i) || !Get(cache, at, &seen) || seen != i) wrong.fetch_add(1);
      }
    });
  }
  for (int i = 0; i < 10; ++i) cache.Invalidate();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

// Where this runs there is no Xen.
TEST(XenDomain, SaysThatThereIsNoXen) {
  if (std::filesystem::exists("/dev/xen/privcmd")) GTEST_SKIP() << "this is a control domain";
  const auto domain = XenDomain::Open({.domain = 1, .server = std::nullopt});
  ASSERT_FALSE(domain);
  EXPECT_EQ(domain.error().code, ErrorCode::kIo);
  EXPECT_EQ(domain.error().detail, static_cast<uint32_t>(ENOENT));
}

}  // namespace
}  // namespace gvt::hostif::xen
