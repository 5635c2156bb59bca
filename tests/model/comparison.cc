// Compared are: how they end, the interrupts in their order, every register that the model touched,
// every page. Left out: what the streamer keeps up to date by itself, and the page of the context's
// registers, which the model does not save.
#include "tests/model/comparison.h"

#include <set>
#include <sstream>

namespace gvt::model {
namespace {

using gpu::RunEnd;
using soft_test::BenchGuest;

RunEnd EndOf(ModelEnd end) {
  switch (end) {
    case ModelEnd::kDrained: return RunEnd::kDrained;
    case ModelEnd::kWaiting: return RunEnd::kWaiting;
    default: return RunEnd::kFault;
  }
}

// What the streamer keeps up to date by itself.
bool IsLive(const BenchGuest& guest, uint32_t offset) {
  static const std::set<uint32_t> kLive = {0x30, 0x34, 0x38, 0x3c,  0x5c,  0x68,  0x6c,
                                           0x74, 0xb0, 0xb8, 0x110, 0x140, 0x168, 0x3a8};
  if (offset == 0x4094 || offset == 0x4b10 || offset == 0x4b14) return true;
  return offset >> 12 == guest.base() >> 12 && kLive.contains(offset - guest.base());
}

std::string Differs(const std::string& what, uint64_t model, uint64_t streamer) {
  std::ostringstream text;
  text << what << std::hex << ": model 0x" << model << ", streamer 0x" << streamer;
  return text.str();
}

std::string Named(const char* what, uint64_t address) {
  std::ostringstream text;
  text << what << " 0x" << std::hex << address;
  return text.str();
}

}  // namespace

Comparison::Comparison(BenchGuest& guest) : guest_(guest), model_(guest.platform, guest.engine) {
  for (const auto& [key, pages] : guest.memory.pages()) {
    if (key == 0) model_.pages[0] = pages;
    if (key == (BenchGuest::RootOf(0) | 1)) model_.pages[1] = pages;
  }
  model_.timestamp = gpu::TimestampAt(guest.clock.now_ns);
  // The roots are where a stream may read them.
  model_.registers = guest.registers.values();
  model_.registers[guest.base() + 0x270] = guest.State(0, hw::kContextPdp0Ldw);
}

ModelEnd Comparison::RunModel(uint64_t max_commands) {
  const ModelRing ring{BenchGuest::RingOf(0), soft_test::kRingBytes,
                       guest_.State(0, hw::kContextRingHead),
                       guest_.State(0, hw::kContextRingTail)};
  end_ = model_.Run(ring, BenchGuest::LrcaOf(0), max_commands);
  return end_;
}

std::string Comparison::Difference(RunEnd end) {
  if (end != EndOf(end_)) {
    return Differs("end", static_cast<uint64_t>(EndOf(end_)), static_cast<uint64_t>(end));
  }
  std::vector<uint32_t> raised;
  for (const auto interrupt : guest_.interrupts.raised) {
    raised.push_back(static_cast<uint32_t>(interrupt));
  }
  if (end == RunEnd::kFault && !raised.empty()) raised.pop_back();  // the command error
  if (raised != model_.interrupts) {
    return Differs("number or kind of interrupts", model_.interrupts.size(), raised.size());
  }
  std::string difference = RegisterDifference();
  if (difference.empty()) difference = PageDifference(0, 0);
  if (difference.empty()) difference = PageDifference(1, BenchGuest::RootOf(0) | 1);
  return difference;
}

std::string Comparison::RegisterDifference() {
  for (const auto& [offset, value] : model_.registers) {
    if (IsLive(guest_, offset)) continue;
    const uint32_t mine = guest_.registers.Read(offset);
    if (mine != value) return Differs(Named("register", offset), value, mine);
  }
  return {};
}

std::string Comparison::PageDifference(size_t space, uint64_t key) const {
  const auto& mine = guest_.memory.pages().at(key);
  for (const auto& [page, dwords] : model_.pages[space]) {
    if (space == 0 && page == BenchGuest::StateOf(0) >> 12) continue;
    const auto& other = mine.at(page);
    for (size_t i = 0; i < dwords.size(); ++i) {
      if (other[i] == dwords[i]) continue;
      const uint64_t address = (page << kPageShift) + 4 * i;
      return Differs(Named(space == 0 ? "GGTT" : "PPGTT", address), dwords[i], other[i]);
    }
  }
  return {};
}

}  // namespace gvt::model
