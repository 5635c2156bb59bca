// State: saved while everything is at work, restored by a fresh process, the same memory in the
// end; and whatever is not a state changes nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/state_file.h"
#include "tests/core/bench.h"

namespace gvt::core_test {
namespace {

constexpr uint32_t kElsp = 0x230;
constexpr uint32_t kTimestamp = 0x358;
constexpr uint32_t kGo = 0x600d;
constexpr uint64_t kMemoryBytes = uint64_t{4} << 20;

using State = std::vector<std::byte>;

State Save(const Machine& machine) {
  State state(static_cast<size_t>(gvtcore_vgpu_save(machine.vgpu(), nullptr, 0)));
  EXPECT_EQ(gvtcore_vgpu_save(machine.vgpu(), state.data(), state.size()),
            static_cast<int64_t>(state.size()));
  return state;
}

int Restore(Machine& machine, const State& state) {
  return gvtcore_vgpu_restore(machine.vgpu(), state.data(), state.size());
}

std::vector<uint32_t> MemoryOf(const Machine& machine) {
  std::vector<uint32_t> memory(machine.memory_bytes() / 4);
  for (size_t i = 0; i < memory.size(); ++i) memory[i] = machine.Load32(Gpa(4 * i));
  return memory;
}

// A file without a name, for processes that this one starts: "/proc/self/fd/N".
template <typename T>
std::string FileOf(const std::vector<T>& content) {
  const int file = memfd_create("gvtcore-test", 0);
  EXPECT_EQ(write(file, content.data(), content.size() * sizeof(T)),
            static_cast<ssize_t>(content.size() * sizeof(T)));
  return "/proc/self/fd/" + std::to_string(file);
}

template <typename T>
std::vector<T> Content(const char* path) {
  const int file = open(path, O_RDONLY);
  std::vector<T> content(static_cast<size_t>(lseek(file, 0, SEEK_END)) / sizeof(T));
  EXPECT_EQ(pread(file, content.data(), content.size() * sizeof(T), 0),
            static_cast<ssize_t>(content.size() * sizeof(T)));
  close(file);
  return content;
}

// Where the parts of the workload lie: told to the fresh process, too.
struct Places {
  std::array<uint64_t, 4> go;     // of the word that each engine waits for
  std::array<uint64_t, 4> seqno;  // of what it writes at last
};

// Lets the engines go on, and waits for the end of them.
void Finish(Machine& machine, const Places& places) {
  GuestDriver driver(machine);
  for (const uint64_t go : places.go) machine.Store32(Gpa(go), kGo);
  for (size_t i = 0; i < places.seqno.size(); ++i) {
    EXPECT_TRUE(driver.WaitForValue(Gpa(places.seqno[i]), 2)) << i;
    EXPECT_TRUE(driver.WaitForIdle(kEngines[i])) << i;
    EXPECT_TRUE(driver.WaitForInterrupt(kEngines[i], kUserBit | kSwitchBit)) << i;
  }
}

// Each engine waits in a batch, in the middle of its work, with another context behind.
Places StartWork(Bench* bench) {
  Places places = {};
  for (size_t i = 0; i < std::size(kEngines); ++i) {
    Job job = bench->MakeJob(kEngines[i]);
    Job next = bench->MakeJob(kEngines[i]);
    bench->Batch(job, Program({StoreDword(kData + 8, 1), SemaphoreWait(kData, kGo, 4),
                               StoreDword(kData + 12, 2), BatchEnd()}));
    bench->Batch(next, Program({StoreDword(kData, 3), BatchEnd()}));
    bench->Request(job, 1);
    bench->Request(next, 2);
    EXPECT_TRUE(bench->driver->Submit(job.context, &next.context));
    EXPECT_TRUE(bench->driver->WaitForValue(job.data + 8, 1));
    places.go[i] = job.data.value;
    places.seqno[i] = bench->SeqnoAt(next).value;
  }
  return places;
}

// Dwords that differ, but for the run times of contexts (which are time).
size_t Differences(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  size_t count = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const bool is_time = i % 1024 == hw::kContextTimestamp && a[i - 1] % 0x1000 == 0x3a8;
    if (a[i] != b[i] && !is_time) ++count;
  }
  return count;
}

// What the fresh process does; `given` names its files.
void GoOn(Host& host, const char* given) {
  std::array<char[64], 4> paths = {};
  ASSERT_EQ(std::sscanf(given, "%63s %63s %63s %63s", paths[0], paths[1], paths[2], paths[3]), 4);
  MachineOptions options;
  options.memory_bytes = kMemoryBytes;
  auto machine = std::move(Machine::Create(host, options)).value();
  const auto memory = Content<uint32_t>(paths[1]);
  machine->Store(Gpa(0), memory);
  ASSERT_EQ(Restore(*machine, Content<std::byte>(paths[0])), 0);
  Finish(*machine, Content<Places>(paths[2]).at(0));
  const std::vector<uint32_t> result = MemoryOf(*machine);
  const int file = open(paths[3], O_WRONLY);
  ASSERT_EQ(write(file, result.data(), 4 * result.size()), static_cast<ssize_t>(4 * result.size()));
  close(file);
}

TEST_F(EndToEnd, AFreshProcessGoesOnInTheMiddleOfAWorkload) {
  if (const char* given = std::getenv("GVT_STATE")) return GoOn(*host_, given);
  MachineOptions options;
  options.memory_bytes = kMemoryBytes;
  Bench bench(*host_, options);
  const Places places = StartWork(&bench);
  const std::string state = FileOf(Save(*bench.machine));
  const std::string memory = FileOf(MemoryOf(*bench.machine));
  const std::string where = FileOf(std::vector<Places>{places});
  const std::string result = FileOf(std::vector<uint32_t>{});
  setenv("GVT_STATE", (state + " " + memory + " " + where + " " + result).c_str(), 1);
  std::array<const char*, 3> arguments = {"state", "--gtest_filter=EndToEnd.AFreshProcess*",
                                          nullptr};
  pid_t process = 0;
  ASSERT_EQ(posix_spawn(&process, "/proc/self/exe", nullptr, nullptr,
                        const_cast<char* const*>(arguments.data()), environ),
            0);
  unsetenv("GVT_STATE");
  Finish(*bench.machine, places);  // what was saved goes on, too
  int status = -1;
  ASSERT_EQ(waitpid(process, &status, 0), process);
  ASSERT_EQ(status, 0);
  const std::vector<uint32_t> elsewhere = Content<uint32_t>(result.c_str());
  EXPECT_EQ(Differences(MemoryOf(*bench.machine), elsewhere), 0u);
}

// Machines without threads, at a time that stands still: a state is the same byte for byte.
class Stopped : public testing::Test {
 protected:
  Stopped() {
    gvtcore_config_t config = {};
    config.flags = GVTCORE_STEPPED;
    config.now_ns = [](void* now) { return *static_cast<uint64_t*>(now); };
    config.clock = &now_;
    host_ = std::move(Host::Create(plan_, config)).value();
    saved_ = MakeMachine();
    restored_ = MakeMachine();
  }
  std::unique_ptr<Machine> MakeMachine(gvtcore_vgpu_config_t vgpu = {}) {
    MachineOptions options;
    options.memory_bytes = uint64_t{2} << 20;
    options.vgpu = vgpu;
    return std::move(Machine::Create(*host_, options)).value();
  }
  void WriteElsp(Machine& machine, std::initializer_list<uint32_t> values) {
    for (const uint32_t value : values) machine.WriteRegister(0x2000 + kElsp, value);
  }

