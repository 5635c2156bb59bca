// Mutator of the scan fuzzer: mostly command by command, sometimes the header or plain bytes.
#include <algorithm>
#include <span>

#include "fuzz/mutate.h"
#include "fuzz/scan_input.h"
#include "fuzz/stream_mutator.h"

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  using namespace gvt::fuzz;
  auto input = ParseScanInput(std::span(data, size));
  if (!input || max_size < kScanHeaderBytes + sizeof(uint32_t) || seed % 8 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  if (seed % 8 == 1) {
    LLVMFuzzerMutate(data, kScanHeaderBytes, kScanHeaderBytes);
    return size;
  }
  StreamMutator mutator(input->platform, input->engine, seed);
  const size_t max_dwords = (max_size - kScanHeaderBytes) / sizeof(uint32_t);
  for (unsigned i = 0; i <= seed / 8 % 3; ++i) mutator.Mutate(&input->dwords, max_dwords);
  const auto bytes = SerializeScanInput(*input);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}
