// One line of the host contract, and the means to try it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/zeroed_array.h"
#include "core/mpt_calls.h"
#include "gvtcore/module.h"
#include "hostif/guest_memory.h"

namespace gvt::hostif::conformance {

enum class Outcome : uint8_t {
  kPassed,
  kFailed,
  kNotTried,
  kDefault  // the host lacks the member, and the core's default does what mpt.h says of it
};

struct Verdict {
  Outcome outcome = Outcome::kPassed;
  std::string reason;  // of a failure; why it was not tried; what the default does
};

inline Verdict Passed() {
  return {};
}
inline Verdict Failed(std::string reason) {
  return {Outcome::kFailed, std::move(reason)};
}
inline Verdict NotTried(std::string reason) {
  return {Outcome::kNotTried, std::move(reason)};
}
// Of a member that the host lacks.
inline Verdict Default(bool as_documented, std::string what) {
  return as_documented ? Verdict{Outcome::kDefault, std::move(what)}
                       : Failed("not the default: " + what);
}

// A write that the host told of.
struct ToldWrite {
  uint64_t gpa = 0;
  std::vector<std::byte> data;
};

// What the host takes for its vGPU. Thread rule: any thread.
class VgpuStandIn {
 public:
  VgpuStandIn() = default;
  ~VgpuStandIn();
  VgpuStandIn(const VgpuStandIn&) = delete;
  VgpuStandIn& operator=(const VgpuStandIn&) = delete;

  void SetHandle(unsigned long handle);
  unsigned long handle() const;
  void Tell(uint64_t gpa, std::span<const std::byte> data);
  // What was told since the last call.
  std::vector<ToldWrite> TakeTold();
  // As the operations of these names; memory is forgotten with the handle.
  int AddMemory(uint64_t gpa, uint64_t length, void* address, uint32_t flags);
  int RemoveMemory(uint64_t gpa, uint64_t length);
  GuestMemory& memory() { return memory_; }

 private:
  mutable std::mutex lock_;  // guards the members
  unsigned long handle_ = 0;
  std::vector<ToldWrite> told_;
  GuestMemory memory_;  // that the host lends
  std::vector<ZeroedArray<std::byte>> made_;
};

// A virtual machine of the host's, with a vGPU that is a stand-in.
class Machine {
 public:
  static constexpr uint64_t kMemoryBytes = uint64_t{4} << 20;
  static constexpr uint64_t kPages = kMemoryBytes >> 12;

  // nullptr: attach_vgpu or vm_create failed, or there is no handle. `module` outlives it.
  static std::unique_ptr<Machine> Create(const gvtcore_module_t& module);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // The machine is gone, the vGPU is not. Once.
  void DestroyVm();
  unsigned long handle() const { return vgpu_.handle(); }
  void* vm() const { return vm_; }
  VgpuStandIn& vgpu() { return vgpu_; }

 private:
  explicit Machine(const gvtcore_module_t& module) : module_(module), calls_(*module.table) {}

  const gvtcore_module_t& module_;
  const core::MptCalls calls_;
  VgpuStandIn vgpu_;
  bool attached_ = false;
  void* vm_ = nullptr;
};

// What a line has in its hands: the host, and one machine of its own.
struct Trial {
  const gvtcore_module_t& module;
  const gvtcore_mpt_t& table;
  const core::MptCalls& calls;  // of the table; what it lacks of memory is what the host lends
  Machine& machine;
  uint32_t patience_ms;  // for what must come

  unsigned long handle() const { return machine.handle(); }
};

struct Options {
  std::string only;               // lines whose id begins so; empty: all
  uint32_t patience_ms = 10'000;  // how long to wait for what must come
  // A program and its arguments that, in a process of its own, loads the same host and calls
  // ResumeIfAsked (run.h). Empty: lines that need one are not tried.
  std::vector<std::string> fresh_process;
  bool figures = false;  // measure, too
};

struct Line {
  const char* id;      // "read-gpa.across-pages"
  const char* member;  // of the table; of gvtcore_mpt_ops_t; or a function of gvtcore.h
  const char* text;    // the contract, in one sentence
  bool mandatory;      // false: what the host lacks, the core has a default for
  Verdict (*run)(Trial& trial);
  // In place of `run`: a line that registers the table with a core itself.
  Verdict (*workload)(const gvtcore_module_t& module, const Options& options) = nullptr;
};

// The lines of each subject; together they are the contract.
std::span<const Line> MemoryLines();
std::span<const Line> InterruptLines();
std::span<const Line> TrackLines();
std::span<const Line> FrameLines();
std::span<const Line> LifeLines();
std::span<const Line> DeviceLines();
std::span<const Line> WorkloadLines();
std::span<const Line> ActivityLines();
std::span<const Line> StateLines();

// The operations that the kit gives to host_init.
const gvtcore_mpt_ops_t& KitOps();
// Gives `ops` to the host: host_init's answer.
int InitHost(const gvtcore_module_t& module, struct device* dev, void* gvt,
             const gvtcore_mpt_ops_t& ops);
// The table, with members over lent memory in place of read_gpa and write_gpa that are not there.
gvtcore_mpt_t WithLentMemory(const gvtcore_mpt_t& table);

}  // namespace gvt::hostif::conformance
