// BM_EmptyWorkload: a guest submits one request that only interrupts; the same thread steps the
// engine and acknowledges the interrupt as a driver does. All of it counts: ring, execution list,
// audit, dispatch, context load and save, status entries, message. On one core.
//
// BM_SmallWorkload/bytes/tables: the same with a batch of so many bytes, one of its commands a
// store, while so many page tables are mapped and have been used.
//
// BM_Dispatch: how long it takes from the first write to ELSP to the first command, with the
// engine's thread asleep, beside a bare futex wake, by turns: one sleeper each, and both by the
// clock as the woken thread reads it first; the engine's is its timestamp, 83 ns a tick. To look
// from the thread that wakes would measure that thread: it comes back from its system call when
// the other has long begun. Percentiles are those of the whole run, for the 99th of a round is made
// by its three worst moments.
#include "bench/workload_bench.h"

#include <benchmark/benchmark.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bits.h"
#include "bench/rounds.h"
#include "gpu/engine_clock.h"
#include "hostif/embedded/fault_plan.h"
#include "hostif/embedded/guest_driver.h"
#include "hostif/embedded/machine.h"
#include "hw/engine_interrupts.h"

namespace gvt::bench {
namespace {

using hostif::embedded::FaultPlan;
using hostif::embedded::GgttPage;
using hostif::embedded::GuestContext;
using hostif::embedded::GuestDriver;
using hostif::embedded::Host;
using hostif::embedded::Machine;
using hostif::embedded::MachineOptions;
using hostif::embedded::PageTables;

constexpr int kWorkloadsPerSlice = 5000;
constexpr int kWakesPerSlice = 300;
constexpr uint32_t kElsp = 0x230;
constexpr uint32_t kMaster = 0x44200;
constexpr uint32_t kMasterEnable = 1u << 31;
constexpr uint32_t kUserInterrupt = 0x01000000;      // MI_USER_INTERRUPT
constexpr uint32_t kTimestamp = 0x358;               // RING_TIMESTAMP, of an engine's block
constexpr uint32_t kStoreRegisterGgtt = 0x12400002;  // MI_STORE_REGISTER_MEM, GGTT
constexpr uint32_t kStorePpgtt = 0x10000002;         // likewise, PPGTT
constexpr uint32_t kBatchStart = 0x18800101;         // MI_BATCH_BUFFER_START, PPGTT
constexpr uint32_t kBatchEnd = 0x05000000;           // MI_BATCH_BUFFER_END
constexpr uint32_t kState = 0x782a0000;              // 3DSTATE_BINDING_TABLE_POINTERS_PS, 2 dwords
constexpr Gma kBatch{uint64_t{1} << 40};
constexpr uint64_t kBytesOfTable = uint64_t{2} << 20;  // that one page table maps
constexpr uint32_t kIirOfGroup = 8;

// A guest with one context.
class Guest {
 public:
  Guest(hw::Engine engine, uint32_t flags) : engine_(engine) {
    gvtcore_config_t config = {};
    config.flags = flags;
    auto host = Host::Create(plan_, config);
    if (!host) return;
    host_ = std::move(host).value();
    MachineOptions options;
    options.memory_bytes = uint64_t{32} << 20;
    auto machine = Machine::Create(*host_, options);
    if (!machine) return;
    machine_ = std::move(machine).value();
    driver_ = std::make_unique<GuestDriver>(*machine_);
    if (!driver_->Boot()) return;
    const auto tables = driver_->CreatePageTables();
    const auto context = driver_->CreateContext(engine, *tables);
    const auto page = driver_->AllocateGgtt(1);
    if (!context || !page) return;
    tables_ = *tables;
    context_ = *context;
    page_ = *page;
    exists_ = true;
  }

  bool exists() const { return exists_; }
  gvtcore_t* core() const { return host_->core(); }
  Machine& machine() { return *machine_; }
  GuestDriver& driver() { return *driver_; }
  GuestContext& context() { return context_; }
  const GgttPage& page() const { return page_; }
  const PageTables& tables() const { return tables_; }
  hw::Engine engine() const { return engine_; }

