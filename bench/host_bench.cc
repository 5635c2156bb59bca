// BM_Host/<host>: what a host costs per call, everything by turns, each beside its floor in the
// same round.
//
// | figure               | floor                                                     |
// |----------------------|-----------------------------------------------------------|
// | mmio.*               | a call through a table that does nothing                  |
// | read_gpa.N           | memcpy of N bytes                                         |
// | lease                | a call through a table that does nothing                  |
// | msi, line            | write() to an event file                                  |
// | track, doorbell      | KVM's exit for a guest's write where there is no memory   |
//
// What a guest's processor does is a copy of a page, dword by dword, less what the same copy costs
// in plain memory.
#include "bench/host_bench.h"

#include <benchmark/benchmark.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/rounds.h"
#include "examples/tiny_vmm/module.h"
#include "examples/tiny_vmm/tiny_vmm.h"
#include "gvtcore/mpt.h"
#include "hostif/conformance/module_guest.h"
#include "hostif/embedded/table.h"
#include "hostif/kvm/table.h"

namespace gvt::bench {
namespace {

using hostif::conformance::ModuleCore;
using hostif::conformance::ModuleGuest;
using tiny_vmm::File;
using tiny_vmm::TinyVmm;

constexpr int kCalls = 10'000;
constexpr int kSlowCalls = 300;
constexpr uint64_t kBar0At = 0xe0000000;  // where ModuleGuest puts it
constexpr uint32_t kRingTail = 0x2030;
constexpr uint32_t kMaster = 0x44200;
constexpr uint32_t kLine = 24;
constexpr uint64_t kHole = 0x50000000;
constexpr uint64_t kDoorbell = 0x50010000;
constexpr uint64_t kPlainPage = 0x20000;
constexpr uint64_t kTrackedPage = 0x30000;
constexpr uint64_t kReadFrom = 0x40000;
constexpr size_t kReadBytes = 65536;
constexpr uint32_t kMsiAddress = 0xfee00000;
constexpr uint16_t kVector = 0x41;

struct Figure {
  std::string name;
  std::string floor;          // name of another figure; empty: it is one
  int calls = kCalls;         // of a round
  std::function<void()> run;  // one call
  int parts = 1;              // that a call is made of
  std::string less = {};      // whose time is taken off, per part; empty: nothing
};

int Nothing(void* /*vgpu*/, uint64_t /*gpa*/, void* /*data*/, unsigned int /*bytes*/) {
  return 0;
}

// The machine of a module, with a vGPU whose memory is decoded.
class HostCalls {
 public:
  explicit HostCalls(const gvtcore_module_t& module) : hooks_(*module.table) {
    host_core_ = ModuleCore::Create(module);
    if (host_core_ != nullptr) guest_ = ModuleGuest::Create(*host_core_);
    if (guest_ == nullptr) return;
    constexpr uint32_t kMemoryAndMaster = 6;
    guest_->WriteConfig(4, kMemoryAndMaster);
  }
  bool exists() const { return guest_ != nullptr; }

  std::vector<Figure> Figures() {
    std::vector<Figure> figures;
    const gvtcore_mpt_ops_t& ops = host_core_->ops();
    void* const vgpu = guest_->vgpu();
    const auto mmio = [&](const char* name, auto* call, uint32_t offset) {
      figures.push_back({name, "empty", kCalls, [this, call, vgpu, offset] {
                           call(vgpu, kBar0At + offset, &word_, sizeof word_);
                         }});
    };
    nothing_ = &Nothing;
    figures.push_back({"empty", "", kCalls, [this, vgpu] {
                         benchmark::DoNotOptimize(nothing_);
                         nothing_(vgpu, kBar0At, &word_, sizeof word_);
                       }});
    mmio("mmio.read", ops.emulate_mmio_read, kRingTail);
    mmio("mmio.write", ops.emulate_mmio_write, kRingTail);
    mmio("mmio.read_dynamic", ops.emulate_mmio_read, kMaster);
    return figures;
  }

  // The figures of the table, for a handle. `guest`: where its memory from kReadFrom on is.
  void AddTable(std::vector<Figure>* figures, unsigned long handle, const void* guest) {
    for (const size_t bytes : {8u, 64u, 256u, 1024u, 4096u, 65536u}) {
      const std::string copy = "memcpy." + std::to_string(bytes);
      const int calls = bytes > 4096 ? kSlowCalls : kCalls;
      figures->push_back({copy, "", calls, [this, bytes, guest] {
                            benchmark::DoNotOptimize(guest);
                            std::memcpy(to_.data(), guest, bytes);
                            benchmark::ClobberMemory();
                          }});
      figures->push_back({"read_gpa." + std::to_string(bytes), copy, calls, [this, bytes, handle] {
                            hooks_.read_gpa(handle, kReadFrom, to_.data(), bytes);
                            benchmark::ClobberMemory();
                          }});
    }
    figures->push_back({"eventfd", "", kSlowCalls, [this] { Ring(event_); }});
    figures->push_back({"msi", "eventfd", kSlowCalls,
                        [this, handle] { hooks_.inject_msi(handle, kMsiAddress, kVector); }});
  }

