// The guest's program is a page of firmware high in its address space, assembled here by hand.
//
// | at       | what                                                                  |
// |----------|-----------------------------------------------------------------------|
// | firmware | code, GDT, IDT, stack, the interrupts that came, a buffer for copies  |
// | below    | the memory that the guest is about; nothing of ours lies in it        |
//
// Commands: the VMM sets the registers and lets the vCPU run to an OUT.
//
// The handler ends by RET, not IRET, which KVM's instruction emulator does not know in protected
// mode: flags are not restored, so the rest of a poll runs with interrupts off.
//
// Source: Intel SDM vol 3 (protected mode, local APIC at 0xfee00000: 0xb0 EOI, 0xf0 spurious vector
// with the enable bit), linux Documentation/virt/kvm/api.rst.
#include "examples/tiny_vmm/tiny_vmm.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <thread>
#include <vector>

namespace gvt::tiny_vmm {
namespace {

constexpr uint32_t kFirmwareAt = 0xfff00000;
constexpr uint32_t kFirmwareSlot = 0;
constexpr uint32_t kFirstMemorySlot = 1;
constexpr uint32_t kMemorySlots = 400;
constexpr uint32_t kVectors = 256;
constexpr uint32_t kPending = 64;  // interrupts that the firmware remembers
constexpr size_t kBufferBytes = 16384;
constexpr uint32_t kPollTurns = 1000;  // with interrupts on, before the VMM looks at the time

Error FromErrno() {
  return Error{ErrorCode::kIo, 0, static_cast<uint32_t>(errno)};
}

}  // namespace

// As the guest sees it from kFirmwareAt on.
struct TinyVmm::Firmware {
  std::array<uint8_t, 0x100> code;
  std::array<uint64_t, 4> gdt;
  std::array<uint64_t, kVectors> idt;
  std::array<std::array<uint8_t, 16>, kVectors> entries;  // push the vector, go to the handler
  std::array<uint32_t, kPending> pending;
  uint32_t count;  // that came since the start
  std::array<uint8_t, 1024> stack;
  alignas(4096) std::array<uint8_t, kBufferBytes> buffer;
};

namespace {

// Where each command begins in the code.
constexpr uint32_t kEntryInit = 0x00;
constexpr uint32_t kEntryCopyDwords = 0x10;
constexpr uint32_t kEntryCopyBytes = 0x18;
constexpr uint32_t kEntryPoll = 0x20;
constexpr uint32_t kEntryHandler = 0x40;

class Assembler {
 public:
  explicit Assembler(uint8_t* at) : at_(at) {}
  Assembler& Bytes(std::initializer_list<int> bytes) {
    for (const int byte : bytes) *at_++ = static_cast<uint8_t>(byte);
    return *this;
  }
  Assembler& Dword(uint32_t value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
    return *this;
  }