  void Ring() {
    const uint32_t at = hw::EngineMmioBase(engine_) + kElsp;
    machine_->WriteRegister(at, 0);
    machine_->WriteRegister(at, 0);
    machine_->WriteRegister(at, High32(context_.descriptor));
    machine_->WriteRegister(at, Low32(context_.descriptor));
  }
  void Acknowledge() {
    const uint32_t group = hw::InterruptBitsOf(engine_).group;
    machine_->WriteRegister(kMaster, 0);
    machine_->WriteRegister(group + kIirOfGroup, machine_->ReadRegister(group + kIirOfGroup));
    machine_->WriteRegister(kMaster, kMasterEnable);
  }

 private:
  const hw::Engine engine_;
  FaultPlan plan_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<GuestDriver> driver_;
  PageTables tables_;
  GuestContext context_;
  GgttPage page_;
  bool exists_ = false;
};

// One after the other; nanoseconds of one, by rounds. Empty: one did not end.
std::vector<double> RunOnOneCore(benchmark::State& state, Guest& guest,
                                 std::span<const uint32_t> request) {
  const auto number = static_cast<uint32_t>(guest.engine());
  std::vector<double> ns;
  for (auto _ : state) {
    const uint64_t before = guest.machine().interrupts();
    const double start = ThreadNs();
    for (int i = 0; i < kWorkloadsPerSlice; ++i) {
      guest.driver().Append(guest.context(), request);
      guest.Ring();
      while (gvtcore_step(guest.core(), number) == 1) {
      }
      guest.Acknowledge();
    }
    ns.push_back((ThreadNs() - start) / kWorkloadsPerSlice);
    if (guest.machine().interrupts() - before < kWorkloadsPerSlice) {
      state.SkipWithError("an interrupt is missing");
      return {};
    }
  }
  return ns;
}

void RunEmptyWorkloads(benchmark::State& state, hw::Engine engine) {
  Guest guest(engine, GVTCORE_STEPPED);
  if (!guest.exists()) {
    state.SkipWithError("no vGPU could be made");
    return;
  }
  constexpr std::array<uint32_t, 2> kRequest{kUserInterrupt, 0};
  std::vector<double> rates;
  for (const double ns : RunOnOneCore(state, guest, kRequest)) rates.push_back(1e9 / ns);
  const Spread rate = SpreadOf(std::move(rates));
  state.counters["workloads/s"] = rate.median;
  state.counters["workloads/s:low"] = rate.low;
  state.counters["workloads/s:high"] = rate.high;
}

std::array<uint32_t, 4> Store(Gma to) {
  return {kStorePpgtt, Low32(to.value), High32(to.value), 1};
}

// Writes a batch of `bytes` that ends, its last command a store. False: no memory.
bool WriteBatch(Guest& guest, uint32_t bytes, Gpa batch) {
  std::vector<uint32_t> dwords;
  while (dwords.size() * 4 + 20 < bytes) dwords.insert(dwords.end(), {kState, 0});
  const auto store = Store(Gma(0));
  dwords.insert(dwords.end(), store.begin(), store.end());
  dwords.push_back(kBatchEnd);
  return guest.machine().Store(batch, dwords);
}

// Maps one page in each of so many tables, and has a batch store there. False: no memory.
bool UseTables(Guest& guest, uint32_t tables, Gpa page) {
  for (uint32_t i = 0; i < tables; ++i) {
    const Gma at(i * kBytesOfTable);
    if (!guest.driver().Map(guest.tables(), at, page)) return false;
    guest.driver().Append(guest.context(), Store(at));
    guest.Ring();
    while (gvtcore_step(guest.core(), static_cast<uint32_t>(guest.engine())) == 1) {
    }
  }
  return true;
}

void RunSmallWorkloads(benchmark::State& state, uint32_t bytes, uint32_t tables) {
  Guest guest(hw::Engine::kRcs, GVTCORE_STEPPED);
  if (!guest.exists()) {
    state.SkipWithError("no vGPU could be made");
    return;
  }
  const auto batch = guest.driver().AllocateAt(guest.tables(), kBatch, 1);
  const auto page = guest.driver().AllocatePages(1);
  if (!batch || !page || !UseTables(guest, tables, *page) || !WriteBatch(guest, bytes, *batch)) {
    state.SkipWithError("memory is used up");
    return;
  }
  const std::array<uint32_t, 4> request{kBatchStart, Low32(kBatch.value), High32(kBatch.value),
                                        kUserInterrupt};
  const Spread ns = SpreadOf(RunOnOneCore(state, guest, request));
  state.counters["ns"] = ns.median;
  state.counters["ns:low"] = ns.low;
  state.counters["ns:high"] = ns.high;
}

double WallNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::nanoseconds(now).count());
}

