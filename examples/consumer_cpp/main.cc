// A C++ host on gvtcore.hpp: what the guest will see of the function, and what an error looks like.
#include <cstdio>
#include <exception>
#include <gvtcore/gvtcore.hpp>
#include <vector>

namespace {

class PrintingHost final : public gvtcore::Host {
 public:
  void RaiseMsi(uint32_t vector) override { std::printf("interrupt %u\n", vector); }
};

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPages = 1024;

}  // namespace

int main() try {
  std::vector<unsigned char> storage((kPages + 1) * kPage);
  void* memory = storage.data();
  size_t room = storage.size();
  std::align(kPage, kPages * kPage, memory, room);

  PrintingHost host;
  const gvtcore::Core core;
  gvtcore::Vgpu vgpu(core, host);
  vgpu.AddMemory(0, kPages * kPage, memory);
  const uint32_t id = vgpu.Read<uint32_t>(GVTCORE_REGION_CONFIG, 0);
  std::printf("PCI id %04x:%04x\n", id & 0xffff, id >> 16);
  for (const gvtcore_type_t& type : core.Types()) {
    std::printf("%s: %u more\n", type.name, type.available);
  }
  for (const gvtcore_event_t& event : vgpu.Events()) {
    std::printf("event %s\n", gvtcore_event_name(event.kind));
  }
  try {
    vgpu.AddMemory(0, kPage, memory);
  } catch (const gvtcore::Error& error) {
    std::printf("%s (%d)\n", error.what(), error.code());
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
