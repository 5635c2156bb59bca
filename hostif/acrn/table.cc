// Native: messages, memory, frames put into the guest. Everything else is a default's.
#include "hostif/acrn/table.h"

#include <cerrno>

#include "hostif/table_results.h"

namespace gvt::hostif::acrn {
namespace {

const gvtcore_mpt_ops_t* upward = nullptr;

AcrnVm& Of(unsigned long handle) {
  return *reinterpret_cast<AcrnVm*>(handle);
}

int HostInit(struct device* /*dev*/, void* /*gvt*/, const void* ops) {
  upward = static_cast<const gvtcore_mpt_ops_t*>(ops);
  return 0;
}

int InjectMsi(unsigned long handle, uint32_t address, uint16_t data) {
  return handle == 0 ? -EINVAL : ErrnoOf(Of(handle).InjectMsi(address, data));
}

int ReadGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  return handle == 0 ? -EINVAL : hostif::ReadGpa(Of(handle).memory(), gpa, data, length);
}

int WriteGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  return handle == 0 ? -EINVAL : hostif::WriteGpa(Of(handle).memory(), gpa, data, length);
}

int MapFrames(unsigned long handle, unsigned long gfn, unsigned long mfn, unsigned int count,
              bool map) {
  return handle == 0 ? -EINVAL : ErrnoOf(Of(handle).MapFrames(Gfn(gfn), mfn, count, map));
}

bool IsValidGfn(unsigned long handle, unsigned long gfn) {
  return handle != 0 && Of(handle).memory().Contains(Gfn(gfn));
}

constexpr gvtcore_mpt_t MakeTable() {
  gvtcore_mpt_t table = {};
  table.type = GVTCORE_HYPERVISOR_ACRN;
  table.host_init = &HostInit;
  table.inject_msi = &InjectMsi;
  table.read_gpa = &ReadGpa;
  table.write_gpa = &WriteGpa;
  table.map_gfn_to_mfn = &MapFrames;
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

}  // namespace gvt::hostif::acrn
