// Only what has no generic default: memory and interrupts. The host lives in the process of the
// core, so there is nothing to pin, to map or to trap.
//
// Invariants: 1. memory is only touched through GuestMemory, so removal waits for accesses and what
// was removed is not there; 2. a machine's handle is taken back before it goes.
#include "hostif/embedded/table.h"

#include <sys/mman.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <new>

#include "hostif/guest_memory.h"
#include "hostif/table_results.h"

namespace gvt::hostif::embedded {
namespace {

constexpr size_t kMaxPending = 1024;  // interrupts; more are one

const gvtcore_mpt_ops_t* upward = nullptr;  // of the core that the table is registered with

class TableMachine {
 public:
  TableMachine(void* vgpu, uint64_t memory_bytes) : vgpu_(vgpu), bytes_(memory_bytes) {}
  ~TableMachine() {
    if (pages_ != MAP_FAILED) munmap(pages_, bytes_);
  }
  TableMachine(const TableMachine&) = delete;
  TableMachine& operator=(const TableMachine&) = delete;

  bool MakeMemory() {
    pages_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages_ != MAP_FAILED && memory_.Add(Gpa(0), bytes_, pages_, false).has_value();
  }
  GuestMemory& memory() { return memory_; }
  void Interrupt(uint32_t vector) {
    const std::lock_guard lock(lock_);
    if (vectors_.size() < kMaxPending) vectors_.push_back(vector);
    raised_.notify_all();
  }
  bool TakeInterrupt(std::chrono::milliseconds limit, uint32_t* vector) {
    std::unique_lock lock(lock_);
    if (!raised_.wait_for(lock, limit, [&] { return !vectors_.empty(); })) return false;
    *vector = vectors_.front();
    vectors_.pop_front();
    return true;
  }
  void* vgpu() const { return vgpu_; }

 private:
  void* const vgpu_;
  const uint64_t bytes_;
  void* pages_ = MAP_FAILED;
  GuestMemory memory_;
  std::mutex lock_;  // guards vectors_
  std::condition_variable raised_;
  std::deque<uint32_t> vectors_;
};

TableMachine* Of(unsigned long handle) {
  return reinterpret_cast<TableMachine*>(handle);
}

int HostInit(struct device* /*dev*/, void* /*gvt*/, const void* ops) {
  upward = static_cast<const gvtcore_mpt_ops_t*>(ops);
  return 0;
}

int InjectMsi(unsigned long handle, uint32_t /*address*/, uint16_t data) {
  if (handle == 0) return -ESRCH;
  Of(handle)->Interrupt(data & 0xff);
  return 0;
}

int ReadGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -ESRCH;
  return hostif::ReadGpa(Of(handle)->memory(), gpa, data, length);
}

int WriteGpa(unsigned long handle, unsigned long gpa, void* data, unsigned long length) {
  if (handle == 0) return -ESRCH;
  return hostif::WriteGpa(Of(handle)->memory(), gpa, data, length);
}

constexpr gvtcore_mpt_t MakeTable() {
  gvtcore_mpt_t table = {};
  table.type = GVTCORE_HYPERVISOR_EMBEDDED;
  table.host_init = &HostInit;
  table.inject_msi = &InjectMsi;
  table.read_gpa = &ReadGpa;
  table.write_gpa = &WriteGpa;
  return table;
}

constexpr gvtcore_mpt_t kTable = MakeTable();

int CreateVm(void* vgpu, uint64_t memory_bytes, void** out) {
  std::unique_ptr<TableMachine> machine(new (std::nothrow) TableMachine(vgpu, memory_bytes));
  if (machine == nullptr || !machine->MakeMemory()) return -ENOMEM;
  *out = machine.get();
  return upward->set_handle(vgpu, reinterpret_cast<unsigned long>(machine.release()));
}

void DestroyVm(void* vm) {
  const std::unique_ptr<TableMachine> machine(static_cast<TableMachine*>(vm));
  upward->set_handle(machine->vgpu(), 0);
}

int GuestRead(void* vm, uint64_t gpa, void* data, size_t length) {
  return hostif::ReadGpa(static_cast<TableMachine*>(vm)->memory(), gpa, data, length);
}

int GuestWrite(void* vm, uint64_t gpa, const void* data, size_t length) {
  return hostif::WriteGpa(static_cast<TableMachine*>(vm)->memory(), gpa, data, length);
}

int GuestInterrupt(void* vm, uint32_t timeout_ms, uint32_t* vector) {
  const std::chrono::milliseconds limit(timeout_ms);
  return static_cast<TableMachine*>(vm)->TakeInterrupt(limit, vector) ? 1 : 0;
}

int RemoveMemory(void* vm, uint64_t gpa, uint64_t length) {
  return ErrnoOf(static_cast<TableMachine*>(vm)->memory().Remove(Gpa(gpa), length));
}

constexpr gvtcore_module_t kModule = {
    .size = sizeof(gvtcore_module_t),
    .version = GVTCORE_MODULE_VERSION,
    .name = "embedded",
    .table = &kTable,
    .vm_create = &CreateVm,
    .vm_destroy = &DestroyVm,
    .guest_read = &GuestRead,
    .guest_write = &GuestWrite,
    .guest_interrupt = &GuestInterrupt,
    .memory_remove = &RemoveMemory,
    .ops = nullptr,
};

}  // namespace

const gvtcore_module_t& TableModule() {
  return kModule;
}

}  // namespace gvt::hostif::embedded
