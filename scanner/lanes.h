// Where the commands of a stretch of a segment start, found from several places at a time.
//
// From header to header there is a chain of loads that a processor can only wait for, about 13
// cycles a command; four chains at once keep it busy instead. The places where lanes start are
// dwords that look like headers. Whether they are headers shows when the lane before ends: if it
// ends there, the lane started right, and what it found is what a walk from the front would have
// found. If not, its work is lost and nothing else.
//
// Nothing is judged here, and no jump depends on what a command is: what cannot be stepped over by
// its table entry is marked, for the caller to look at in order.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "hw/platform.h"
#include "scanner/step_table.h"

namespace gvt::scanner {

struct Lanes {
  static constexpr uint32_t kCount = 4;
  // Dwords of one stretch, and below which lanes do not pay.
  static constexpr uint32_t kMaxStretch = 2048;
  static constexpr uint32_t kMinStretch = 192;
  // Dwords that are searched for the start of a lane.
  static constexpr uint32_t kWindow = 32;
  static constexpr uint32_t kMaxSteps = kMaxStretch / kCount + kWindow + kCount;
  // Doubts are read this many at a time, also behind the last one.
  static constexpr uint32_t kBlock = 16;

  // Of lane k: the commands at position[k][i], i < steps[k], doubt[k][i] is 0 if stepping over it
  // is all. It started at begin[k], and end[k] is behind its last command; that may be behind the
  // copy.
  std::array<uint64_t, kCount> begin;
  std::array<uint64_t, kCount> end;
  std::array<uint32_t, kCount> steps;
  std::array<std::array<uint32_t, kMaxSteps + kBlock>, kCount> position;
  std::array<std::array<uint32_t, kMaxSteps + kBlock>, kCount> doubt;
};

// Whether the engine's streams hold what is searched for to start a lane.
constexpr bool LanesCanStart(hw::Engine engine) {
  return engine == hw::Engine::kRcs;
}

// How far the commands from `from` on are likely to go, at most kMaxStretch dwords: behind the
// first dword that is a MI_BATCH_BUFFER_END as drivers write it, where the dwords do not look like
// commands to the last. Copies are made page by page; behind a batch they hold what was left there,
// and lanes that start in it are lost. At least kWindow dwords are left. Cost: 10 ns, or 0.1 ns a
// dword.
uint32_t LikelyEnd(std::span<const uint32_t> dwords, uint32_t from);

// Fills *lanes for the stretch of `dwords` that begins at `from`, where a command starts and at
// least kMinStretch dwords are left. Lane 0 starts there; the others are right only if the lane
// before ends where they begin. False: no places to start were found. Never reads behind `dwords`.
// Thread rule: any thread. Cost: about 1.5 ns a command, and 50 ns.
bool FillLanes(const StepTable& table, std::span<const uint32_t> dwords, uint32_t from,
               Lanes* lanes);

// Bit i: doubt[i] of a lane is not 0, for i from `first` to first + kBlock - 1.
uint32_t DoubtsOf(const Lanes& lanes, uint32_t lane, uint32_t first);

}  // namespace gvt::scanner
