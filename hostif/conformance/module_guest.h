// The guest of a virtual machine that a module made: its processor is the module's, its device a
// vGPU of a core that the module's table was registered with.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gvtcore/module.h"
#include "hostif/embedded/guest_ports.h"

namespace gvt::hostif::conformance {

// Why no guest can be tried on the module's machines; empty: one can.
std::string MissingForGuest(const gvtcore_module_t& module);

// What the core told set_trap_area, and the answer.
struct TrapCall {
  uint64_t start = 0;
  uint64_t end = 0;  // included
  bool on = false;
  int code = 0;
};

// A module's table behind a core, as long as the object lives. The operations that the table was
// given are kept aside for the module's vGPUs.
class ModuleCore {
 public:
  // nullptr: host_init failed, or there is no core. `module` outlives the object.
  static std::unique_ptr<ModuleCore> Create(const gvtcore_module_t& module);
  ~ModuleCore();
  ModuleCore(const ModuleCore&) = delete;
  ModuleCore& operator=(const ModuleCore&) = delete;

  const gvtcore_module_t& module() const { return module_; }
  // As the module has them: what it makes of them is seen.
  const gvtcore_mpt_ops_t& ops() const { return told_ops_; }
  void* gvt() const { return gvt_; }
  // What the table's set_trap_area was told since the last call; empty if it has none.
  std::vector<TrapCall> TakeTrapCalls();
  // What the host calls the machine of a vGPU of this core by; 0: there is none.
  unsigned long HandleOf(void* vgpu) const;

 private:
  explicit ModuleCore(const gvtcore_module_t& module);
  static int HostInit(struct device* dev, void* gvt, const void* ops);
  static int Attach(void* vgpu, unsigned long* handle);
  static int SetHandle(void* vgpu, unsigned long handle);
  static int SetTrapArea(unsigned long handle, uint64_t start, uint64_t end, bool map);

  const gvtcore_module_t& module_;
  gvtcore_mpt_t table_;           // the module's, but for members that are overheard
  gvtcore_mpt_ops_t told_ops_{};  // the core's as the module has them: set_handle is ours
  gvtcore_t* core_ = nullptr;
  gvtcore_mpt_host_t* host_ = nullptr;
  void* gvt_ = nullptr;
};

class ModuleGuest final : public embedded::GuestPorts {
 public:
  static constexpr uint64_t kMemoryBytes = uint64_t{16} << 20;
  static constexpr uint64_t kBar0At = 0xe0000000;
  static constexpr uint64_t kBar2At = 0xc0000000;

  // nullptr: the vGPU or the virtual machine cannot be made. `core` outlives the guest.
  static std::unique_ptr<ModuleGuest> Create(ModuleCore& core, const char* type = "V5_4");
  ~ModuleGuest() override;
  ModuleGuest(const ModuleGuest&) = delete;
  ModuleGuest& operator=(const ModuleGuest&) = delete;

  void* vm() const { return vm_; }
  void* vgpu() const { return vgpu_; }
  ModuleCore& core() const { return core_; }
  // Gives the BARs their addresses, as firmware does.
  void PlaceRegions();
  // The machine is gone, the vGPU is not. Once.
  void DestroyVm();
  // The memory of the machine can be seen: by its processor, or by the table.
  bool shows_memory() const;
  // Only if it can. False: some byte is not there.
  bool ReadMemory(uint64_t gpa, void* data, size_t bytes) const;

  // GuestPorts. Regions are reached by the guest addresses that the BARs are given at creation.
  uint64_t memory_bytes() const override { return kMemoryBytes; }
  void ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const override;
  void WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) override;
  uint32_t Load32(Gpa from) const override;
  bool Store32(Gpa to, uint32_t value) override;
  bool Store64(Gpa to, uint64_t value) override;
  // In pieces: a processor that obeys a mailbox is asked once for each.
  bool Store(Gpa to, std::span<const uint32_t> dwords) override;
  uint64_t interrupts() const override { return interrupts_; }
  bool WaitForInterrupt(uint64_t seen, std::chrono::milliseconds limit) override;

 private:
  explicit ModuleGuest(ModuleCore& core) : core_(core) {}

  ModuleCore& core_;
  void* vgpu_ = nullptr;
  void* vm_ = nullptr;
  uint64_t interrupts_ = 0;
};

}  // namespace gvt::hostif::conformance
