// States: a workload is saved in its middle, and goes on in another machine, in the same one, and
// in a fresh process; memory is the same in the end. The kit moves memory as a device model would:
// by read_gpa and write_gpa, or by the guest's processor where memory is lent.
//
// What a fresh process is given is a file: Errand, the state, the memory. It leaves there the
// memory that results. The file has no name; its descriptor is inherited, and an environment
// variable says its number.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/mpt_calls.h"
#include "core/state_file.h"
#include "hostif/conformance/module_guest.h"
#include "hostif/conformance/run.h"
#include "hostif/embedded/guest_driver.h"

namespace gvt::hostif::conformance {
namespace {

using embedded::GuestDriver;
using std::chrono::milliseconds;

constexpr const char* kFileVariable = "GVTCORE_CONFORMANCE_RESUME";
constexpr uint64_t kMovedBytes = uint64_t{2} << 20;  // the guest's driver has less
constexpr size_t kPieceBytes = size_t{64} << 10;     // of memory, in one call

constexpr hw::Engine kEngines[] = {hw::Engine::kRcs, hw::Engine::kBcs};
constexpr uint32_t kStoreDwordGgtt = 0x10400002;  // MI_STORE_DATA_IMM, GGTT, 4 dwords
constexpr uint32_t kSemaphoreWait = 0x0e40c002;   // MI_SEMAPHORE_WAIT, GGTT, polls until equal
constexpr uint32_t kUserInterrupt = 0x01000000;   // MI_USER_INTERRUPT
constexpr uint32_t kUserInterruptBit = 1;
constexpr uint32_t kGo = 0x600d;

using State = std::vector<std::byte>;
using Memory = std::vector<uint32_t>;

// Where the workload of each engine has the word that it counts in; behind it is what it waits for.
using Places = std::array<uint64_t, std::size(kEngines)>;

struct Errand {
  Places places;
  uint64_t state_bytes;  // at most core::kMaxStateBytes
  uint32_t patience_ms;
  uint32_t zero;
};

// A machine of the host's, its memory as the table gives it, its vGPU's state.
class Mover {
 public:
  explicit Mover(ModuleCore& core)
      : core_(core), calls_(*core.module().table), guest_(ModuleGuest::Create(core)) {}
  ModuleGuest* guest() { return guest_.get(); }

  bool Save(State* state) {
    const int64_t length = core_.ops().vgpu_save(guest_->vgpu(), nullptr, 0);
    if (length <= 0) return false;
    state->resize(static_cast<size_t>(length));
    return core_.ops().vgpu_save(guest_->vgpu(), state->data(), state->size()) == length;
  }
  bool Restore(const State& state) {
    return core_.ops().vgpu_restore(guest_->vgpu(), state.data(), state.size()) == 0;
  }
  bool ReadMemory(Memory* memory) {
    memory->resize(kMovedBytes / sizeof(uint32_t));
    return ForEachPiece([&](unsigned long handle, uint64_t at) {
      void* to = memory->data() + at / sizeof(uint32_t);
      return calls_.moves_memory() ? calls_.ReadGpa(handle, at, to, kPieceBytes)
                                   : core_.module().guest_read(guest_->vm(), at, to, kPieceBytes);
    });
  }
  bool WriteMemory(const Memory& memory) {
    return ForEachPiece([&](unsigned long handle, uint64_t at) {
      const void* from = memory.data() + at / sizeof(uint32_t);
      return calls_.moves_memory()
                 ? calls_.WriteGpa(handle, at, from, kPieceBytes)
                 : core_.module().guest_write(guest_->vm(), at, from, kPieceBytes);
    });
  }

 private:
  template <typename Call>
  bool ForEachPiece(Call call) {
    const unsigned long handle = core_.HandleOf(guest_->vgpu());
    for (uint64_t at = 0; at < kMovedBytes; at += kPieceBytes) {
      if (call(handle, at) != 0) return false;
    }
    return true;
  }

