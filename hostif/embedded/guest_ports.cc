// Accesses of one width, on those of any.
#include "hostif/embedded/guest_ports.h"

#include "gvtcore/gvtcore.h"

namespace gvt::hostif::embedded {

uint32_t GuestPorts::ReadRegister(uint32_t offset) const {
  uint32_t value = ~0u;
  ReadDevice(GVTCORE_REGION_BAR0, offset, &value, sizeof value);
  return value;
}

void GuestPorts::WriteRegister(uint32_t offset, uint32_t value) {
  WriteDevice(GVTCORE_REGION_BAR0, offset, &value, sizeof value);
}

void GuestPorts::WriteGgttEntry(uint64_t page, uint64_t entry) {
  constexpr uint64_t kGgttWindow = uint64_t{8} << 20;  // of BAR0
  WriteDevice(GVTCORE_REGION_BAR0, kGgttWindow + page * sizeof entry, &entry, sizeof entry);
}

uint32_t GuestPorts::ReadConfig(uint32_t offset) const {
  uint32_t value = ~0u;
  ReadDevice(GVTCORE_REGION_CONFIG, offset, &value, sizeof value);
  return value;
}

void GuestPorts::WriteConfig(uint32_t offset, uint32_t value) {
  WriteDevice(GVTCORE_REGION_CONFIG, offset, &value, sizeof value);
}

}  // namespace gvt::hostif::embedded
