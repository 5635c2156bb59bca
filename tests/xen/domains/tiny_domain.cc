// Code, tables and a buffer lie in a firmware area that this process has mapped; what the guest is
// told lies there, too.
//
// The handler spins with interrupts on instead of halting, because QEMU's emulation of AMD's SVM
// loses the interrupt shadow of STI.
//
// Source: Intel SDM vol 3 (protected mode, local APIC: 0xb0 EOI, 0xf0 spurious vector with the
// enable bit); xen/arch-x86/hvm/save.h (the processor's record; segment attributes as SVM packs
// them).
#include "tests/xen/domains/tiny_domain.h"

#include <stdint.h>  // Xen's headers want it before themselves
#include <sys/mman.h>

extern "C" {
#include <xen/hvm/save.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>
}

#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

#include "tests/xen/domains/dirty_log.h"

namespace gvt::tests {
namespace {

constexpr uint32_t kFirmwareAt = 0x80000000;
constexpr uint32_t kVectors = 256;
constexpr uint32_t kPending = 64;
constexpr uint32_t kPollTurns = 20'000;
constexpr std::chrono::seconds kPatience{20};

}  // namespace

// As the guest sees it from kFirmwareAt on.
struct TinyDomain::Firmware {
  std::array<uint8_t, 0x200> code;
  std::array<uint64_t, 4> gdt;
  std::array<uint64_t, kVectors> idt;
  std::array<std::array<uint8_t, 16>, kVectors> entries;
  std::array<uint32_t, kPending> pending;
  uint32_t count;  // interrupts that came
  // The command.
  uint32_t entry, from, to, turns;
  alignas(8) std::array<uint8_t, 8> word;
  std::array<uint8_t, 1024> stack;
  alignas(4096) std::array<uint8_t, kBufferBytes> buffer;
};

namespace {

constexpr uint32_t kStart = 0x00;
constexpr uint32_t kAsk = 0x10;
constexpr uint32_t kCopyDwords = 0x40;
constexpr uint32_t kCopyBytes = 0x50;
constexpr uint32_t kMove1 = 0x60;
constexpr uint32_t kMove2 = 0x70;
constexpr uint32_t kMove4 = 0x80;
constexpr uint32_t kMove8 = 0x90;
constexpr uint32_t kIn = 0xa0;
constexpr uint32_t kOut = 0xb0;
constexpr uint32_t kPoll = 0xc0;
constexpr uint32_t kHandler = 0xe0;

// Writes instructions one behind the other.
class Assembler {
 public:
  Assembler(uint8_t* code, uint32_t at) : code_(code), at_(at) {}
  Assembler& Bytes(std::initializer_list<int> bytes) {
    for (const int byte : bytes) code_[at_++] = static_cast<uint8_t>(byte);
    return *this;
  }
  Assembler& Dword(uint32_t value) {
    std::memcpy(code_ + at_, &value, sizeof value);
    at_ += sizeof value;
    return *this;
  }
  void JumpToAsk() { Bytes({0xe9}).Dword(kAsk - (at_ + 4)); }