  // What only KVM has.
  void AddKvm(std::vector<Figure>* figures, TinyVmm& vmm) {
    hostif::kvm::VmServices& services = vmm.services();
    if (!services.SetLine(line_.get(), kLine, kMsiAddress, kVector) ||
        !services.SetDoorbell(bell_.get(), Gpa(kDoorbell), sizeof(uint32_t)) ||
        !services.slots().Track(Gfn(kTrackedPage >> 12))) {
      return;
    }
    hostif::GuestMemory& memory = services.slots().memory();
    figures->push_back({"lease", "empty", kCalls, [&memory] {
                          benchmark::DoNotOptimize(memory.Contains(Gfn(kReadFrom >> 12)));
                        }});
    constexpr int kDwords = 16;
    const auto guest = [&](const char* name, uint64_t to, const char* floor, int dwords) {
      const auto bytes = static_cast<size_t>(dwords) * sizeof(uint32_t);
      figures->push_back({name, floor, kSlowCalls / dwords + 1,
                          [this, &vmm, to, bytes] { vmm.GuestWrite(to, from_.data(), bytes); },
                          dwords, std::string(name) == "guest.plain" ? "" : "guest.plain"});
    };
    figures->push_back({"line", "eventfd", kSlowCalls, [this] { Ring(line_); }});
    guest("guest.plain", kPlainPage, "", kDwords);
    guest("exit", kHole, "", kDwords);
    guest("track", kTrackedPage, "exit", kDwords);
    guest("doorbell", kDoorbell, "exit", 1);
  }

 private:
  static void Ring(const File& file) {
    constexpr uint64_t kOne = 1;
    benchmark::DoNotOptimize(write(file.get(), &kOne, sizeof kOne));
  }

  const gvtcore_mpt_t& hooks_;
  std::unique_ptr<ModuleCore> host_core_;
  std::unique_ptr<ModuleGuest> guest_;
  decltype(&Nothing) nothing_ = nullptr;
  uint32_t word_ = 0;
  std::array<std::byte, 4096> from_{};
  alignas(4096) std::array<std::byte, kReadBytes> to_{};  // so that no floor is lucky or unlucky
  const File event_{eventfd(0, EFD_NONBLOCK)};
  const File line_{eventfd(0, EFD_NONBLOCK)};
  const File bell_{eventfd(0, EFD_NONBLOCK)};
};

double NsOf(const Figure& figure) {
  const double start = ThreadNs();
  for (int i = 0; i < figure.calls; ++i) figure.run();
  return (ThreadNs() - start) / figure.calls / figure.parts;
}

void Report(benchmark::State& state, const std::vector<Figure>& figures,
            std::map<std::string, std::vector<double>>& ns) {
  for (const Figure& figure : figures) {
    if (figure.less.empty()) continue;
    const std::vector<double>& less = ns[figure.less];
    for (size_t i = 0; i < less.size(); ++i) ns[figure.name][i] -= less[i];
  }
  for (const Figure& figure : figures) {
    state.counters[figure.name + ":ns"] = SpreadOf(ns[figure.name]).median;
    if (figure.floor.empty()) continue;
    std::vector<double> ratios;
    for (size_t i = 0; i < ns[figure.name].size(); ++i) {
      ratios.push_back(ns[figure.name][i] / ns[figure.floor][i]);
    }
    const Spread ratio = SpreadOf(std::move(ratios));
    state.counters[figure.name + ":ratio"] = ratio.median;
    state.counters[figure.name + ":high"] = ratio.high;
  }
}

void Measure(benchmark::State& state, const std::vector<Figure>& figures) {
  std::map<std::string, std::vector<double>> ns;
  for (const Figure& figure : figures) NsOf(figure);  // warm
  for (auto _ : state) {
    for (const Figure& figure : figures) ns[figure.name].push_back(NsOf(figure));
  }
  Report(state, figures, ns);
}

void RunEmbedded(benchmark::State& state) {
  HostCalls host(hostif::embedded::TableModule());
  if (!host.exists()) return state.SkipWithError("no vGPU could be made");
  Measure(state, host.Figures());
}

void RunKvm(benchmark::State& state) {
  HostCalls host(tiny_vmm::KvmModule());
  auto vmm = TinyVmm::Create(uint64_t{16} << 20, [](uint64_t, void*, uint32_t) {});
  if (!host.exists() || !vmm) return state.SkipWithError("no virtual machine could be made");
  std::vector<Figure> figures = host.Figures();
  void* const guest = (*vmm)->Memory(kReadFrom, kReadBytes);
  std::memset(guest, 1, kReadBytes);  // pages of its own
  host.AddTable(&figures, hostif::kvm::HandleOf((*vmm)->services()), guest);
  host.AddKvm(&figures, **vmm);
  Measure(state, figures);
}

}  // namespace

void RegisterHostBench(int rounds) {
  const std::pair<const char*, void (*)(benchmark::State&)> hosts[] = {
      {"BM_Host/embedded", &RunEmbedded}, {"BM_Host/kvm", &RunKvm}};
  for (const auto& [name, run] : hosts) {
    benchmark::RegisterBenchmark(name, run)->Iterations(rounds)->Unit(benchmark::kMicrosecond);
  }
}

}  // namespace gvt::bench
