// BM_Track: three ways to learn of a guest's write to a page, on the machine's own KVM, by turns.
//
// | way   | how the page is watched                   | how its write is learnt |
// |-------|-------------------------------------------|--------------------------------------------|
// | slots | becomes a read-only slot (hostif/kvm)     | KVM_RUN returns, with the data | | log   |
// KVM_GET_DIRTY_LOG takes its bit away      | KVM_GET_DIRTY_LOG is asked, and has a bit  | | uffd
// | UFFDIO_WRITEPROTECT                       | a thread reads the fault, lets it go on    |
//
// For each: `set` and, if it is set page by page, `unset`; `write`, the guest's one write of a
// dword until it is known, less what the same write to an unwatched page takes; `told`, the share
// of writes that were learnt. Wall clock, since the kernel and another thread do most of it.
#include "bench/track_bench.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "bench/rounds.h"
#include "examples/tiny_vmm/tiny_vmm.h"

namespace gvt::bench {
namespace {

using tiny_vmm::File;
using tiny_vmm::TinyVmm;

constexpr uint64_t kPages = 64;
constexpr uint64_t kBytes = kPages * kPageSize;
constexpr uint64_t kLogged = 0x20000000;  // guest address of each kind of memory
constexpr uint64_t kFaulting = 0x30000000;
constexpr uint32_t kLoggedSlot = 500;  // beyond those of TinyVmm
constexpr uint32_t kFaultingSlot = 501;
constexpr uint64_t kTracked = 0x30000;
constexpr uint64_t kPlain = 0x50000;

double NowUs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::micro>(now).count();
}

// Memory of the guest's beside that of TinyVmm.
class ExtraMemory {
 public:
  ExtraMemory(int vm_file, uint32_t slot, uint64_t gpa, uint32_t flags)
      : data_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)) {
    kvm_userspace_memory_region region = {};
    region.slot = slot;
    region.flags = flags;
    region.guest_phys_addr = gpa;
    region.memory_size = kBytes;
    region.userspace_addr = address();
    good_ = ioctl(vm_file, KVM_SET_USER_MEMORY_REGION, &region) == 0;
  }
  ~ExtraMemory() { munmap(data_, kBytes); }
  ExtraMemory(const ExtraMemory&) = delete;
  ExtraMemory& operator=(const ExtraMemory&) = delete;
  bool good() const { return good_; }
  uint64_t address() const { return reinterpret_cast<uintptr_t>(data_); }

 private:
  void* const data_;
  bool good_ = false;
};

// Faults of write-protected pages, each let go on by a thread.
class FaultWatch {
 public:
  explicit FaultWatch(const ExtraMemory& memory) : memory_(memory) {
    uffdio_api api = {};
    api.api = UFFD_API;
    api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP;
    uffdio_register range = {};
    range.range = {memory.address(), kBytes};
    range.mode = UFFDIO_REGISTER_MODE_WP;
    if (file_.get() < 0 || ioctl(file_.get(), UFFDIO_API, &api) != 0 ||
        ioctl(file_.get(), UFFDIO_REGISTER, &range) != 0) {
      error_ = errno;
      return;
    }
    thread_ = std::thread([this] { Answer(); });
  }
  ~FaultWatch() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
  }
  FaultWatch(const FaultWatch&) = delete;
  FaultWatch& operator=(const FaultWatch&) = delete;
  int error() const { return error_; }
  uint64_t faults() const { return faults_.load(); }

  bool Protect(uint64_t page, bool on) {
    uffdio_writeprotect protect = {};
    protect.range = {memory_.address() + page * kPageSize, kPageSize};
    protect.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0;
    return ioctl(file_.get(), UFFDIO_WRITEPROTECT, &protect) == 0;
  }

 private:
  static int Open() {
    const File device(open("/dev/userfaultfd", O_RDWR | O_CLOEXEC));
    return ioctl(device.get(), _IO(0xAA, 0x00), O_CLOEXEC | O_NONBLOCK);  // USERFAULTFD_IOC_NEW
  }
  void Answer() {
    while (!stop_.load()) {
      pollfd waiting = {file_.get(), POLLIN, 0};
      uffd_msg message = {};
      if (poll(&waiting, 1, 10) != 1) continue;
      if (read(file_.get(), &message, sizeof message) != sizeof message) continue;
      faults_.fetch_add(1);
      Protect((message.arg.pagefault.address - memory_.address()) / kPageSize, false);
    }
  }

  const ExtraMemory& memory_;
  const File file_{Open()};
  int error_ = 0;
  std::atomic<bool> stop_{false};    // atomic: a flag alone
  std::atomic<uint64_t> faults_{0};  // atomic: a counter
  std::thread thread_;
};