  ModuleCore& core_;
  const core::MptCalls calls_;
  const std::unique_ptr<ModuleGuest> guest_;
};

// Each engine is in the middle of its work, and waits. False: they do not come that far.
bool Start(ModuleGuest& guest, Places* places, milliseconds patience) {
  GuestDriver driver(guest);
  if (!driver.Boot()) return false;
  for (size_t i = 0; i < std::size(kEngines); ++i) {
    const auto page = driver.AllocateGgtt(1);
    const auto tables = driver.CreatePageTables();
    if (!page || !tables) return false;
    auto context = driver.CreateContext(kEngines[i], *tables);
    if (!context) return false;
    const auto at = static_cast<uint32_t>(page->gma.value);
    const std::array<uint32_t, 14> commands = {
        kStoreDwordGgtt, at, 0, 1, kSemaphoreWait, kGo, at + 4, 0,
        kStoreDwordGgtt, at, 0, 2, kUserInterrupt, 0};
    driver.Append(*context, commands);
    if (!driver.Submit(*context) || !driver.WaitForValue(page->gpa, 1, patience)) return false;
    places->at(i) = page->gpa.value;
  }
  return true;
}

// Lets the engines go on. Empty: all that is due came.
std::string Finish(ModuleGuest& guest, const Places& places, milliseconds patience) {
  GuestDriver driver(guest);
  for (const uint64_t at : places) guest.Store32(Gpa(at + 4), kGo);
  for (size_t i = 0; i < std::size(kEngines); ++i) {
    if (!driver.WaitForValue(Gpa(places[i]), 2, patience)) return "the engine does not go on";
    if (!driver.WaitForIdle(kEngines[i], patience)) return "the engine does not come to rest";
    if (!driver.WaitForInterrupt(kEngines[i], kUserInterruptBit, patience)) {
      return "the interrupt did not come";
    }
  }
  return guest.WaitForInterrupt(0, patience) ? "" : "no message came";
}

// The run time of a context: it is time, so it differs.
bool IsTime(const Memory& memory, size_t dword) {
  constexpr uint32_t kTimestampRegister = 0x3a8;  // of an engine; PRM SKL vol 2c, CTX_TIMESTAMP
  const size_t in_page = dword % (kPageSize / sizeof(uint32_t));
  return in_page == hw::kContextTimestamp && memory[dword - 1] % 0x1000 == kTimestampRegister;
}

std::string Compare(const Memory& wanted, const Memory& seen) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == seen[i] || IsTime(wanted, i)) continue;
    return "memory differs at " + std::to_string(i * sizeof(uint32_t));
  }
  return {};
}

// A workload in its middle, and what was saved of it.
struct Saved {
  std::unique_ptr<ModuleCore> core;
  std::unique_ptr<Mover> machine;
  Places places{};
  State state;
  Memory memory;
  std::string why;  // it could not be; empty: it is

  Saved(const gvtcore_module_t& module, milliseconds patience) : core(ModuleCore::Create(module)) {
    why = Make(patience);
  }
  std::string Make(milliseconds patience) {
    if (core == nullptr) return "host_init failed";
    machine = std::make_unique<Mover>(*core);
    if (machine->guest() == nullptr) return "no vGPU, or no virtual machine";
    if (!Start(*machine->guest(), &places, patience)) return "the workload does not begin";
    if (!machine->Save(&state)) return "no state";
    return machine->ReadMemory(&memory) ? "" : "read_gpa fails";
  }
  // Of the machine that was saved: it goes on, too. *result is its memory in the end.
  std::string GoOn(milliseconds patience, Memory* result) {
    std::string problem = Finish(*machine->guest(), places, patience);
    if (problem.empty() && !machine->ReadMemory(result)) problem = "read_gpa fails";
    return problem;
  }
};

// Puts a state and its memory into the machine, and lets that go on to its end.
std::string Resume(Mover& machine, const State& state, const Memory& memory, const Places& places,
                   milliseconds patience, Memory* result) {
  if (machine.guest() == nullptr) return "no second vGPU, or no second virtual machine";
  if (!machine.WriteMemory(memory)) return "write_gpa fails";
  if (!machine.Restore(state)) return "the state is refused";
  std::string why = Finish(*machine.guest(), places, patience);
  if (why.empty() && !machine.ReadMemory(result)) why = "read_gpa fails";
  return why;
}

Verdict VerdictOf(const std::string& why) {
  return why.empty() ? Passed() : Failed(why);
}

// `from`: the machine that the state is put into; null: a new one.
Verdict Moves(const gvtcore_module_t& module, const Options& options, bool to_the_same) {
  if (std::string why = MissingForGuest(module); !why.empty()) return NotTried(why);
  const milliseconds patience(options.patience_ms);
  Saved saved(module, patience);
  if (!saved.why.empty()) return Failed(saved.why);
  Memory wanted;
  Memory seen;
  if (std::string why = saved.GoOn(patience, &wanted); !why.empty()) return Failed(why);
  const auto other = to_the_same ? nullptr : std::make_unique<Mover>(*saved.core);
  Mover& machine = to_the_same ? *saved.machine : *other;
  const std::string why = Resume(machine, saved.state, saved.memory, saved.places, patience, &seen);
  return VerdictOf(why.empty() ? Compare(wanted, seen) : why);
}

