// Native: messages, memory, frames put into the guest. Everything else is a default's.
#include "hostif/acrn/table.h"

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace gvt::hostif::acrn {
namespace {

const gvtcore_mpt_ops_t* upward = nullptr;

AcrnVm& Of(unsigned long handle) {
  return *reinterpret_cast<AcrnVm*>(handle);
}

int CodeOf(const Result<void>& result) {
  if (result) return 0;
  const Error error = result.error();
  return error.code == ErrorCode::kIo && error.detail != 0 ? -static_cast<int>(error.detail)
                                                           : -EINVAL;
}

int HostInit(struct device* /*dev*/, void* /*gvt*/, const void* ops) {
  upward = static_cast<const gvtcore_mpt_ops_t*>(ops);
  return 0;
}

int InjectMsi(unsigned long handle, uint32_t address, uint16_t data) {
  return handle == 0 ? -EINVAL : CodeOf(Of(handle).InjectMsi(address, data));
}

// Words of 8 bytes in one access; GuestMemory moves aligned dwords whole.
int ReadGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -EINVAL;
  const GuestMemory& memory = Of(handle).memory();
  if (length != 8 || gpa % 8 != 0) {
    return memory.Read(Gpa(gpa), {static_cast<std::byte*>(data), length}) ? 0 : -EFAULT;
  }
  uint64_t value = 0;
  if (!memory.Load64(Gpa(gpa), &value)) return -EFAULT;
  std::memcpy(data, &value, sizeof value);
  return 0;
}

int WriteGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -EINVAL;
  GuestMemory& memory = Of(handle).memory();
  if (length != 8 || gpa % 8 != 0) {
    return memory.Write(Gpa(gpa), {static_cast<const std::byte*>(data), length}) ? 0 : -EFAULT;
  }
  uint64_t value = 0;
  std::memcpy(&value, data, sizeof value);
  return memory.Store64(Gpa(gpa), value) ? 0 : -EFAULT;
}

int MapFrames(unsigned long handle, unsigned long gfn, unsigned long mfn, unsigned int count,
              bool map) {
  return handle == 0 ? -EINVAL : CodeOf(Of(handle).MapFrames(Gfn(gfn), mfn, count, map));
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
