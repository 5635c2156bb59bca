#include "vgpu/register_file.h"

#include <algorithm>
#include <iterator>

#include "hw/platform.h"

namespace gvt::vgpu {
namespace {

struct InitialValue {
  uint32_t offset;
  uint32_t value;
};

constexpr InitialValue kInitialValues[] = {
#define GVT_INITIAL(offset, value, source) {offset, value},
#define GVT_ENGINE_INITIAL(offset, value, source)
#include "vgpu/initial_values.inc"
#undef GVT_INITIAL
#undef GVT_ENGINE_INITIAL
};

constexpr InitialValue kEngineInitialValues[] = {
#define GVT_INITIAL(offset, value, source)
#define GVT_ENGINE_INITIAL(offset, value, source) {offset, value},
#include "vgpu/initial_values.inc"
#undef GVT_INITIAL
#undef GVT_ENGINE_INITIAL
};

consteval bool InitialValuesFit() {
  for (const InitialValue& row : kInitialValues) {
    if (row.offset % 4 != 0 || row.offset >= hw::kMmioBytes) return false;
  }
  for (const InitialValue& row : kEngineInitialValues) {
    if (row.offset % 4 != 0 || row.offset >= 0x1000) return false;
  }
  return true;
}
static_assert(InitialValuesFit());

}  // namespace

RegisterFile::RegisterFile() {
  StoreInitialValues(0, hw::kMmioBytes);
}

void RegisterFile::ResetRange(uint32_t begin, uint32_t end) {
  end = std::min(end, hw::kMmioBytes);
  for (uint32_t offset = begin & ~3u; offset < end; offset += 4) {
    if (Load(offset) != 0) Store(offset, 0);  // a page that was never written stays unwritten
  }
  StoreInitialValues(begin, end);
}

ValueRuns RegisterFile::Save() const {
  ValueRuns runs;
  for (uint32_t i = 0; i < kRegisterCount; ++i) AppendValue(&runs, i, Load(4 * i));
  return runs;
}

void RegisterFile::Restore(const ValueRuns& runs) {
  uint32_t next = 0;
  const auto zero_until = [&](uint32_t end) {
    for (; next < end; ++next) {
      if (Load(4 * next) != 0) Store(4 * next, 0);  // as in ResetRange
    }
  };
  for (const ValueRun& run : runs) {
    const uint32_t first = std::clamp(run.first, next, kRegisterCount);
    const uint32_t end = first + std::min(run.count, kRegisterCount - first);
    zero_until(first);
    for (; next < end; ++next) Store(4 * next, static_cast<uint32_t>(run.value));
  }
  zero_until(kRegisterCount);
}

void RegisterFile::StoreInitialValues(uint32_t begin, uint32_t end) {
  const auto put = [&](uint32_t offset, uint32_t value) {
    if (offset >= begin && offset < end) Store(offset, value);
  };
  for (const InitialValue& row : kInitialValues) put(row.offset, row.value);
  for (unsigned e = 0; e < hw::kEngineCount; ++e) {
    const uint32_t base = hw::EngineMmioBase(static_cast<hw::Engine>(e));
    for (const InitialValue& row : kEngineInitialValues) put(base + row.offset, row.value);
  }
}

}  // namespace gvt::vgpu