Verdict MovesToAnother(const gvtcore_module_t& module, const Options& options) {
  return Moves(module, options, false);
}

Verdict RollsBack(const gvtcore_module_t& module, const Options& options) {
  return Moves(module, options, true);
}

// Starts words[0] with the file; its exit status, or -1.
int RunWith(const std::vector<std::string>& words, int file) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  setenv(kFileVariable, std::to_string(file).c_str(), 1);
  pid_t process = 0;
  const int code = posix_spawn(&process, arguments[0], nullptr, nullptr, arguments.data(), environ);
  unsetenv(kFileVariable);
  int status = 0;
  if (code != 0 || waitpid(process, &status, 0) != process || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

bool WriteAt(int file, uint64_t at, const void* data, size_t bytes) {
  return pwrite(file, data, bytes, static_cast<off_t>(at)) == static_cast<ssize_t>(bytes);
}

bool ReadAt(int file, uint64_t at, void* data, size_t bytes) {
  return pread(file, data, bytes, static_cast<off_t>(at)) == static_cast<ssize_t>(bytes);
}

Verdict MovesToAProcess(const gvtcore_module_t& module, const Options& options) {
  if (std::string why = MissingForGuest(module); !why.empty()) return NotTried(why);
  if (options.fresh_process.empty()) return NotTried("no program to start");
  const milliseconds patience(options.patience_ms);
  Saved saved(module, patience);
  if (!saved.why.empty()) return Failed(saved.why);
  Memory wanted;
  Memory seen(saved.memory.size());
  if (std::string why = saved.GoOn(patience, &wanted); !why.empty()) return Failed(why);
  const int file = memfd_create("gvtcore-state", 0);  // inherited
  const Errand errand = {saved.places, saved.state.size(), options.patience_ms, 0};
  const uint64_t memory_at = sizeof errand + saved.state.size();
  std::string why;
  if (!WriteAt(file, 0, &errand, sizeof errand) ||
      !WriteAt(file, sizeof errand, saved.state.data(), saved.state.size()) ||
      !WriteAt(file, memory_at, saved.memory.data(), kMovedBytes)) {
    why = "no file to hand on";
  } else if (const int status = RunWith(options.fresh_process, file); status != 0) {
    why = "it does not go on: exit status " + std::to_string(status);
  } else if (!ReadAt(file, memory_at, seen.data(), kMovedBytes)) {
    why = "no memory came back";
  }
  if (file >= 0) close(file);
  return VerdictOf(why.empty() ? Compare(wanted, seen) : why);
}

std::string GoOnWith(const gvtcore_module_t& module, int file) {
  Errand errand = {};
  if (!ReadAt(file, 0, &errand, sizeof errand) || errand.state_bytes > core::kMaxStateBytes) {
    return "no errand";
  }
  State state(errand.state_bytes);
  Memory memory(kMovedBytes / sizeof(uint32_t));
  const uint64_t memory_at = sizeof errand + state.size();
  if (!ReadAt(file, sizeof errand, state.data(), state.size()) ||
      !ReadAt(file, memory_at, memory.data(), kMovedBytes)) {
    return "no state, or no memory";
  }
  const std::unique_ptr<ModuleCore> core = ModuleCore::Create(module);
  if (core == nullptr) return "host_init failed";
  Mover machine(*core);
  Memory result;
  const milliseconds patience(errand.patience_ms);
  std::string why = Resume(machine, state, memory, errand.places, patience, &result);
  if (!why.empty()) return why;
  return WriteAt(file, memory_at, result.data(), kMovedBytes) ? "" : "no room for the memory";
}

constexpr Line kLines[] = {
    {"state.moves", "read_gpa", "what was saved goes on in another machine, to the same memory",
     true, nullptr, &MovesToAnother},
    {"state.rolls-back", "write_gpa", "a machine can be put back to what was saved", true, nullptr,
     &RollsBack},
    {"state.fresh-process", "host_init", "what was saved goes on in a fresh process", true, nullptr,
     &MovesToAProcess},
};

}  // namespace

std::span<const Line> StateLines() {
  return kLines;
}

std::optional<int> ResumeIfAsked(const gvtcore_module_t& module) {
  const char* file = std::getenv(kFileVariable);
  if (file == nullptr) return std::nullopt;
  const std::string why = GoOnWith(module, std::atoi(file));
  if (!why.empty()) std::fprintf(stderr, "conformance: in a fresh process: %s\n", why.c_str());
  return why.empty() ? 0 : 1;
}

}  // namespace gvt::hostif::conformance
