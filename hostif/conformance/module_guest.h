// The guest of a virtual machine that a module made: its processor is the module's, its device a
// vGPU of a core that the module's table was registered with.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "gvtcore/module.h"
#include "hostif/embedded/guest_ports.h"

namespace gvt::hostif::conformance {

// Why no guest can be tried on the module's machines; empty: one can.
std::string MissingForGuest(const gvtcore_module_t& module);

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
  const gvtcore_mpt_ops_t& ops() const { return *ops_; }
  void* gvt() const { return gvt_; }
  // What the host calls the machine of a vGPU of this core by; 0: there is none.
  unsigned long HandleOf(void* vgpu) const;

 private:
  explicit ModuleCore(const gvtcore_module_t& module);
  static int HostInit(struct device* dev, void* gvt, const void* ops);
  static int Attach(void* vgpu, unsigned long* handle);
  static int SetHandle(void* vgpu, unsigned long handle);

  const gvtcore_module_t& module_;
  gvtcore_mpt_t table_;           // the module's, but for host_init and attach_vgpu
  gvtcore_mpt_ops_t told_ops_{};  // the core's as the module has them: set_handle is ours
  gvtcore_t* core_ = nullptr;
  gvtcore_mpt_host_t* host_ = nullptr;
  const gvtcore_mpt_ops_t* ops_ = nullptr;
  void* gvt_ = nullptr;
};

class ModuleGuest final : public embedded::GuestPorts {
 public:
  static constexpr uint64_t kMemoryBytes = uint64_t{16} << 20;

  // nullptr: the vGPU or the virtual machine cannot be made. `core` outlives the guest.
  static std::unique_ptr<ModuleGuest> Create(ModuleCore& core, const char* type = "V5_4");
  ~ModuleGuest() override;
  ModuleGuest(const ModuleGuest&) = delete;
  ModuleGuest& operator=(const ModuleGuest&) = delete;

  void* vm() const { return vm_; }
  void* vgpu() const { return vgpu_; }

  // GuestPorts. Regions are reached by the guest addresses that the BARs are given at creation.
  uint64_t memory_bytes() const override { return kMemoryBytes; }
  void ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const override;
  void WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) override;
  uint32_t Load32(Gpa from) const override;
  bool Store32(Gpa to, uint32_t value) override;
  bool Store64(Gpa to, uint64_t value) override;
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