double Percentile(std::vector<double> values, int percent) {
  std::sort(values.begin(), values.end());
  return values[values.size() * static_cast<size_t>(percent) / 100];
}

// Sleepers are asleep by then.
void LetSleep() {
  std::this_thread::sleep_for(std::chrono::microseconds(150));
}

// A thread that answers a futex.
class Sleeper {
 public:
  Sleeper() : thread_([this] { Answer(); }) {}
  ~Sleeper() {
    stop_ = true;
    Wake();
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  double NsOfWake() {
    LetSleep();
    const double start = WallNs();
    const uint32_t value = Wake();
    while (answer_.load(std::memory_order_acquire) != value) {
    }
    return woken_ns_ - start;
  }

 private:
  uint32_t Wake() {
    const uint32_t value = word_.fetch_add(1) + 1;
    syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    return value;
  }
  void Answer() {
    uint32_t seen = 0;
    while (!stop_) {
      while (word_.load() == seen) {
        syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
      }
      woken_ns_ = WallNs();
      seen = word_.load();
      answer_.store(seen, std::memory_order_release);
    }
  }

  std::atomic<uint32_t> word_{0};    // atomic: the futex
  std::atomic<uint32_t> answer_{0};  // atomic: released by the thread, acquired by who woke it
  double woken_ns_ = 0;              // written before answer_
  std::atomic<bool> stop_{false};    // atomic: seen behind the futex
  std::jthread thread_;
};

double NsOfDispatch(Guest& guest) {
  constexpr double kTickNs = 1e9 / gpu::kTimestampHz;
  const uint32_t timestamp = hw::EngineMmioBase(guest.engine()) + kTimestamp;
  const std::array<uint32_t, 4> request{kStoreRegisterGgtt, timestamp,
                                        Low32(guest.page().gma.value), 0};
  guest.machine().Store32(guest.page().gpa, 0);
  guest.driver().Append(guest.context(), request);
  LetSleep();
  const uint32_t start = guest.machine().ReadRegister(timestamp);
  guest.Ring();
  uint32_t begun = 0;
  while ((begun = guest.machine().Load32(guest.page().gpa)) == 0) {
  }
  guest.Acknowledge();
  return kTickNs * (begun - start);
}

void RunDispatch(benchmark::State& state) {
  Guest guest(hw::Engine::kBcs, 0);
  if (!guest.exists()) {
    state.SkipWithError("no vGPU could be made");
    return;
  }
  Sleeper sleeper;
  std::vector<double> dispatches;
  std::vector<double> wakes;
  for (auto _ : state) {
    for (int i = 0; i < kWakesPerSlice; ++i) {
      dispatches.push_back(NsOfDispatch(guest));
      wakes.push_back(sleeper.NsOfWake());
    }
  }
  for (const auto& [name, percent] : {std::pair{"p50", 50}, {"p90", 90}, {"p99", 99}}) {
    const double ours = Percentile(dispatches, percent);
    const double bare = Percentile(wakes, percent);
    state.counters[std::string(name) + ":dispatch_ns"] = ours;
    state.counters[std::string(name) + ":futex_ns"] = bare;
    state.counters[std::string(name) + ":ratio"] = ours / bare;
  }
}

}  // namespace

void RegisterWorkloadBench(int rounds) {
  for (const hw::Engine engine : {hw::Engine::kRcs, hw::Engine::kBcs}) {
    const std::string name = "BM_EmptyWorkload/" + std::string(hw::EngineName(engine));
    benchmark::RegisterBenchmark(name.c_str(), [engine](benchmark::State& state) {
      RunEmptyWorkloads(state, engine);
    })->Iterations(rounds);
  }
  for (const uint32_t bytes : {100u, 800u}) {
    for (const uint32_t tables : {8u, 2048u}) {
      const std::string name =
          "BM_SmallWorkload/" + std::to_string(bytes) + "/" + std::to_string(tables);
      benchmark::RegisterBenchmark(name.c_str(), [bytes, tables](benchmark::State& state) {
        RunSmallWorkloads(state, bytes, tables);
      })->Iterations(rounds);
    }
  }
  benchmark::RegisterBenchmark("BM_Dispatch", RunDispatch)->Iterations(rounds);
}

}  // namespace gvt::bench