  uint64_t now_ = 0;
  hostif::embedded::FaultPlan plan_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Machine> saved_;
  std::unique_ptr<Machine> restored_;
};

TEST_F(Stopped, EverythingThatAGuestCanTellIsThere) {
  GuestDriver driver(*saved_);
  ASSERT_TRUE(driver.Boot());
  saved_->WriteConfig(0x10, 0xd0000000);
  saved_->WriteConfig(0x3c, 0x55);
  saved_->WriteGgttEntry(700, 0x5001);
  saved_->WriteRegister(0x100000, 0x1234);                  // a fence
  WriteElsp(*saved_, {0, 0, 1 << 5, 0x00777019, 1, 2, 3});  // an image that is not there; a part
  ASSERT_EQ(gvtcore_step(host_->core(), 0), 1);             // a command error
  now_ += 1'000'000;
  const State state = Save(*saved_);
  ASSERT_EQ(Restore(*restored_, state), 0);
  EXPECT_EQ(Save(*restored_), state);
  EXPECT_EQ(restored_->ReadConfig(0x10), 0xd0000004u);
  EXPECT_EQ(restored_->ReadRegister(0x100000), 0x1234u);
  EXPECT_EQ(restored_->ReadRegister(0x2000 + kTimestamp),
            saved_->ReadRegister(0x2000 + kTimestamp));
  EXPECT_EQ(gvtcore_step(host_->core(), 0), 0);  // still in error, both
  now_ += 1'000'000;
  EXPECT_EQ(restored_->ReadRegister(0x2000 + kTimestamp),
            saved_->ReadRegister(0x2000 + kTimestamp));
  gvtcore_vgpu_reset(restored_->vgpu());
  EXPECT_NE(Save(*restored_), state);
  ASSERT_EQ(Restore(*restored_, state), 0);  // over whatever was there
}

TEST_F(Stopped, WhatIsNoStateChangesNothing) {
  GuestDriver driver(*saved_);
  ASSERT_TRUE(driver.Boot());
  const State state = Save(*saved_);
  const State before = Save(*restored_);
  const auto refused = [&](const State& bytes) {
    const int code = Restore(*restored_, bytes);
    return code < 0 && Save(*restored_) == before ? code : 1;
  };
  State later = state;
  later[8] = std::byte{2};
  EXPECT_EQ(refused(later), GVTCORE_ENOTSUP);
  EXPECT_NE(restored_->log().back().find("another version"), std::string::npos);
  for (size_t at = 0; at < state.size(); at += 1 + at / 3) {
    State broken = state;
    broken[at] ^= std::byte{0x10};
    EXPECT_LT(refused(broken), 0) << at;
    broken.resize(at);
    EXPECT_EQ(refused(broken), GVTCORE_EINVAL) << at;
  }
  EXPECT_EQ(refused(State(core::kMaxStateBytes + 1)), GVTCORE_ENOSPC);
  EXPECT_EQ(gvtcore_vgpu_restore(restored_->vgpu(), nullptr, 9), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_save(nullptr, nullptr, 0), GVTCORE_EINVAL);
  gvtcore_vgpu_config_t small = {};
  small.aperture_mib = 128;
  EXPECT_EQ(Restore(*MakeMachine(small), state), GVTCORE_ENOTSUP);
}

TEST_F(Stopped, ContentIsCheckedBehindTheChecksum) {
  GuestDriver driver(*saved_);
  ASSERT_TRUE(driver.Boot());
  saved_->WriteGgttEntry(0xfffff, 0x5001);
  State state = Save(*saved_);
  const auto refused = [&](size_t from_end, uint8_t value) {
    State changed = state;
    changed[changed.size() - from_end] = std::byte{value};
    core::SealState(changed);
    return Restore(*restored_, changed);
  };
  constexpr size_t kEngineBytes = 68;
  EXPECT_EQ(refused(1, 0), 0);                               // sealed as it should be
  EXPECT_EQ(refused(kEngineBytes - 20, 4), GVTCORE_EINVAL);  // four words of ELSP
  EXPECT_EQ(refused(kEngineBytes, 0x3), GVTCORE_EINVAL);     // a pair that is not valid runs
  EXPECT_EQ(refused(5 * kEngineBytes + 16 + 12, 0xff), GVTCORE_EINVAL);  // an entry too many
  // A section that may be skipped, and one that may not.
  for (const uint8_t kind : {uint8_t{0x80}, uint8_t{0}}) {
    State longer = state;
    longer[12] = std::byte{7};
    const std::array<uint8_t, 18> section = {9, 0, 0, kind, 0, 0, 0, 0, 2};
    for (const uint8_t byte : section) longer.push_back(std::byte{byte});
    core::SealState(longer);
    EXPECT_EQ(Restore(*restored_, longer), kind != 0 ? 0 : GVTCORE_ENOTSUP);
  }
}

}  // namespace
}  // namespace gvt::core_test
