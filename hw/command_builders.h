// The vocabulary of hw/commands_*.inc: small constexpr functions that spell one column of a row
// each.
//
// Only hw/command_table.cc and tests of the checks include this; everybody else reads finished
// CommandRow values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hw/command_row.h"

namespace gvt::hw::rows {

inline constexpr uint8_t kGen8 = GenerationBit(Generation::kGen8);
inline constexpr uint8_t kGen9 = GenerationBit(Generation::kGen9);
inline constexpr uint8_t kGen8To9 = kGen8 | kGen9;

inline constexpr uint8_t kRcs = EngineBit(Engine::kRcs);
inline constexpr uint8_t kBcs = EngineBit(Engine::kBcs);
inline constexpr uint8_t kVcs = EngineBit(Engine::kVcs) | EngineBit(Engine::kVcs2);
inline constexpr uint8_t kVecs = EngineBit(Engine::kVecs);
inline constexpr uint8_t kRcsBcs = kRcs | kBcs;
inline constexpr uint8_t kAll = kRcs | kBcs | kVcs | kVecs;

// Engines that hold the unit. Source: PRM SKL vol 2a; the scaler (SFC) serves both video and video
// enhancement.
constexpr uint8_t EnginesOf(Client client) {
  switch (client) {
    case Client::kMi: return kAll;
    case Client::k2d: return kBcs;
    case Client::kGfx: return kRcs;
    case Client::kMfx:
    case Client::kHcp:
    case Client::kHuc:
    case Client::kVdenc: return kVcs;
    case Client::kSfc: return kVcs | kVecs;
    case Client::kVebox: return kVecs;
  }
  return 0;
}

// Header bits that name the command: MI [31:23], 2D [31:22], all others [31:16].
// Source: PRM vol 2a, "Command Header Format".
constexpr uint32_t HeaderMask(Client client) {
  if (client == Client::kMi) return 0xff800000;
  if (client == Client::k2d) return 0xffc00000;
  return 0xffff0000;
}

// --- Length column ---

// The longest command that header[field_high:0] + bias can state, in dwords.
constexpr uint32_t MaxLength(unsigned field_high, unsigned bias) {
  return (uint32_t{2} << field_high) - 1 + bias;
}

// No length field: always `dwords` long.
constexpr Length Fixed(uint16_t dwords) {
  Length length;
  length.fixed_dwords = dwords;
  return length;
}

// header[field_high:0] + bias, and exactly one of up to three sizes.
template <typename... Sizes>
constexpr Length Counted(uint8_t field_high, uint8_t bias, Sizes... sizes) {
  static_assert(sizeof...(sizes) >= 1 && sizeof...(sizes) <= kMaxLengthRuns);
  Length length;
  length.field_high = field_high;
  length.bias = bias;
  size_t i = 0;
  ((length.allowed[i++] = {static_cast<uint32_t>(sizes), static_cast<uint32_t>(sizes), 1}), ...);
  return length;
}

// The usual field: counts from 2.
template <typename... Sizes>
constexpr Length Exact(uint8_t field_high, Sizes... sizes) {
  return Counted(field_high, 2, sizes...);
}

// Counts from 2; min, min + step, ... max.
constexpr Length Run(uint8_t field_high, uint32_t min, uint32_t max, uint32_t step = 1) {
  Length length;
  length.field_high = field_high;
  length.bias = 2;
  length.allowed[0] = {min, max, step};
  return length;
}

// Counts from 2; two or three separate runs.
constexpr Length Runs(uint8_t field_high, LengthRun first, LengthRun second, LengthRun third = {}) {
  Length length;
  length.field_high = field_high;
  length.bias = 2;
  length.allowed = {first, second, third};
  return length;
}

// Counts from 2; whatever the field can state.
constexpr Length AnyLength(uint8_t field_high) {
  return Run(field_high, 2, MaxLength(field_high, 2));
}

// --- Address columns ---

constexpr AddressField Address(Access access, uint16_t dword, uint8_t high, uint8_t low) {
  AddressField field;
  field.dword = dword;
  field.high = high;
  field.low = low;
  field.access = access;
  field.used = true;
  return field;
}

constexpr AddressField Read(uint16_t dword, uint8_t high, uint8_t low) {
  return Address(Access::kRead, dword, high, low);
}
constexpr AddressField Write(uint16_t dword, uint8_t high, uint8_t low) {
  return Address(Access::kWrite, dword, high, low);
}
constexpr AddressField ReadWrite(uint16_t dword, uint8_t high, uint8_t low) {
  return Address(Access::kReadWrite, dword, high, low);
}

// Always a GGTT address.
constexpr AddressField InGgtt(AddressField field) {
  field.rule = SpaceRule::kGgtt;
  return field;
}

// A GGTT address iff that bit is 1, else the context's.
constexpr AddressField GgttIf(uint8_t dword, uint8_t bit, AddressField field) {
  field.rule = SpaceRule::kGgttIfSet;
  field.select_dword = dword;
  field.select_bit = bit;
  return field;
}

// The context's address iff that bit is 1, else a GGTT address.
constexpr AddressField PpgttIf(uint8_t dword, uint8_t bit, AddressField field) {
  field.rule = SpaceRule::kPpgttIfSet;
  field.select_dword = dword;
  field.select_bit = bit;
  return field;
}

// `count` such addresses, the next one `stride` dwords further on.
constexpr AddressField Times(uint16_t count, uint16_t stride, AddressField field) {
  field.count = count;
  field.stride = stride;
  return field;
}

// One such address every `stride` dwords until the command ends.
constexpr AddressField ToEnd(uint16_t stride, AddressField field) {
  return Times(0, stride, field);
}

// --- A whole row ---

template <typename... Fields>
constexpr CommandRow Row(std::string_view name, Client client, uint8_t generations, uint8_t engines,
                         uint32_t value, Length length, Effect effect, Privilege privilege,
                         Fields... fields) {
  static_assert(sizeof...(fields) <= kMaxAddressFields);
  CommandRow row;
  row.name = name;
  row.client = client;
  row.generations = generations;
  row.engines = engines;
  row.value = value;
  row.mask = HeaderMask(client);
  row.length = length;
  row.effect = effect;
  row.privilege = privilege;
  row.batch_only = effect == Effect::kBatchEnd || effect == Effect::kConditionalBatchEnd;
  [[maybe_unused]] size_t i = 0;
  ((row.addresses[i++] = fields), ...);
  return row;
}

// A command of a unit that does nothing but what `effect` says, on every engine that holds the
// unit.
template <typename... Fields>
constexpr CommandRow UnitWithEffect(std::string_view name, Client client, uint8_t generations,
                                    uint32_t value, Length length, Effect effect,
                                    Fields... fields) {
  return Row(name, client, generations, EnginesOf(client), value, length, effect, Privilege::kAny,
             fields...);
}

// A command of a unit that only touches the context's own memory and state.
template <typename... Fields>
constexpr CommandRow Unit(std::string_view name, Client client, uint8_t generations, uint32_t value,
                          Length length, Fields... fields) {
  return UnitWithEffect(name, client, generations, value, length, Effect::kNone, fields...);
}

}  // namespace gvt::hw::rows
