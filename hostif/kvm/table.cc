// What KVM has a way of its own for: messages (KVM_SIGNAL_MSI), tracked pages (read-only slots) and
// memory (the VMM's mapping of it). The rest is the defaults': there is no IOMMU below, and the VMM
// follows the BARs.
#include "hostif/kvm/table.h"

#include <cerrno>

#include "hostif/table_results.h"

namespace gvt::hostif::kvm {
namespace {

const gvtcore_mpt_ops_t* upward = nullptr;

VmServices& Of(unsigned long handle) {
  return *reinterpret_cast<VmServices*>(handle);
}

int HostInit(struct device* /*dev*/, void* /*gvt*/, const void* ops) {
  upward = static_cast<const gvtcore_mpt_ops_t*>(ops);
  return 0;
}

int InjectMsi(unsigned long handle, uint32_t address, uint16_t data) {
  return handle == 0 ? -ESRCH : ErrnoOf(Of(handle).SignalMsi(address, data));
}

int EnablePageTrack(unsigned long handle, uint64_t gfn) {
  return handle == 0 ? -ESRCH : ErrnoOf(Of(handle).slots().Track(Gfn(gfn)));
}

int DisablePageTrack(unsigned long handle, uint64_t gfn) {
  return handle == 0 ? 0 : ErrnoOf(Of(handle).slots().Untrack(Gfn(gfn)));
}

int ReadGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  return handle == 0 ? -ESRCH : hostif::ReadGpa(Of(handle).slots().memory(), gpa, data, length);
}

int WriteGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  return handle == 0 ? -ESRCH : hostif::WriteGpa(Of(handle).slots().memory(), gpa, data, length);
}

bool IsValidGfn(unsigned long handle, unsigned long gfn) {
  return handle != 0 && Of(handle).slots().memory().Contains(Gfn(gfn));
}

constexpr gvtcore_mpt_t MakeTable() {
  gvtcore_mpt_t table = {};
  table.type = GVTCORE_HYPERVISOR_KVM;
  table.host_init = &HostInit;
  table.inject_msi = &InjectMsi;
  table.enable_page_track = &EnablePageTrack;
  table.disable_page_track = &DisablePageTrack;
  table.read_gpa = &ReadGpa;
  table.write_gpa = &WriteGpa;
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

}  // namespace gvt::hostif::kvm
