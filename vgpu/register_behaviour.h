// How each register answers: a rule of storage from hw/registers.inc, or a handler.
//
// A platform's map gives every dword a byte, which names one of a few dozen behaviours. Plain
// storage is behaviour 0, and a bit says that a read has a handler, so that most accesses cost one
// look into the map and one into the file.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "hw/platform.h"
#include "vgpu/mmio_context.h"

namespace gvt::vgpu {

using ReadHandler = uint32_t (*)(MmioContext& context, uint32_t offset);
// Partial writes come with zeros in the other bytes.
using WriteHandler = void (*)(MmioContext& context, uint32_t offset, uint32_t value);

enum class StoreRule : uint8_t {
  kPlain,
  kMasked,        // ApplyMasked
  kReadOnlyBits,  // Behaviour::read_only_bits do not change
};

struct Behaviour {
  ReadHandler read = nullptr;    // nullptr: what is stored
  WriteHandler write = nullptr;  // nullptr: by `rule`
  StoreRule rule = StoreRule::kPlain;
  bool judged = false;     // hw::JudgeRegister has something to say about what is written
  bool saved = false;      // with contexts: who writes it says so (written_registers.h)
  bool only_acts = false;  // a write is for its handler alone; made of the others
  uint32_t read_only_bits = 0;
  friend bool operator==(const Behaviour&, const Behaviour&) = default;
};

// A run of registers with handlers. A handler that is nullptr leaves that side to storage.
struct DynamicRow {
  uint32_t offset;  // in BAR0; for engine rows from the engine's base
  uint32_t count;
  uint32_t stride_bytes;
  ReadHandler read;
  WriteHandler write;
};

// The handlers, by subject. Each is defined in the file of its name.
std::span<const DynamicRow> EngineRegisterRows();     // engine_registers.cc; relative to each base
std::span<const DynamicRow> GtRegisterRows();         // gt_registers.cc
std::span<const DynamicRow> PowerRegisterRows();      // power_registers.cc
std::span<const DynamicRow> DisplayRegisterRows();    // display_registers.cc
std::span<const DynamicRow> InterruptRegisterRows();  // interrupt_registers.cc
std::span<const DynamicRow> PvinfoRows();             // pvinfo.cc

class BehaviourMap {
 public:
  static const BehaviourMap& Of(hw::Platform platform);

  // `offset` of all: below hw::kMmioBytes.
  bool IsPlain(uint32_t offset) const { return index_[offset / 4] == 0; }
  // An engine's write stores, whatever a guest's would do, and nobody is told of it.
  bool EnginesStore(uint32_t offset) const { return engines_store_[index_[offset / 4] & kKind]; }
  // A read gives what is stored.
  bool ReadsStored(uint32_t offset) const { return (index_[offset / 4] & kReadActs) == 0; }
  const Behaviour& At(uint32_t offset) const { return kinds_[index_[offset / 4] & kKind]; }

 private:
  // Of an index: the behaviour's number, and that it has a read handler.
  static constexpr uint8_t kReadActs = 0x80;
  static constexpr uint8_t kKind = 0x7f;

  explicit BehaviourMap(hw::Platform platform);
  template <hw::Platform kPlatform>
  static const BehaviourMap& Instance();

  uint8_t Intern(const Behaviour& behaviour);
  void Set(uint32_t offset, const Behaviour& behaviour);
  void AddRows(hw::Platform platform);
  void AddHandlers(std::span<const DynamicRow> rows, uint32_t base);
  void AddJudged(hw::Platform platform);
  void AddSaved(hw::Platform platform);

  std::array<uint8_t, kRegisterCount> index_{};
  std::array<bool, kKind + 1> engines_store_{};  // by the number of a kind
  std::vector<Behaviour> kinds_;
};

}  // namespace gvt::vgpu
