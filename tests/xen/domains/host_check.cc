// The Xen host on a real Xen, beyond what the conformance kit asks: accesses as instructions make
// them, rights given up, dirty marks, and a server whose process is killed with a request open.
// Prints a line a check, as tests/e2e's guests do.
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <future>
#include <numeric>
#include <thread>

#include "tests/xen/domains/tiny_domain.h"

namespace gvt::tests {
namespace {

using hostif::xen::GuestAccess;
using hostif::xen::XenDomain;
using Clock = std::chrono::steady_clock;

constexpr uint64_t kMemory = uint64_t{4} << 20;
constexpr uint64_t kRegisters = 0xa0000000;  // of the device that is this process
constexpr uint64_t kOther = 0xb0000000;      // of the one that is killed
constexpr uint64_t kTrackedByKilled = 0x31000;
constexpr uint32_t kFunction = 5 << 3;
constexpr uint32_t kOtherFunction = 6 << 3;
constexpr uint32_t kId = 0x19128086;

void Check(const char* name, bool good, const char* detail) {
  std::printf("GVT-CHECK %s %s %s\n", name, good ? "ok" : "FAIL", detail);
  std::fflush(stdout);
}

void Figure(const char* name, Clock::duration time, int count, double unit_ns, const char* unit) {
  const auto ns =
      static_cast<double>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
  std::printf("GVT-FIGURE %s %.3f %s\n", name, ns / count / unit_ns, unit);
}

// A thread that serves a domain until the object goes.
class Serving {
 public:
  Serving(XenDomain& domain, XenDomain::Handler handler)
      : domain_(domain),
        stop_(eventfd(0, EFD_CLOEXEC)),
        thread_([this, handler] { served_ = bool{domain_.Serve(handler, {}, stop_)}; }) {}
  ~Serving() { Stop(); }
  bool Stop() {
    const uint64_t one = 1;
    if (thread_.joinable() && write(stop_, &one, sizeof one) == sizeof one) thread_.join();
    return served_;
  }

 private:
  XenDomain& domain_;
  const int stop_;
  bool served_ = false;
  std::thread thread_;
};

// The device: a page of registers, and an id in configuration space.
struct Device {
  std::array<uint8_t, 4096> registers{};
  int accesses = 0;