 private:
  uint8_t* code_;
  uint32_t at_;
};

}  // namespace

void TinyDomain::Assemble() {
  constexpr auto kAt = [](size_t offset) { return kFirmwareAt + static_cast<uint32_t>(offset); };
  Firmware& f = *firmware_;
  const auto at = [&](uint32_t entry) { return Assembler(f.code.data(), entry); };
  // mov dword [0xfee000f0], 0x1ff
  at(kStart).Bytes({0xc7, 0x05}).Dword(0xfee000f0).Dword(0x1ff).JumpToAsk();
  at(kAsk)
      .Bytes({0xa1})  // mov eax, [doorbell]
      .Dword(static_cast<uint32_t>(kDoorbell))
      .Bytes({0x8b, 0x35})  // mov esi, [from]
      .Dword(kAt(offsetof(Firmware, from)))
      .Bytes({0x8b, 0x3d})  // mov edi, [to]
      .Dword(kAt(offsetof(Firmware, to)))
      .Bytes({0x8b, 0x0d})  // mov ecx, [turns]
      .Dword(kAt(offsetof(Firmware, turns)))
      .Bytes({0xfc, 0xff, 0x25})  // cld; jmp [entry]
      .Dword(kAt(offsetof(Firmware, entry)));
  at(kCopyDwords).Bytes({0xf3, 0xa5}).JumpToAsk();                     // rep movsd
  at(kCopyBytes).Bytes({0xf3, 0xa4}).JumpToAsk();                      // rep movsb
  at(kMove1).Bytes({0x8a, 0x06, 0x88, 0x07}).JumpToAsk();              // al
  at(kMove2).Bytes({0x66, 0x8b, 0x06, 0x66, 0x89, 0x07}).JumpToAsk();  // ax
  at(kMove4).Bytes({0x8b, 0x06, 0x89, 0x07}).JumpToAsk();              // eax
  at(kMove8).Bytes({0x0f, 0x6f, 0x06, 0x0f, 0x7f, 0x07}).JumpToAsk();  // mm0
  at(kIn)
      .Bytes({0x89, 0xf2, 0xed, 0xa3})  // in eax, dx
      .Dword(kAt(offsetof(Firmware, word)))
      .JumpToAsk();
  at(kOut).Bytes({0x89, 0xf2, 0x89, 0xf8, 0xef}).JumpToAsk();  // out dx, eax
  // sti; 1: mov eax, [count]; cmp eax, esi; jne 2f; pause; dec ecx; jne 1b; 2: cli
  at(kPoll)
      .Bytes({0xfb, 0xa1})
      .Dword(kAt(offsetof(Firmware, count)))
      .Bytes({0x39, 0xf0, 0x75, 0x05, 0xf3, 0x90, 0x49, 0x75, 0xf2, 0xfa})
      .JumpToAsk();
  at(kHandler)
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
      .Bytes({0x5b, 0x58, 0x83, 0xc4, 0x04, 0xcf});        // pop, pop, add esp, 4; iret
  f.gdt = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0};  // null, code, data
  for (uint32_t vector = 0; vector < kVectors; ++vector) {
    const uint32_t entry = kAt(offsetof(Firmware, entries)) + vector * 16;
    f.idt[vector] = (entry & 0xffff) | uint64_t{0x8} << 16 | uint64_t{0x8e00} << 32 |
                    uint64_t{entry >> 16} << 48;
    // push vector; jmp handler
    Assembler(f.entries[vector].data(), 0)
        .Bytes({0x68})
        .Dword(vector)
        .Bytes({0xe9})
        .Dword(kFirmwareAt + kHandler - (entry + 10));
  }
}

int TinyDomain::SetProcessor() {
  const int size = xc_domain_hvm_getcontext(control_, id_, nullptr, 0);
  if (size <= 0) return -errno;
  std::vector<uint8_t> all(static_cast<size_t>(size));
  if (xc_domain_hvm_getcontext(control_, id_, all.data(), static_cast<uint32_t>(size)) < 0) {
    return -errno;
  }
  struct {
    hvm_save_descriptor header_is = {HVM_SAVE_CODE(HEADER), 0, HVM_SAVE_LENGTH(HEADER)};
    hvm_save_header header;
    hvm_save_descriptor cpu_is = {HVM_SAVE_CODE(CPU), 0, HVM_SAVE_LENGTH(CPU)};
    hvm_hw_cpu cpu;
    hvm_save_descriptor end_is = {HVM_SAVE_CODE(END), 0, 0};
  } __attribute__((packed)) record = {};
  std::memcpy(&record.header, all.data() + sizeof(hvm_save_descriptor), sizeof record.header);
  hvm_hw_cpu cpu = {};
  cpu.rip = kFirmwareAt + kStart;
  cpu.rsp = kFirmwareAt + offsetof(Firmware, stack) + sizeof(Firmware::stack);
  cpu.rflags = 2;
  cpu.cr0 = 0x11;  // protected mode, no paging
  cpu.cs_sel = 0x08;
  cpu.ds_sel = cpu.es_sel = cpu.fs_sel = cpu.gs_sel = cpu.ss_sel = 0x10;
  cpu.cs_limit = cpu.ds_limit = cpu.es_limit = cpu.fs_limit = cpu.gs_limit = cpu.ss_limit = ~0u;
  cpu.cs_arbytes = 0xc9b;
  cpu.ds_arbytes = cpu.es_arbytes = cpu.fs_arbytes = cpu.gs_arbytes = cpu.ss_arbytes = 0xc93;
  cpu.tr_limit = 0x67;
  cpu.tr_arbytes = 0x8b;
  cpu.gdtr_base = kFirmwareAt + offsetof(Firmware, gdt);
  cpu.gdtr_limit = sizeof(Firmware::gdt) - 1;
  cpu.idtr_base = kFirmwareAt + offsetof(Firmware, idt);
  cpu.idtr_limit = sizeof(Firmware::idt) - 1;
  cpu.dr6 = 0xffff0ff0;
  cpu.dr7 = 0x400;
  record.cpu = cpu;
  const int set =
      xc_domain_hvm_setcontext(control_, id_, reinterpret_cast<uint8_t*>(&record), sizeof record);
  return set < 0 ? -errno : 0;
}

