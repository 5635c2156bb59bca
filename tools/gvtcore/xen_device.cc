// The guest's accesses are answered on one thread; memory and messages are asked for by the core's.
// BAR4, which is ports, is not claimed: nothing that drivers use is behind it.
#include "tools/gvtcore/xen_device.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <span>

namespace gvt::tools {
namespace {

using hostif::xen::GuestAccess;
using hostif::xen::XenDomain;

std::string TextOf(const Error& error, uint16_t domain) {
  const int code = static_cast<int>(error.detail);
  if (error.code != ErrorCode::kIo) return fmt::format("domain {}: cannot be served", domain);
  if (code == ENOENT) return "there is no Xen here, or this is not its control domain";
  return fmt::format("domain {}: {}", domain, std::strerror(code));
}

}  // namespace

const gvtcore_host_ops_t& XenDevice::Ops() {
  static const gvtcore_host_ops_t kOps = [] {
    gvtcore_host_ops_t ops = {};
    ops.size = sizeof ops;
    ops.log = [](void*, gvtcore_log_level_t, const char* text) {
      fmt::print(stderr, "gvtcore: {}\n", text);
    };
    ops.inject_msi = [](void* self, uint64_t address, uint32_t data) {
      static_cast<void>(static_cast<XenDevice*>(self)->domain_->InjectMsi(address, data));
    };
    ops.read_memory = [](void* self, uint64_t gpa, void* data, size_t length) {
      XenDomain& domain = *static_cast<XenDevice*>(self)->domain_;
      return domain.Read(Gpa(gpa), {static_cast<std::byte*>(data), length}) ? 0 : -EFAULT;
    };
    ops.write_memory = [](void* self, uint64_t gpa, const void* data, size_t length) {
      XenDomain& domain = *static_cast<XenDevice*>(self)->domain_;
      return domain.Write(Gpa(gpa), {static_cast<const std::byte*>(data), length}) ? 0 : -EFAULT;
    };
    ops.set_trap_area = [](void* self, uint32_t region, uint64_t gpa, uint64_t length, int on) {
      static_cast<XenDevice*>(self)->SetArea(region, gpa, length, on != 0);
    };
    return ops;
  }();
  return kOps;
}

std::unique_ptr<XenDevice> XenDevice::Create(const XenDomain::Options& where,
                                             gvtcore_vgpu_config_t config, std::string* error) {
  std::unique_ptr<XenDevice> device(new XenDevice);
  auto domain = XenDomain::Open(where);
  if (!domain) {
    *error = TextOf(domain.error(), where.domain);
    return nullptr;
  }
  device->domain_ = std::move(domain).value();
  if (const Result<void> restricted = device->domain_->Restrict(); !restricted) {
    *error = TextOf(restricted.error(), where.domain);
    return nullptr;
  }
  config.size = sizeof config;
  int code = gvtcore_create(&device->core_);
  if (code == 0) {
    code = gvtcore_vgpu_create(device->core_, &config, &Ops(), device.get(), &device->vgpu_);
  }
  if (code == 0) return device;
  *error = gvtcore_error_text(code);
  return nullptr;
}

XenDevice::~XenDevice() {
  gvtcore_vgpu_destroy(vgpu_);
  gvtcore_destroy(core_);
}

void XenDevice::SetArea(uint32_t region, uint64_t gpa, uint64_t length, bool on) {
  if (region >= areas_.size() || length == 0) return;
  areas_[region] = on ? Area{gpa, length} : Area{};
  const Result<void> claimed = domain_->Claim(true, gpa, gpa + (length - 1), on);
  if (on && !claimed) {
    fmt::print(stderr, "gvtcore: BAR{} at {:#x}: {}\n", region, gpa,
               std::strerror(static_cast<int>(claimed.error().detail)));
  }
}

bool XenDevice::Access(GuestAccess& access) {
  uint32_t region = GVTCORE_REGION_CONFIG;
  uint64_t offset = access.address;
  if (!access.config) {
    for (region = 0; region < areas_.size(); ++region) {
      offset = access.address - areas_[region].gpa;
      if (access.address >= areas_[region].gpa && offset < areas_[region].length) break;
    }
    if (region == areas_.size()) return false;
  }
  const int64_t done = access.write
                           ? gvtcore_vgpu_write(vgpu_, region, offset, &access.value, access.bytes)
                           : gvtcore_vgpu_read(vgpu_, region, offset, &access.value, access.bytes);
  return done >= 0;
}

bool XenDevice::Serve(int stop_file) {
  return bool{
      domain_->Serve([this](GuestAccess& access) { return Access(access); }, {}, stop_file)};
}

void XenDevice::End() {
  // It gives its areas back while there is a server.
  gvtcore_vgpu_destroy(vgpu_);
  vgpu_ = nullptr;
  static_cast<void>(domain_->End());
}

}  // namespace gvt::tools