class Track {
 public:
  explicit Track(TinyVmm& vmm) : vmm_(vmm) {}
  bool good() const { return logged_.good() && faulting_.good(); }
  int uffd_error() const { return watch_.error(); }

  void Round() {
    const uint64_t page = round_++ % kPages;
    const double plain = TimeOf([&] { Write(kPlain); });
    us_["plain.write"].push_back(plain);

    us_["slots.set"].push_back(TimeOf([&] { (void)vmm_.slots().Track(Gfn(kTracked >> 12)); }));
    const uint64_t exits = vmm_.exits();
    us_["slots.write"].push_back(TimeOf([&] { Write(kTracked); }) - plain);
    Told("slots", vmm_.exits() - exits == 2);  // its own and the end of the copy
    us_["slots.unset"].push_back(TimeOf([&] { (void)vmm_.slots().Untrack(Gfn(kTracked >> 12)); }));

    us_["log.set"].push_back(TimeOf([&] { (void)IsLogged(page); }));
    bool dirty = false;
    us_["log.write"].push_back(TimeOf([&] {
                                 Write(kLogged + page * kPageSize);
                                 dirty = IsLogged(page);
                               }) -
                               plain);
    Told("log", dirty);

    if (watch_.error() != 0) return;
    us_["uffd.set"].push_back(TimeOf([&] { watch_.Protect(page, true); }));
    const uint64_t faults = watch_.faults();
    us_["uffd.write"].push_back(TimeOf([&] { Write(kFaulting + page * kPageSize); }) - plain);
    Told("uffd", watch_.faults() - faults == 1);
  }

  void Report(benchmark::State& state) const {
    for (const auto& [name, sample] : us_) {
      const Spread spread = SpreadOf(sample);
      state.counters[name + ":us"] = spread.median;
      state.counters[name + ":high"] = spread.high;
    }
    for (const auto& [name, count] : told_) {
      state.counters[name + ".told"] = static_cast<double>(count) / static_cast<double>(round_);
    }
    state.counters["uffd.errno"] = watch_.error();
  }

 private:
  template <typename Work>
  static double TimeOf(Work work) {
    const double start = NowUs();
    work();
    return NowUs() - start;
  }
  void Write(uint64_t gpa) { vmm_.GuestWrite(gpa, &round_, sizeof(uint32_t)); }
  void Told(const char* way, bool told) { told_[way] += told ? 1 : 0; }
  // Takes all bits away.
  bool IsLogged(uint64_t page) {
    std::array<uint64_t, kPages / 64> bits{};
    kvm_dirty_log log = {};
    log.slot = kLoggedSlot;
    log.dirty_bitmap = bits.data();
    return ioctl(vmm_.vm_file(), KVM_GET_DIRTY_LOG, &log) == 0 &&
           (bits[page / 64] >> (page % 64) & 1) != 0;
  }

  TinyVmm& vmm_;
  const ExtraMemory logged_{vmm_.vm_file(), kLoggedSlot, kLogged, KVM_MEM_LOG_DIRTY_PAGES};
  const ExtraMemory faulting_{vmm_.vm_file(), kFaultingSlot, kFaulting, 0};
  FaultWatch watch_{faulting_};
  uint64_t round_ = 0;
  std::map<std::string, std::vector<double>> us_;
  std::map<std::string, uint64_t> told_;
};

void RunTrack(benchmark::State& state) {
  auto vmm = TinyVmm::Create(uint64_t{1} << 20, [](uint64_t, void*, uint32_t) {});
  if (!vmm) return state.SkipWithError("no virtual machine could be made");
  Track track(**vmm);
  if (!track.good()) return state.SkipWithError("KVM refuses the memory");
  track.Round();
  for (auto _ : state) track.Round();
  track.Report(state);
}

}  // namespace

void RegisterTrackBench(int rounds) {
  benchmark::RegisterBenchmark("BM_Track", RunTrack)
      ->Iterations(rounds)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace gvt::bench