int TinyDomain::Make(uint64_t memory_bytes) {
  control_ = xc_interface_open(nullptr, nullptr, 0);
  if (control_ == nullptr) return -errno;
  memory_ = xenforeignmemory_open(nullptr, 0);
  if (memory_ == nullptr) return -errno;
  xen_domctl_createdomain config = {};
  config.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
  config.max_vcpus = 1;
  config.max_evtchn_port = 1023;
  config.max_grant_frames = -1;
  config.max_maptrack_frames = -1;
  config.grant_opts = XEN_DOMCTL_GRANT_version(1);
  config.arch.emulation_flags = XEN_X86_EMU_LAPIC;
  if (xc_domain_create(control_, &id_, &config) < 0) return -errno;
  if (xc_domain_max_vcpus(control_, id_, 1) < 0) return -errno;
  if (xc_set_paging_mempool_size(control_, id_, uint64_t{4} << 20) < 0) return -errno;
  constexpr uint64_t kFirmwarePages = (sizeof(Firmware) + 4095) / 4096;
  pages_ = memory_bytes >> 12;
  if (xc_domain_setmaxmem(control_, id_, (pages_ + kFirmwarePages + 64) * 4) < 0) return -errno;
  std::vector<xen_pfn_t> frames;
  for (uint64_t i = 0; i < pages_; ++i) frames.push_back(i);
  for (uint64_t i = 0; i < kFirmwarePages; ++i) frames.push_back((kFirmwareAt >> 12) + i);
  if (xc_domain_populate_physmap_exact(control_, id_, frames.size(), 0, 0, frames.data()) < 0) {
    return -errno;
  }
  void* firmware = xenforeignmemory_map(memory_, id_, PROT_READ | PROT_WRITE, kFirmwarePages,
                                        &frames[pages_], nullptr);
  if (firmware == nullptr) return -errno;
  firmware_ = static_cast<Firmware*>(firmware);
  Assemble();
  return SetProcessor();
}

std::unique_ptr<TinyDomain> TinyDomain::Create(uint64_t memory_bytes, int* error) {
  std::unique_ptr<TinyDomain> domain(new TinyDomain);
  *error = domain->Make(memory_bytes);
  if (*error != 0) return nullptr;
  return domain;
}

TinyDomain::~TinyDomain() {
  if (firmware_ != nullptr) {
    xenforeignmemory_unmap(memory_, firmware_, (sizeof(Firmware) + 4095) / 4096);
  }
  if (id_ != 0) xc_domain_destroy(control_, id_);
  if (memory_ != nullptr) xenforeignmemory_close(memory_);
  if (control_ != nullptr) xc_interface_close(control_);
}

bool TinyDomain::Start() {
  return xc_domain_unpause(control_, id_) == 0;
}

void TinyDomain::Stop() {
  const std::lock_guard lock(lock_);
  stopped_ = true;
  firmware_->entry = kFirmwareAt + kAsk;
  changed_.notify_all();
}

bool TinyDomain::Answer(hostif::xen::GuestAccess& access) {
  if (access.config || access.write || access.address != kDoorbell) return false;
  std::unique_lock lock(lock_);
  waiting_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return ordered_ || stopped_; });
  ordered_ = false;
  access.value = 0;
  return true;
}

bool TinyDomain::Run(uint32_t entry, uint32_t from, uint32_t to, uint32_t count) {
  std::unique_lock lock(lock_);
  const auto asks = [&] { return waiting_ || stopped_; };
  if (!changed_.wait_for(lock, kPatience, asks) || stopped_) return false;
  firmware_->entry = kFirmwareAt + entry;
  firmware_->from = from;
  firmware_->to = to;
  firmware_->turns = count;
  waiting_ = false;
  ordered_ = true;
  ++commands_;
  changed_.notify_all();
  return changed_.wait_for(lock, kPatience, asks) && !stopped_;
}

