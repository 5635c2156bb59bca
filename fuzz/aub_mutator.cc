// Mutator of the AUB fuzzer: whole packets are repeated, moved and dropped, header fields and the
// first dwords of a packet change, and the commands in written memory change as streams.
#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "base/bits.h"
#include "fuzz/mutate.h"
#include "fuzz/stream_mutator.h"

namespace gvt::fuzz {
namespace {

struct Packet {
  size_t begin = 0;
  size_t size = 0;
};

constexpr size_t kFixedDwords = 5;  // header and operands of a memory write
constexpr uint32_t kMemoryWrite = 0xf706;

uint32_t DwordAt(std::span<const uint8_t> bytes, size_t at) {
  uint32_t dword = 0;
  if (at + sizeof dword <= bytes.size()) std::memcpy(&dword, &bytes[at], sizeof dword);
  return dword;
}

// Packets by their length fields; the last one may be cut.
std::vector<Packet> PacketsOf(std::span<const uint8_t> bytes) {
  std::vector<Packet> packets;
  for (size_t at = 0; at + sizeof(uint32_t) <= bytes.size();) {
    const uint32_t header = DwordAt(bytes, at);
    const bool legacy = Bits(header, 28, 23) == 1;
    size_t size = (size_t{Bits(header, 15, 0)} + (legacy ? 2 : 1)) * 4;
    if (legacy && Bits(header, 22, 16) == 0x41) size += DwordAt(bytes, at + 16);
    size = std::min(size, bytes.size() - at);
    packets.push_back({at, size});
    at += size;
  }
  return packets;
}

// The data of a memory write change as a command stream; its size stays.
void MutateStream(std::span<uint8_t> packet, std::minstd_rand* random) {
  std::span<uint8_t> data = packet.subspan(kFixedDwords * 4);
  std::vector<uint32_t> dwords(data.size() / 4);
  std::memcpy(dwords.data(), data.data(), dwords.size() * 4);
  const auto platform = static_cast<hw::Platform>((*random)() % hw::kPlatformCount);
  const auto engine = static_cast<hw::Engine>((*random)() % hw::kEngineCount);
  StreamMutator(platform, engine, static_cast<unsigned>((*random)()))
      .Mutate(&dwords, dwords.size());
  std::memcpy(data.data(), dwords.data(), dwords.size() * 4);
}

size_t Mutate(std::vector<uint8_t>* bytes, std::minstd_rand* random) {
  const std::vector<Packet> packets = PacketsOf(*bytes);
  if (packets.empty()) return 0;
  const Packet packet = packets[(*random)() % packets.size()];
  const auto begin = bytes->begin() + static_cast<std::ptrdiff_t>(packet.begin);
  const auto end = begin + static_cast<std::ptrdiff_t>(packet.size);
  const std::span<uint8_t> view(&*begin, packet.size);
  switch ((*random)() % 8) {
    case 0: bytes->erase(begin, end); break;
    case 1: {
      const std::vector<uint8_t> copy(begin, end);
      const Packet before = packets[(*random)() % packets.size()];
      bytes->insert(bytes->begin() + static_cast<std::ptrdiff_t>(before.begin), copy.begin(),
                    copy.end());
      break;
    }
    case 2: bytes->resize(packet.begin + (*random)() % (packet.size + 1)); break;
    case 3:
    case 4:
      if (DwordAt(view, 0) >> 16 == kMemoryWrite && view.size() > kFixedDwords * 4 + 4) {
        MutateStream(view, random);
        break;
      }
      [[fallthrough]];
    default: {
      const size_t fixed = std::min(packet.size, kFixedDwords * 4);
      LLVMFuzzerMutate(view.data(), fixed, fixed);
    }
  }
  return bytes->size();
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  std::minstd_rand random(seed);
  std::vector<uint8_t> bytes(data, data + size);
  if (random() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const size_t changed = gvt::fuzz::Mutate(&bytes, &random);
  if (changed == 0 || changed > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