 private:
  uint8_t* at_;
};

kvm_segment FlatSegment(uint16_t selector, uint8_t type) {
  kvm_segment segment = {};
  segment.limit = 0xffffffff;
  segment.selector = selector;
  segment.type = type;
  segment.present = 1;
  segment.db = 1;
  segment.s = 1;
  segment.g = 1;
  return segment;
}

}  // namespace

File::~File() {
  if (number_ >= 0) close(number_);
}

TinyVmm::TinyVmm(File kvm, File vm, uint64_t memory_bytes, Watcher watcher)
    : kvm_(std::move(kvm)),
      vm_(std::move(vm)),
      memory_bytes_(memory_bytes),
      watcher_(std::move(watcher)),
      services_(vm_.get(), kFirstMemorySlot, kMemorySlots) {}

TinyVmm::~TinyVmm() {
  if (run_ != nullptr) munmap(run_, run_bytes_);
  vcpu_.reset();
  if (firmware_ != nullptr) munmap(firmware_, sizeof(Firmware));
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
}

Result<std::unique_ptr<TinyVmm>> TinyVmm::Create(uint64_t memory_bytes, Watcher watcher) {
  File kvm(open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (kvm.get() < 0) return FromErrno();
  File vm(ioctl(kvm.get(), KVM_CREATE_VM, 0));
  if (vm.get() < 0) return FromErrno();
  std::unique_ptr<TinyVmm> vmm(
      new TinyVmm(std::move(kvm), std::move(vm), memory_bytes, std::move(watcher)));
  if (const Result<void> made = vmm->Make(); !made) return made.error();
  return vmm;
}

Result<void> TinyVmm::Make() {
  constexpr int kAccess = PROT_READ | PROT_WRITE;
  constexpr int kKind = MAP_SHARED | MAP_ANONYMOUS;
  void* memory = mmap(nullptr, memory_bytes_, kAccess, kKind, -1, 0);
  if (memory == MAP_FAILED) return FromErrno();
  memory_ = memory;
  void* firmware = mmap(nullptr, sizeof(Firmware), kAccess, kKind, -1, 0);
  if (firmware == MAP_FAILED) return FromErrno();
  firmware_ = static_cast<Firmware*>(firmware);
  if (ioctl(vm_.get(), KVM_CREATE_IRQCHIP, 0) != 0) return FromErrno();
  kvm_userspace_memory_region region = {};
  region.slot = kFirmwareSlot;
  region.guest_phys_addr = kFirmwareAt;
  region.memory_size = sizeof(Firmware);
  region.userspace_addr = reinterpret_cast<uintptr_t>(firmware_);
  if (ioctl(vm_.get(), KVM_SET_USER_MEMORY_REGION, &region) != 0) return FromErrno();
  if (Result<void> added = slots().Add(Gpa(0), memory_bytes_, memory_); !added) return added;
  if (Result<void> made = MakeVcpu(); !made) return made;
  return Run(kFirmwareAt + kEntryInit, 0, 0, 0) ? Result<void>{} : Error{ErrorCode::kIo};
}

Result<void> TinyVmm::MakeVcpu() {
  constexpr auto kAt = [](size_t offset) { return kFirmwareAt + static_cast<uint32_t>(offset); };
  Firmware& f = *firmware_;
  uint8_t* code = f.code.data();
  // mov dword [0xfee000f0], 0x1ff; out 0x80, al; hlt
  Assembler(code + kEntryInit).Bytes({0xc7, 0x05}).Dword(0xfee000f0).Dword(0x1ff);
  Assembler(code + kEntryInit + 10).Bytes({0xe6, TinyVmm::kDonePort, 0xf4});
  Assembler(code + kEntryCopyDwords)
      .Bytes({0xf3, 0xa5, 0xe6, TinyVmm::kDonePort, 0xf4});  // rep movsd
  Assembler(code + kEntryCopyBytes)
      .Bytes({0xf3, 0xa4, 0xe6, TinyVmm::kDonePort, 0xf4});  // rep movsb
  // sti; 1: mov eax, [count]; cmp eax, esi; jne 2f; pause; dec ecx; jne 1b; 2: cli; out 0x80, al;
  // hlt
  Assembler(code + kEntryPoll).Bytes({0xfb, 0x8b, 0x05}).Dword(kAt(offsetof(Firmware, count)));
  Assembler(code + kEntryPoll + 7)
      .Bytes({0x39, 0xf0, 0x75, 0x05, 0xf3, 0x90, 0x49, 0x75, 0xf1, 0xfa, 0xe6, TinyVmm::kDonePort,
              0xf4});
  Assembler(code + kEntryHandler)
      .Bytes({0x50, 0x53, 0x8b, 0x44, 0x24, 0x08})  // push eax; push ebx; mov eax, [esp+8]
      .Bytes({0x8b, 0x1d})                          // mov ebx, [count]
      .Dword(kAt(offsetof(Firmware, count)))
      .Bytes({0x83, 0xe3, kPending - 1})  // and ebx, 63
      .Bytes({0x89, 0x04, 0x9d})          // mov [pending + 4 * ebx], eax
      .Dword(kAt(offsetof(Firmware, pending)))
      .Bytes({0xff, 0x05})  // inc dword [count]
      .Dword(kAt(offsetof(Firmware, count)))
      .Bytes({0xc7, 0x05})  // mov dword [0xfee000b0], 0
      .Dword(0xfee000b0)
      .Dword(0)
      .Bytes(
          {0x5b, 0x58, 0x83, 0xc4, 0x04, 0xc2, 0x08, 0x00});  // pop ebx; pop eax; add esp, 4; ret 8
  f.gdt = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0};     // null, code, data
  for (uint32_t vector = 0; vector < kVectors; ++vector) {
    const uint32_t entry = kAt(offsetof(Firmware, entries)) + vector * 16;
    f.idt[vector] = (entry & 0xffff) | uint64_t{0x8} << 16 | uint64_t{0x8e00} << 32 |
                    uint64_t{entry >> 16} << 48;
    // push vector; jmp handler
    Assembler(f.entries[vector].data())
        .Bytes({0x68})
        .Dword(vector)
        .Bytes({0xe9})
        .Dword(kFirmwareAt + kEntryHandler - (entry + 10));
  }

  vcpu_ = std::make_unique<File>(ioctl(vm_.get(), KVM_CREATE_VCPU, 0));
  if (vcpu_->get() < 0) return FromErrno();
  const int run_bytes = ioctl(kvm_.get(), KVM_GET_VCPU_MMAP_SIZE, 0);
  if (run_bytes <= 0) return FromErrno();
  run_bytes_ = static_cast<size_t>(run_bytes);
  void* run = mmap(nullptr, run_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_->get(), 0);
  if (run == MAP_FAILED) return FromErrno();
  run_ = static_cast<kvm_run*>(run);

  kvm_sregs sregs = {};
  if (ioctl(vcpu_->get(), KVM_GET_SREGS, &sregs) != 0) return FromErrno();
  sregs.cs = FlatSegment(0x08, 0xb);
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = FlatSegment(0x10, 0x3);
  sregs.gdt.base = kAt(offsetof(Firmware, gdt));
  sregs.gdt.limit = sizeof f.gdt - 1;
  sregs.idt.base = kAt(offsetof(Firmware, idt));
  sregs.idt.limit = sizeof f.idt - 1;
  sregs.cr0 = 0x11;  // protected mode, no paging
  if (ioctl(vcpu_->get(), KVM_SET_SREGS, &sregs) != 0) return FromErrno();
  return {};
}

// An access that KVM found no memory for, or a write to a tracked page.
void TinyVmm::AnswerAccess(bool* all_there) {
  auto& access = run_->mmio;
  const uint64_t gpa = access.phys_addr;
  if (access.is_write != 0 && slots().IsTracked(Gfn(gpa >> kPageShift)) &&
      slots().memory().Write(Gpa(gpa), std::as_bytes(std::span(access.data, access.len)))) {
    watcher_(gpa, access.data, access.len);
    return;
  }
  if (access.is_write == 0) std::memset(access.data, 0xff, sizeof access.data);
  if (outside_ != nullptr && outside_->Access(gpa, access.data, access.len, access.is_write != 0)) {
    return;
  }
  *all_there = false;
}

// True: the guest is done.
bool TinyVmm::AnswerPort() {
  const auto& io = run_->io;
  auto* data = reinterpret_cast<uint8_t*>(run_) + io.data_offset;
  const bool write = io.direction == KVM_EXIT_IO_OUT;
  if (io.port == kDonePort) {
    result_ = 0;
    std::memcpy(&result_, data, std::min<size_t>(io.size, sizeof result_));
    return true;
  }
  for (uint32_t i = 0; i < io.count; ++i, data += io.size) {
    if (!write) std::memset(data, 0xff, io.size);
    if (outside_ != nullptr) outside_->AccessPort(io.port, data, io.size, write);
  }
  return false;
}

bool TinyVmm::Run(uint32_t entry, uint32_t from, uint32_t to, uint32_t count) {
  kvm_regs regs = {};
  regs.rip = entry;
  regs.rsi = from;
  regs.rdi = to;
  regs.rcx = count;
  regs.rsp = kFirmwareAt + offsetof(Firmware, stack) + sizeof(Firmware::stack);
  regs.rflags = 2;
  if (ioctl(vcpu_->get(), KVM_SET_REGS, &regs) != 0) return false;
  bool all_there = true;
  for (;;) {
    int code = 0;
    {
      const std::shared_lock running(slots().running());
      code = ioctl(vcpu_->get(), KVM_RUN, 0);
    }
    if (code != 0 && errno != EINTR && errno != EAGAIN) return false;
    if (code != 0) continue;
    ++exits_;
    switch (run_->exit_reason) {
      case KVM_EXIT_IO: {
        if (!AnswerPort()) break;
        // The OUT is over once KVM_RUN is entered again; the registers are set anew before that.
        run_->immediate_exit = 1;
        ioctl(vcpu_->get(), KVM_RUN, 0);
        run_->immediate_exit = 0;
        return all_there;
      }
      case KVM_EXIT_MMIO: AnswerAccess(&all_there); break;
      default: return false;
    }
  }
}

bool TinyVmm::Copy(uint32_t from, uint32_t to, size_t size_bytes) {
  const bool dwords = ((from | to | size_bytes) & 3) == 0;
  const auto count = static_cast<uint32_t>(dwords ? size_bytes / 4 : size_bytes);
  return Run(kFirmwareAt + (dwords ? kEntryCopyDwords : kEntryCopyBytes), from, to, count);
}

bool TinyVmm::GuestRead(uint64_t from, void* data, size_t size_bytes) {
  if (size_bytes > kBufferBytes || from + size_bytes > kFirmwareAt) return false;
  const std::lock_guard lock(guest_);
  constexpr uint32_t kBuffer = kFirmwareAt + offsetof(Firmware, buffer);
  if (!Copy(static_cast<uint32_t>(from), kBuffer, size_bytes)) return false;
  std::memcpy(data, firmware_->buffer.data(), size_bytes);
  return true;
}

bool TinyVmm::GuestWrite(uint64_t to, const void* data, size_t size_bytes) {
  if (size_bytes > kBufferBytes || to + size_bytes > kFirmwareAt) return false;
  const std::lock_guard lock(guest_);
  constexpr uint32_t kBuffer = kFirmwareAt + offsetof(Firmware, buffer);
  std::memcpy(firmware_->buffer.data(), data, size_bytes);
  return Copy(kBuffer, static_cast<uint32_t>(to), size_bytes);
}

bool TinyVmm::GuestInterrupt(uint32_t timeout_ms, uint32_t* vector) {
  const std::lock_guard lock(guest_);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  std::atomic_ref<uint32_t> count(firmware_->count);
  while (count.load() == taken_) {
    if (!Run(kFirmwareAt + kEntryPoll, taken_, 0, kPollTurns)) return false;
    if (count.load() != taken_) break;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  *vector = firmware_->pending[taken_ % kPending];
  ++taken_;
  return true;
}

std::optional<uint32_t> TinyVmm::RunProgram(uint32_t entry, Outside* outside) {
  const std::lock_guard lock(guest_);
  outside_ = outside;
  const bool done = Run(entry, 0, 0, 0);
  outside_ = nullptr;
  return done ? std::optional(result_) : std::nullopt;
}

void* TinyVmm::Memory(uint64_t gpa, uint64_t size_bytes) const {
  if (gpa > memory_bytes_ || size_bytes > memory_bytes_ - gpa) return nullptr;
  return static_cast<std::byte*>(memory_) + gpa;
}

}  // namespace gvt::tiny_vmm
