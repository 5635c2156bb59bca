// A vGPU as a PCI function of a domain of Xen's: the domain's requests go to the vGPU, what the
// vGPU asks of its host goes to the domain.
//
// Thread rule: one thread, which Serve() answers the guest on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "gvtcore/gvtcore.h"
#include "hostif/xen/xen_domain.h"

namespace gvt::tools {

class XenDevice {
 public:
  // nullptr: `error` says why. The process is restricted to the domain then.
  static std::unique_ptr<XenDevice> Create(const hostif::xen::XenDomain::Options& where,
                                           gvtcore_vgpu_config_t config, std::string* error);
  ~XenDevice();
  XenDevice(const XenDevice&) = delete;
  XenDevice& operator=(const XenDevice&) = delete;

  uint16_t server() const { return domain_->server(); }
  void MarkWrites(bool on) { domain_->MarkWrites(on); }
  // Until `stop_file` is readable or the domain has gone. False: Xen failed.
  bool Serve(int stop_file);
  // The guest's device goes. Behind Serve().
  void End();

 private:
  // Where the guest has put a region; no length: nowhere.
  struct Area {
    uint64_t gpa = 0;
    uint64_t length = 0;
  };

  XenDevice() = default;
  bool Access(hostif::xen::GuestAccess& access);
  void SetArea(uint32_t region, uint64_t gpa, uint64_t length, bool on);
  static const gvtcore_host_ops_t& Ops();

  std::unique_ptr<hostif::xen::XenDomain> domain_;
  gvtcore_t* core_ = nullptr;
  gvtcore_vgpu_t* vgpu_ = nullptr;
  std::array<Area, 3> areas_{};  // by region; of the serving thread
};

}  // namespace gvt::tools