  bool Answer(GuestAccess& access) {
    ++accesses;
    if (access.config) {
      if (!access.write) access.value = access.address == 0 ? kId : 0;
      return true;
    }
    const uint64_t offset = access.address - kRegisters;
    if (access.address < kRegisters || offset + access.bytes > registers.size()) return false;
    if (access.write) std::memcpy(&registers[offset], &access.value, access.bytes);
    if (!access.write) std::memcpy(&access.value, &registers[offset], access.bytes);
    return true;
  }
};

void CheckAccesses(TinyDomain& guest, Device& device) {
  bool good = true;
  for (const size_t bytes : {1u, 2u, 4u, 8u}) {
    const uint64_t value = 0x1122334455667788;
    uint64_t seen = 0;
    const uint64_t at = kRegisters + 16 * bytes;
    good = good && guest.GuestStore(at, &value, bytes) && guest.GuestLoad(at, &seen, bytes) &&
           std::memcmp(&seen, &value, bytes) == 0 &&
           std::memcmp(&device.registers[16 * bytes], &value, bytes) == 0;
  }
  Check("accesses", good, "1, 2, 4 and 8 bytes");
  std::array<uint32_t, 64> data{};
  std::array<uint32_t, 64> back{};
  std::iota(data.begin(), data.end(), 0x100u);
  device.accesses = 0;
  good = guest.GuestWrite(kRegisters + 0x400, data.data(), sizeof data) &&
         guest.GuestRead(kRegisters + 0x400, back.data(), sizeof back) && back == data &&
         device.accesses == 128;
  Check("strings", good, "64 dwords there and back by REP MOVS");
  uint32_t id = 0;
  good =
      guest.GuestOut(0xcf8, 0x80000000 | kFunction << 8) && guest.GuestIn(0xcfc, &id) && id == kId;
  Check("config", good, "by ports");
}

void CheckRestricted(TinyDomain& guest, XenDomain& domain) {
  uint32_t vector = 0;
  uint64_t word = 0x77;
  bool good = bool{domain.Restrict()};
  domain.Invalidate();
  good = good && domain.Write(Gpa(0x3000), std::as_bytes(std::span(&word, 1))) &&
         domain.InjectMsi(0xfee00000, 0x41) &&
         guest.GuestInterrupt(std::chrono::seconds(10), &vector) && vector == 0x41 &&
         domain.Track(Gfn(5)) && domain.Untrack(Gfn(5)) && guest.GuestRead(0x3000, &word, 8) &&
         word == 0x77;
  Check("restricted", good, "memory, messages and tracking go on");
}

void CheckDirtyMarks(TinyDomain& guest, XenDomain& domain) {
  constexpr uint64_t kFrame = 0x30;
  const uint32_t value = 1;
  const auto write = [&] {
    return domain.Write(Gpa(kFrame << 12), std::as_bytes(std::span(&value, 1)));
  };
  bool before = true;
  bool after = false;
  bool good = guest.StartDirtyLog() && guest.IsDirty(kFrame, &before) && write() &&
              guest.IsDirty(kFrame, &before);
  domain.MarkWrites(true);
  good = good && write() && guest.IsDirty(kFrame, &after) && guest.StopDirtyLog();
  domain.MarkWrites(false);
  Check("dirty_marks", good && !before && after, "a write is logged when marks are wanted only");
}

// Serves a second device until it is killed: takes a request and never answers.
[[noreturn]] void ServeUntilKilled(int from_parent, int to_parent) {
  uint16_t id = 0;
  if (read(from_parent, &id, sizeof id) != sizeof id) _exit(1);
  auto domain = XenDomain::Open({.domain = id, .function = kOtherFunction, .server = std::nullopt});
  if (!domain || !domain.value()->Claim(true, kOther, kOther + 0xfff, true)) _exit(1);
  if (!domain.value()->Track(Gfn(kTrackedByKilled >> 12))) _exit(1);
  const uint16_t server = domain.value()->server();
  if (write(to_parent, &server, sizeof server) != sizeof server) _exit(1);
  const auto never = [&](GuestAccess&) {
    const char taken = 1;
    if (write(to_parent, &taken, 1) != 1) _exit(1);
    for (;;) pause();
    return true;
  };
  const auto served = domain.value()->Serve(never, {}, from_parent);
  _exit(served ? 0 : 1);
}

void CheckKilled(TinyDomain& guest, pid_t child, int to_child, int from_child) {
  const uint16_t id = guest.id();
  uint16_t server = 0;
  if (write(to_child, &id, sizeof id) != sizeof id ||
      read(from_child, &server, sizeof server) != sizeof server) {
    return Check("killed", false, "the other process has no server");
  }
  uint32_t value = 0;
  auto load = std::async(std::launch::async, [&] { return guest.GuestLoad(kOther, &value, 4); });
  char taken = 0;
  const bool came = read(from_child, &taken, 1) == 1;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  Check("killed", came, "with a request open");
  auto domain = XenDomain::Open({.domain = id, .function = kOtherFunction, .server = server});
  if (!domain) return Check("adopted", false, "the server cannot be adopted");
  XenDomain& adopted = *domain.value();
  bool good = bool{adopted.Claim(true, kOther, kOther + 0xfff, true)};
  Serving serving(adopted, [](GuestAccess& access) {
    if (access.address < kOther || access.address > kOther + 0xfff) return false;
    access.value = 0x5a5a0001;
    return true;
  });
  good = load.get() && good && value == 0x5a5a0001;
  good = good && guest.GuestLoad(kOther + 8, &value, 4) && value == 0x5a5a0001;
  const uint32_t stored = 0x5a5a0002;
  good = good && guest.GuestStore(kTrackedByKilled, &stored, 4) &&
         adopted.Read(Gpa(kTrackedByKilled), std::as_writable_bytes(std::span(&value, 1))) &&
         value == stored;
  good = good && adopted.Track(Gfn(kTrackedByKilled >> 12));
  Check("adopted", good, "the request was answered, and the next; its tracked pages are memory");
  Check("ended",
        serving.Stop() && adopted.End() && guest.GuestLoad(kOther, &value, 4) && value == ~0u,
        "nobody is there any more");
}

void Measure(TinyDomain& guest, XenDomain& domain) {
  constexpr int kTraps = 200;
  uint32_t value = 0;
  auto start = Clock::now();
  for (int i = 0; i < kTraps; ++i) guest.GuestLoad(0x4000, &value, 4);
  const auto commands = Clock::now() - start;
  start = Clock::now();
  for (int i = 0; i < kTraps; ++i) guest.GuestLoad(kRegisters, &value, 4);
  Figure("trapped_load", Clock::now() - start - commands, kTraps, 1e3, "us");
  constexpr int kCopies = 100'000;
  start = Clock::now();
  for (int i = 0; i < kCopies; ++i) {
    domain.Read(Gpa(0x4000), std::as_writable_bytes(std::span(&value, 1)));
  }
  Figure("read_gpa_4", Clock::now() - start, kCopies, 1, "ns");
  std::array<std::byte, 4096> page{};
  start = Clock::now();
  for (int i = 0; i < kCopies; ++i) domain.Read(Gpa(0x4000), page);
  Figure("read_gpa_4096", Clock::now() - start, kCopies, 1, "ns");
  start = Clock::now();
  for (int i = 0; i < kTraps; ++i) static_cast<void>(domain.InjectMsi(0xfee00000, 0x41));
  Figure("inject_msi", Clock::now() - start, kTraps, 1e3, "us");
}

int Main() {
  std::array<int, 2> down{};
  std::array<int, 2> up{};
  if (pipe(down.data()) != 0 || pipe(up.data()) != 0) return 2;
  // Before anything of Xen's is open: its handles do not survive a fork.
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) ServeUntilKilled(down[0], up[1]);
  close(down[0]);
  close(up[1]);
  int error = 0;
  const auto guest = TinyDomain::Create(kMemory, &error);
  if (guest == nullptr) {
    std::printf("no domain: %s\n", std::strerror(-error));
    return 2;
  }
  auto domain =
      XenDomain::Open({.domain = guest->id(), .function = kFunction, .server = std::nullopt});
  if (!domain) return 2;
  XenDomain& xen = *domain.value();
  const bool claimed = xen.Claim(true, kRegisters, kRegisters + 0xfff, true) &&
                       xen.Claim(true, TinyDomain::kDoorbell, TinyDomain::kDoorbellLast, true);
  if (!claimed || !guest->Start()) return 2;
  Device device;
  Serving serving(
      xen, [&](GuestAccess& access) { return guest->Answer(access) || device.Answer(access); });
  CheckAccesses(*guest, device);
  CheckDirtyMarks(*guest, xen);
  CheckKilled(*guest, child, down[1], up[0]);
  CheckRestricted(*guest, xen);  // behind it, for one server at a time tracks pages
  Measure(*guest, xen);
  guest->Stop();
  serving.Stop();
  return xen.End() ? 0 : 1;
}

}  // namespace
}  // namespace gvt::tests

int main() {
  return gvt::tests::Main();
}
