// Every access is cut at dword boundaries; each piece is one access to one register.
//
// A piece narrower than its register leaves the other bytes of a stored register alone. Where a
// written one means something (masked registers, write-one-to-clear, doorbells) the other bytes are
// zeros.
//
// In failsafe the registers only store: the guest has lost its GPU, but not its mind.
//
// Thread rule: any thread; two writers of one register are ordered by its dword.
// Source: PRM SKL vol 2c, linux v6.1 gvt/handlers.c.
#include "vgpu/register_access.h"

#include <algorithm>
#include <cstring>

#include "hw/register_policy.h"

namespace gvt::vgpu {
namespace {

constexpr uint32_t kInBlock = 0xffc;
constexpr uint32_t kContextStatusPointer = 0x3a0;

// The bytes [first, first + count) of a dword.
constexpr uint32_t ByteMask(uint32_t first, uint32_t count) {
  return static_cast<uint32_t>(((uint64_t{1} << (8 * count)) - 1) << (8 * first));
}

}  // namespace

uint32_t RegisterAccess::ReadActing(uint32_t offset) {
  if (context_.guest.failsafe.load(std::memory_order_relaxed)) return file_.Load(offset);
  return map_.At(offset).read(context_, offset);
}

void RegisterAccess::Read(uint32_t offset, std::span<std::byte> out) {
  if (!IsDword(offset, out.size())) return ReadPieces(offset, out);
  const uint32_t value = ReadDword(offset);
  std::memcpy(out.data(), &value, sizeof value);
}

void RegisterAccess::Write(uint32_t offset, std::span<const std::byte> data) {
  if (!IsDword(offset, data.size())) return WritePieces(offset, data);
  uint32_t value = 0;
  std::memcpy(&value, data.data(), sizeof value);
  WriteRegister(offset, value, ~0u);
}

void RegisterAccess::ReadPieces(uint32_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const uint32_t first = offset % 4;
    const size_t count = std::min<size_t>(4 - first, out.size());
    const uint32_t value = offset < hw::kMmioBytes ? ReadDword(offset - first) : 0;
    const uint32_t moved = value >> (8 * first);
    std::memcpy(out.data(), &moved, count);
    out = out.subspan(count);
    offset += static_cast<uint32_t>(count);
  }
}

bool RegisterAccess::MayWrite(const Behaviour& behaviour, uint32_t offset, uint32_t value) {
  if (!behaviour.judged) return true;
  hw::RegisterRequest request;
  request.platform = context_.platform;
  request.path = hw::RegisterPath::kMmioWrite;
  request.offset = offset;
  request.value_known = true;
  request.value = value;
  if (hw::JudgeRegister(request).allowed()) return true;
  context_.guest.refused_writes.fetch_add(1, std::memory_order_relaxed);
  Log(context_.host.log(), {EventKind::kRegisterRefused, kNoEngine, offset}, LogLevel::kWarning,
      "refused the write of 0x%08x to register 0x%x", value, offset);
  return false;
}

void RegisterAccess::WriteRegister(uint32_t offset, uint32_t value, uint32_t select) {
  const Behaviour& behaviour = map_.At(offset);
  if (behaviour.only_acts && !context_.guest.failsafe.load(std::memory_order_relaxed)) {
    behaviour.write(context_, offset, value);
    return;
  }
  StoreOrAct(behaviour, offset, value, select);
  if (behaviour.saved) context_.written.Add(offset);
}

void RegisterAccess::StoreOrAct(const Behaviour& behaviour, uint32_t offset, uint32_t value,
                                uint32_t select) {
  const bool masked = behaviour.rule == StoreRule::kMasked;
  const bool acts =
      behaviour.write != nullptr && !context_.guest.failsafe.load(std::memory_order_relaxed);
  if (select != ~0u && !masked && !acts && !behaviour.judged) {
    file_.StoreBits(offset, value, select & ~behaviour.read_only_bits);
    return;
  }
  if (select != ~0u && !masked && !acts) {  // judged: the policy wants to see all of the value
    value = (file_.Load(offset) & ~select) | (value & select);
  }
  if (!MayWrite(behaviour, offset, value)) return;
  if (acts) {
    behaviour.write(context_, offset, value);
  } else if (masked) {
    file_.StoreMasked(offset, value);
  } else if (behaviour.read_only_bits != 0) {
    file_.StoreBits(offset, value, ~behaviour.read_only_bits);
  } else {
    file_.Store(offset, value);
  }
}

void RegisterAccess::WritePieces(uint32_t offset, std::span<const std::byte> data) {
  while (!data.empty() && offset < hw::kMmioBytes) {
    const uint32_t first = offset % 4;
    const size_t count = std::min<size_t>(4 - first, data.size());
    uint32_t value = 0;
    std::memcpy(&value, data.data(), count);
    WriteRegister(offset - first, value << (8 * first),
                  ByteMask(first, static_cast<uint32_t>(count)));
    data = data.subspan(count);
    offset += static_cast<uint32_t>(count);
  }
}

void RegisterAccess::StoreByEngine(uint32_t offset, uint32_t value) {
  // An execution-list unit says where its pointer stands, without a mask: as hardware moves it.
  const bool unit_moves_pointer = (offset & kInBlock) == kContextStatusPointer &&
                                  value >> 16 == 0 && hw::EngineOfRegister(offset).has_value();
  if (unit_moves_pointer) {
    file_.StoreBits(offset, value, 7);
  } else if (map_.At(offset).rule == StoreRule::kMasked) {
    file_.StoreMasked(offset, value);
  } else {
    file_.Store(offset, value);
  }
}

}  // namespace gvt::vgpu
