// A capture made ready to be run again and again by a guest: what each submission needs in memory,
// and what it must leave there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/file_error.h"
#include "hw/platform.h"

namespace gvt::tools {

using DemoPage = std::array<uint32_t, 1024>;

// A dword that a workload leaves changed.
struct DemoEffect {
  uint16_t dword = 0;    // of its page
  bool is_time = false;  // its value depends on when it ran
  uint32_t value = 0;
};

struct DemoMemory {
  uint64_t page = 0;     // number of the guest page
  uint32_t content = 0;  // index into DemoCapture::contents: before the workload
  std::vector<DemoEffect> effects;
};

struct DemoMapping {
  uint64_t page = 0;  // of the GGTT
  uint64_t entry = 0;
};

// One submission. Page tables, context image, batches and data are as the capture has them; the
// ring is the guest's own.
struct DemoWorkload {
  hw::Engine engine = hw::Engine::kRcs;
  uint64_t descriptor = 0;
  uint64_t image_page = 0;  // guest page of the register state; part of `memory`
  std::vector<uint32_t> ring;
  uint64_t commands = 0;
  std::vector<DemoMemory> memory;
  std::vector<DemoMapping> mappings;
};

struct DemoCapture {
  std::string name;
  hw::Platform platform = hw::Platform::kSkl;
  std::vector<DemoPage> contents;
  std::vector<DemoWorkload> workloads;
  uint64_t end_page = 1;        // behind the last guest page
  uint64_t free_ggtt_page = 0;  // kDemoFreePages from there on are never mapped
  uint64_t skipped = 0;         // submissions that the slow model does not bring to their end
};

inline constexpr size_t kDemoWorkloads = 48;     // of a capture, at most
inline constexpr size_t kDemoRingDwords = 3072;  // of a workload, at most
inline constexpr uint64_t kDemoFreePages = 64;
inline constexpr uint64_t kDemoMemoryPages = uint64_t{1} << 28;  // 1 TiB, hardly any of it used

// Reads the first workloads of an AUB file and asks the slow model what each leaves.
capture::FileResult<DemoCapture> LoadDemoCapture(const std::string& path);

}  // namespace gvt::tools
