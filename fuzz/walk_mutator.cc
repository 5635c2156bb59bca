// Mutator of the walk fuzzer: streams are changed command by command, batch starts point at pages
// that exist, pages come, go and get further versions.
#include <algorithm>
#include <random>
#include <span>

#include "fuzz/mutate.h"
#include "fuzz/stream_mutator.h"
#include "fuzz/walk_input.h"

namespace gvt::fuzz {
namespace {

constexpr uint32_t kBatchBufferStart = 0x31u << 23 | 1;
constexpr uint32_t kPpgttBit = 1u << 8;
constexpr uint32_t kPredicateBit = 1u << 15;
constexpr uint32_t kSecondLevelBit = 1u << 22;
constexpr size_t kPageDwords = 1024;

// Three dwords of a page become a batch start into a page of the input.
void AddBatchStart(WalkInput* input, WalkPage* page, std::minstd_rand* random) {
  const WalkPage& target = input->pages[(*random)() % input->pages.size()];
  uint32_t header = kBatchBufferStart;
  if (target.space == hw::AddressSpace::kPpgtt) header |= kPpgttBit;
  if ((*random)() % 3 == 0) header |= kSecondLevelBit;
  if ((*random)() % 4 == 0) header |= kPredicateBit;
  const uint64_t address = (target.number << 12) + 4 * ((*random)() % 8);
  const size_t at = page->dwords.empty() ? 0 : (*random)() % page->dwords.size();
  page->dwords.resize(std::min(std::max(page->dwords.size(), at + 3), kPageDwords));
  if (page->dwords.size() < at + 3) return;
  page->dwords[at] = header;
  page->dwords[at + 1] = static_cast<uint32_t>(address);
  page->dwords[at + 2] = static_cast<uint32_t>(address >> 32);
}

void MutatePages(WalkInput* input, unsigned seed) {
  std::minstd_rand random(seed);
  WalkPage& page = input->pages[random() % input->pages.size()];
  switch (random() % 8) {
    case 0: AddBatchStart(input, &page, &random); break;
    case 1:
      if (input->pages.size() < kMaxWalkPages) {
        WalkPage copy = page;
        copy.number += random() % 2;
        input->pages.push_back(std::move(copy));
      }
      break;
    case 2:
      if (input->pages.size() > 1) input->pages.pop_back();
      break;
    default:
      StreamMutator(input->platform, input->workload.engine, seed)
          .Mutate(&page.dwords, kPageDwords);
  }
}

}  // namespace
}  // namespace gvt::fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  using namespace gvt::fuzz;
  auto input = ParseWalkInput(std::span(data, size));
  if (!input || input->pages.empty() || seed % 8 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  if (seed % 8 == 1) {
    LLVMFuzzerMutate(data, kWalkHeaderBytes, kWalkHeaderBytes);
    return size;
  }
  MutatePages(&*input, seed);
  const auto bytes = SerializeWalkInput(*input);
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
