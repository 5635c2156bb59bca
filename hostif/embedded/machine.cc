// What a host has to do for a vGPU, and a fault plan in front of each step.
//
// The machine's own accesses to its memory are atomic (std::atomic_ref), for they stand for a
// guest's processor that shares it with the engines. Pages that were removed stay reserved but
// inaccessible, as a real host leaves them.
#include "hostif/embedded/machine.h"

#include <sys/mman.h>
#include <unistd.h>

namespace gvt::hostif::embedded {
namespace {

Error Refused(int code) {
  return Error{ErrorCode::kIo, 0, static_cast<uint32_t>(-code)};
}

Result<void> Check(int code) {
  if (code < 0) return Refused(code);
  return {};
}

}  // namespace

Result<std::unique_ptr<Host>> Host::Create(FaultPlan& plan, gvtcore_config_t config) {
  gvtcore_t* core = nullptr;
  config.size = sizeof config;
  const int code = plan.Fails() ? GVTCORE_ENOMEM : gvtcore_create_with(&config, &core);
  if (code != 0) return Refused(code);
  return std::unique_ptr<Host>(new Host(plan, core));
}

Host::~Host() {
  gvtcore_destroy(core_);
}

Result<std::unique_ptr<Machine>> Machine::Create(Host& host, const MachineOptions& options) {
  std::unique_ptr<Machine> machine(new Machine(host, options.memory_bytes));
  if (const Result<void> made = machine->MakeMemory(); !made) return made.error();
  if (const Result<void> made = machine->MakeVgpu(options); !made) return made.error();
  return machine;
}

Machine::~Machine() {
  gvtcore_vgpu_destroy(vgpu_);
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
  if (file_ >= 0) close(file_);
}

Result<void> Machine::MakeMemory() {
  file_ = plan().Fails() ? -1 : memfd_create("guest", MFD_CLOEXEC);
  if (file_ < 0) return Refused(GVTCORE_ENOMEM);
  if (plan().Fails() || ftruncate(file_, static_cast<off_t>(memory_bytes_)) != 0) {
    return Refused(GVTCORE_ENOMEM);
  }
  void* at = plan().Fails()
                 ? MAP_FAILED
                 : mmap(nullptr, memory_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (at == MAP_FAILED) return Refused(GVTCORE_ENOMEM);
  memory_ = static_cast<std::byte*>(at);
  return {};
}

Result<void> Machine::MakeVgpu(const MachineOptions& options) {
  gvtcore_vgpu_config_t config = options.vgpu;
  config.size = sizeof config;
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.raise_msi = &Machine::RaiseMsi;
  ops.log = &Machine::Log;
  const int code = plan().Fails() ? GVTCORE_ENOMEM
                                  : gvtcore_vgpu_create(host_.core(), &config, &ops, this, &vgpu_);
  if (code != 0) return Refused(code);
  const int added = plan().Fails() ? GVTCORE_ENOSPC
                                   : gvtcore_vgpu_memory_add(vgpu_, 0, memory_bytes_, memory_, 0);
  return Check(added);
}

void Machine::RaiseMsi(void* self, uint32_t /*vector*/) {
  auto* machine = static_cast<Machine*>(self);
  const std::lock_guard lock(machine->lock_);
  ++machine->interrupts_;
  machine->raised_.notify_all();
}

void Machine::Log(void* self, gvtcore_log_level_t /*level*/, const char* text) {
  auto* machine = static_cast<Machine*>(self);
  const std::lock_guard lock(machine->lock_);
  if (machine->log_.size() < kMaxLogLines) machine->log_.emplace_back(text);
}

std::vector<std::string> Machine::log() const {
  const std::lock_guard lock(lock_);
  return log_;
}

uint64_t Machine::interrupts() const {
  const std::lock_guard lock(lock_);
  return interrupts_;
}

bool Machine::WaitForInterrupt(uint64_t seen, std::chrono::milliseconds limit) {
  std::unique_lock lock(lock_);
  return raised_.wait_for(lock, limit, [&] { return interrupts_ > seen; });
}

void Machine::ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const {
  gvtcore_vgpu_read(vgpu_, region, offset, data, bytes);
}

void Machine::WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) {
  gvtcore_vgpu_write(vgpu_, region, offset, data, bytes);
}

std::byte* Machine::At(Gpa address, uint64_t size_bytes) const {
  if (address.value % size_bytes != 0 || address.value >= memory_bytes_) return nullptr;
  return memory_ + address.value;
}

uint32_t Machine::Load32(Gpa from) const {
  auto* dword = reinterpret_cast<uint32_t*>(At(from, sizeof(uint32_t)));
  return dword == nullptr ? ~0u : std::atomic_ref(*dword).load(std::memory_order_acquire);
}

bool Machine::Store32(Gpa to, uint32_t value) {
  auto* dword = reinterpret_cast<uint32_t*>(At(to, sizeof value));
  if (dword == nullptr) return false;
  std::atomic_ref(*dword).store(value, std::memory_order_release);
  return true;
}

bool Machine::Store64(Gpa to, uint64_t value) {
  auto* qword = reinterpret_cast<uint64_t*>(At(to, sizeof value));
  if (qword == nullptr) return false;
  std::atomic_ref(*qword).store(value, std::memory_order_release);
  return true;
}

Result<void> Machine::RemoveMemory(Gpa start, uint64_t size_bytes) {
  const int code =
      plan().Fails() ? GVTCORE_EINVAL : gvtcore_vgpu_memory_remove(vgpu_, start.value, size_bytes);
  if (code < 0) return Refused(code);
  if (mprotect(memory_ + start.value, size_bytes, PROT_NONE) != 0) return Refused(GVTCORE_EINVAL);
  return {};
}

Result<void> Machine::RestoreMemory(Gpa start, uint64_t size_bytes) {
  if (mprotect(memory_ + start.value, size_bytes, PROT_READ | PROT_WRITE) != 0) {
    return Refused(GVTCORE_EINVAL);
  }
  if (plan().Fails()) return Refused(GVTCORE_ENOSPC);
  return Check(gvtcore_vgpu_memory_add(vgpu_, start.value, size_bytes, memory_ + start.value, 0));
}

}  // namespace gvt::hostif::embedded
