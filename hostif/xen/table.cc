// Native: messages, memory, tracked pages, trapped areas. Machine frames are not for a process that
// is restricted to its domain, so what is about them is a default's.
#include "hostif/xen/table.h"

#include <cerrno>
#include <cstddef>

#include "hostif/table_results.h"

namespace gvt::hostif::xen {
namespace {

const gvtcore_mpt_ops_t* upward = nullptr;

XenDomain& Of(unsigned long handle) {
  return *reinterpret_cast<XenDomain*>(handle);
}

// Where there is no Xen this is where it is noticed.
int HostInit(struct device* /*dev*/, void* /*gvt*/, const void* ops) {
  constexpr uint16_t kControlDomain = 0;
  const auto libraries = Libraries::Open(kControlDomain);
  if (!libraries) return ErrnoOf(libraries.error());
  upward = static_cast<const gvtcore_mpt_ops_t*>(ops);
  return 0;
}

int InjectMsi(unsigned long handle, uint32_t address, uint16_t data) {
  return handle == 0 ? -EINVAL : ErrnoOf(Of(handle).InjectMsi(address, data));
}

int EnablePageTrack(unsigned long handle, uint64_t gfn) {
  return handle == 0 ? -EINVAL : ErrnoOf(Of(handle).Track(Gfn(gfn)));
}

int DisablePageTrack(unsigned long handle, uint64_t gfn) {
  return handle == 0 ? 0 : ErrnoOf(Of(handle).Untrack(Gfn(gfn)));
}

int ReadGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -EINVAL;
  return Of(handle).Read(Gpa(gpa), {static_cast<std::byte*>(data), length}) ? 0 : -EFAULT;
}

int WriteGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -EINVAL;
  return Of(handle).Write(Gpa(gpa), {static_cast<const std::byte*>(data), length}) ? 0 : -EFAULT;
}

int SetTrapArea(unsigned long handle, uint64_t start, uint64_t end, bool map) {
  return handle == 0 ? -EINVAL : ErrnoOf(Of(handle).Claim(true, start, end, map));
}

bool IsValidGfn(unsigned long handle, unsigned long gfn) {
  return handle != 0 && Of(handle).Contains(Gfn(gfn));
}

constexpr gvtcore_mpt_t MakeTable() {
  gvtcore_mpt_t table = {};
  table.type = GVTCORE_HYPERVISOR_XEN;
  table.host_init = &HostInit;
  table.inject_msi = &InjectMsi;
  table.enable_page_track = &EnablePageTrack;
  table.disable_page_track = &DisablePageTrack;
  table.read_gpa = &ReadGpa;
  table.write_gpa = &WriteGpa;
  table.set_trap_area = &SetTrapArea;
  table.is_valid_gfn = &IsValidGfn;
  return table;
}

constexpr gvtcore_mpt_t kTable = MakeTable();

}  // namespace

const gvtcore_mpt_t& Table() {
  return kTable;
}

const gvtcore_mpt_ops_t* Upward() {
  return upward;
}

}  // namespace gvt::hostif::xen
