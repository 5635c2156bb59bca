// | figure            | floor                                               |
// |-------------------|-----------------------------------------------------|
// | mmio.read, .write | a call through a pointer to a function that is empty |
// | read-gpa.N        | memcpy of N bytes                                   |
// | inject-msi        | write() to an event file                            |
// | page-track        | the same write of the guest's to a page that is not  |
//
// The clock is the wall's: what a call costs on the host's other threads counts, too.
#include "hostif/conformance/figures.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>

#include "core/mpt_calls.h"
#include "hostif/conformance/module_guest.h"

namespace gvt::hostif::conformance {
namespace {

constexpr int kRounds = 7;
constexpr int kCalls = 2000;  // of a round
constexpr int kSlowCalls = 50;
constexpr uint32_t kRingTail = 0x2030;  // a register that only stores
constexpr uint64_t kReadFrom = 0x40000;
constexpr uint64_t kPlainPage = 0x20000;
constexpr uint64_t kTrackedPage = 0x30000;
constexpr uint32_t kMessageAddress = 0xfee00000;
constexpr uint16_t kVector = 0x41;

using Call = std::function<void()>;

// One figure under way.
struct Trial {
  Figure figure;
  int calls;
  Call call;
  Call floor;
  std::vector<double> ns{};
  std::vector<double> floor_ns{};
};

double NsOf(int calls, const Call& call) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < calls; ++i) call();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / calls;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Nothing(void* /*vgpu*/, uint64_t /*gpa*/, void* /*data*/, unsigned int /*bytes*/) {
  return 0;
}

// A file that takes writes as an eventfd does; its reader is nobody.
class EventFile {
 public:
  ~EventFile() {
    if (file_ >= 0) close(file_);
  }
  EventFile() = default;
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;
  void Ring() const {
    constexpr uint64_t kOne = 1;
    static_cast<void>(!write(file_, &kOne, sizeof kOne));
  }

 private:
  const int file_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
};

class Bench {
 public:
  explicit Bench(const gvtcore_module_t& module)
      : module_(module), calls_(*module.table), core_(ModuleCore::Create(module)) {
    if (core_ != nullptr) guest_ = ModuleGuest::Create(*core_);
    if (guest_ == nullptr) return;
    constexpr uint32_t kCommand = 4;
    constexpr uint32_t kMemoryAndMaster = 6;
    guest_->WriteConfig(kCommand, kMemoryAndMaster);
    handle_ = core_->HandleOf(guest_->vgpu());
    AddAccesses();
    AddTable();
    AddTracking();
  }

  std::vector<Figure> Run() {
    std::vector<Figure> figures;
    for (int round = -1; round < kRounds; ++round) {  // the first one warms up
      for (Trial& trial : trials_) {
        const double floor = NsOf(trial.calls, trial.floor);
        const double ns = NsOf(trial.calls, trial.call);
        if (round < 0) continue;
        trial.ns.push_back(ns);
        trial.floor_ns.push_back(floor);
      }
    }
    for (Trial& trial : trials_) {
      trial.figure.ns = Median(trial.ns);
      trial.figure.floor_ns = Median(trial.floor_ns);
      figures.push_back(std::move(trial.figure));
    }
    return figures;
  }

 private:
  void Add(std::string name, std::string floor_name, int calls, Call call, Call floor) {
    Figure figure{std::move(name), 0, std::move(floor_name), 0};
    trials_.push_back({std::move(figure), calls, std::move(call), std::move(floor)});
  }
  void AddAccesses() {
    const Call floor = [this] { nothing_(guest_->vgpu(), kRingTail, &word_, sizeof word_); };
    Add(
        "mmio.read", "empty", kCalls,
        [this] { guest_->ReadDevice(GVTCORE_REGION_BAR0, kRingTail, &word_, sizeof word_); },
        floor);
    Add(
        "mmio.write", "empty", kCalls,
        [this] { guest_->WriteDevice(GVTCORE_REGION_BAR0, kRingTail, &word_, sizeof word_); },
        floor);
  }
  void AddTable() {
    if (handle_ == 0) return;
    for (const size_t bytes : {size_t{8}, size_t{4096}, size_t{65536}}) {
      if (!calls_.moves_memory()) break;
      const std::string length = std::to_string(bytes);
      Add(
          "read-gpa." + length, "memcpy." + length, bytes > 4096 ? kSlowCalls : kCalls,
          [this, bytes] { calls_.ReadGpa(handle_, kReadFrom, to_.data(), bytes); },
          [this, bytes] { copy_(to_.data(), from_.data(), bytes); });
    }
    Add(
        "inject-msi", "eventfd", kSlowCalls,
        [this] { calls_.InjectMsi(handle_, kMessageAddress, kVector); }, [this] { event_.Ring(); });
  }
  void AddTracking() {
    if (handle_ == 0 || module_.guest_write == nullptr) return;
    if (calls_.EnablePageTrack(handle_, kTrackedPage >> kPageShift) != 0) return;
    const auto write_to = [this](uint64_t at) {
      return [this, at] { module_.guest_write(guest_->vm(), at, &word_, sizeof word_); };
    };
    Add("page-track", "plain-page", kSlowCalls, write_to(kTrackedPage), write_to(kPlainPage));
  }

  const gvtcore_module_t& module_;
  const core::MptCalls calls_;
  const std::unique_ptr<ModuleCore> core_;
  std::unique_ptr<ModuleGuest> guest_;
  unsigned long handle_ = 0;
  std::vector<Trial> trials_;
  // Volatile: called, and not seen through.
  int (*volatile nothing_)(void*, uint64_t, void*, unsigned int) = &Nothing;
  void* (*volatile copy_)(void*, const void*, size_t) = &std::memcpy;
  uint32_t word_ = 0;
  std::vector<std::byte> from_ = std::vector<std::byte>(65536, std::byte{1});
  std::vector<std::byte> to_ = std::vector<std::byte>(65536);
  const EventFile event_;
};

}  // namespace

std::vector<Figure> Measure(const gvtcore_module_t& module) {
  return Bench(module).Run();
}

}  // namespace gvt::hostif::conformance