namespace {

constexpr uint32_t MoveOf(size_t size_bytes) {
  switch (size_bytes) {
    case 1: return kMove1;
    case 2: return kMove2;
    case 4: return kMove4;
    default: return kMove8;
  }
}

}  // namespace

bool TinyDomain::GuestLoad(uint64_t from, void* data, size_t size_bytes) {
  const auto to = kFirmwareAt + static_cast<uint32_t>(offsetof(Firmware, word));
  if (!Run(MoveOf(size_bytes), static_cast<uint32_t>(from), to, 1)) return false;
  std::memcpy(data, firmware_->word.data(), size_bytes);
  return true;
}

bool TinyDomain::GuestStore(uint64_t to, const void* data, size_t size_bytes) {
  std::memcpy(firmware_->word.data(), data, size_bytes);
  const auto from = kFirmwareAt + static_cast<uint32_t>(offsetof(Firmware, word));
  return Run(MoveOf(size_bytes), from, static_cast<uint32_t>(to), 1);
}

bool TinyDomain::GuestRead(uint64_t from, void* data, size_t size_bytes) {
  if (size_bytes > kBufferBytes) return false;
  if (size_bytes == 8) return GuestLoad(from, data, size_bytes);
  constexpr uint32_t kBuffer = kFirmwareAt + offsetof(Firmware, buffer);
  const bool dwords = (from | size_bytes) % 4 == 0;
  const size_t count = dwords ? size_bytes / 4 : size_bytes;
  if (!Run(dwords ? kCopyDwords : kCopyBytes, static_cast<uint32_t>(from), kBuffer,
           static_cast<uint32_t>(count))) {
    return false;
  }
  std::memcpy(data, firmware_->buffer.data(), size_bytes);
  return true;
}

bool TinyDomain::GuestWrite(uint64_t to, const void* data, size_t size_bytes) {
  if (size_bytes > kBufferBytes) return false;
  if (size_bytes == 8) return GuestStore(to, data, size_bytes);
  constexpr uint32_t kBuffer = kFirmwareAt + offsetof(Firmware, buffer);
  std::memcpy(firmware_->buffer.data(), data, size_bytes);
  const bool dwords = (to | size_bytes) % 4 == 0;
  const size_t count = dwords ? size_bytes / 4 : size_bytes;
  return Run(dwords ? kCopyDwords : kCopyBytes, kBuffer, static_cast<uint32_t>(to),
             static_cast<uint32_t>(count));
}

bool TinyDomain::GuestIn(uint16_t port, uint32_t* value) {
  if (!Run(kIn, port, 0, 1)) return false;
  std::memcpy(value, firmware_->word.data(), sizeof *value);
  return true;
}

bool TinyDomain::GuestOut(uint16_t port, uint32_t value) {
  return Run(kOut, port, value, 1);
}

bool TinyDomain::GuestInterrupt(std::chrono::milliseconds timeout, uint32_t* vector) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  std::atomic_ref<uint32_t> count(firmware_->count);
  while (count.load() == taken_) {
    if (!Run(kPoll, taken_, 0, kPollTurns)) return false;
    if (count.load() == taken_ && std::chrono::steady_clock::now() >= end) return false;
  }
  *vector = firmware_->pending[taken_ % kPending];
  ++taken_;
  return true;
}

bool TinyDomain::RemoveMemory(uint64_t gpa, uint64_t length) {
  std::vector<xen_pfn_t> frames;
  for (uint64_t i = 0; i < length >> 12; ++i) frames.push_back((gpa >> 12) + i);
  return xc_domain_decrease_reservation_exact(control_, id_, frames.size(), 0, frames.data()) == 0;
}

bool TinyDomain::StartDirtyLog() {
  return xc_shadow_control(control_, id_, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY, nullptr, 0) == 0;
}

bool TinyDomain::IsDirty(uint64_t gfn, bool* dirty) {
  std::vector<unsigned long> bitmap((pages_ + 63) / 64);
  if (gvt_xen_clean_dirty_log(control_, id_, pages_, bitmap.data()) != 0) return false;
  *dirty = (bitmap[gfn / 64] >> (gfn % 64) & 1) != 0;
  return true;
}

bool TinyDomain::StopDirtyLog() {
  return xc_shadow_control(control_, id_, XEN_DOMCTL_SHADOW_OP_OFF, nullptr, 0) == 0;
}

}  // namespace gvt::tests
