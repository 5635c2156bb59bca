#include "vgpu/value_runs.h"

namespace gvt::vgpu {

void AppendValue(ValueRuns* runs, uint32_t index, uint64_t value) {
  if (value == 0) return;
  if (!runs->empty()) {
    ValueRun& last = runs->back();
    if (last.value == value && last.first + last.count == index) {
      ++last.count;
      return;
    }
  }
  runs->push_back({index, 1, value});
}

}  // namespace gvt::vgpu
