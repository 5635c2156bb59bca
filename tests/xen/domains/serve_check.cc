// `gvtcore serve` on a real Xen: a guest's driver in miniature brings its device up by real traps,
// submits and is interrupted; the process is killed, another takes its server over; a third one's
// domain goes.
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "gvtcore/gvtcore.h"
#include "hostif/embedded/guest_driver.h"
#include "tests/xen/domains/tiny_domain.h"

namespace gvt::tests {
namespace {

using hostif::embedded::GuestDriver;
using hostif::xen::GuestAccess;
using hostif::xen::XenDomain;

constexpr uint64_t kMemory = uint64_t{4} << 20;
constexpr uint32_t kOurFunction = 5 << 3;
constexpr uint32_t kDevice = 2 << 3;
constexpr uint64_t kBar0At = 0xe0000000;
constexpr uint64_t kBar2At = 0xc0000000;

void Check(const char* name, bool good, const std::string& detail) {
  std::printf("GVT-CHECK %s %s %s\n", name, good ? "ok" : "FAIL", detail.c_str());
  std::fflush(stdout);
}

// A `gvtcore serve` that runs.
class Server {
 public:
  // `number`: of the server to take over; negative: a new one.
  Server(uint16_t domain, int number) {
    std::array<int, 2> out{};
    if (pipe(out.data()) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      const std::string id = std::to_string(domain);
      const std::string of = std::to_string(number);
      execlp("gvtcore", "gvtcore", "serve", "--xen", id.c_str(), "--addr", "02.0",
             number >= 0 ? "--server" : nullptr, of.c_str(), nullptr);
      _exit(127);
    }
    close(out[1]);
    std::array<char, 200> line{};
    const ssize_t length = read(out[0], line.data(), line.size() - 1);
    close(out[0]);
    const char* found = length > 0 ? std::strstr(line.data(), "server ") : nullptr;
    if (found != nullptr) number_ = std::atoi(found + 7);
  }
  // Of Xen's; negative: it did not come up.
  int number() const { return number_; }
  // What waitpid says.
  int End(int signal) {
    int status = -1;
    if (pid_ > 0) kill(pid_, signal);
    if (pid_ > 0) waitpid(pid_, &status, 0);
    return status;
  }
  // The same of one that ends by itself; negative: it does not.
  int Ended() {
    constexpr std::chrono::seconds kLimit(20);
    const auto start = std::chrono::steady_clock::now();
    int status = -1;
    while (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() - start > kLimit) return -1;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return status;
  }

 private:
  pid_t pid_ = -1;
  int number_ = -1;
};

// The device by the guest's processor, memory by our mapping of it.
class Ports final : public hostif::embedded::GuestPorts {
 public:
  Ports(TinyDomain& guest, XenDomain& domain) : guest_(guest), domain_(domain) {}

  uint64_t memory_bytes() const override { return kMemory; }
  void ReadDevice(uint32_t region, uint64_t offset, void* data, size_t bytes) const override {
    if (region == GVTCORE_REGION_CONFIG) {
      uint32_t value = ~0u;
      guest_.GuestOut(0xcf8, 0x80000000 | kDevice << 8 | static_cast<uint32_t>(offset));
      guest_.GuestIn(0xcfc, &value);
      std::memcpy(data, &value, bytes);
    } else {
      guest_.GuestLoad((region == GVTCORE_REGION_BAR0 ? kBar0At : kBar2At) + offset, data, bytes);
    }
  }
  void WriteDevice(uint32_t region, uint64_t offset, const void* data, size_t bytes) override {
    if (region == GVTCORE_REGION_CONFIG) {
      uint32_t value = 0;
      std::memcpy(&value, data, bytes);
      guest_.GuestOut(0xcf8, 0x80000000 | kDevice << 8 | static_cast<uint32_t>(offset));
      guest_.GuestOut(0xcfc, value);
    } else {
      guest_.GuestStore((region == GVTCORE_REGION_BAR0 ? kBar0At : kBar2At) + offset, data, bytes);
    }
  }
  uint32_t Load32(Gpa from) const override {
    uint32_t value = ~0u;
    domain_.Read(from, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  bool Store32(Gpa to, uint32_t value) override {
    return domain_.Write(to, std::as_bytes(std::span(&value, 1)));
  }
  bool Store64(Gpa to, uint64_t value) override {
    return domain_.Write(to, std::as_bytes(std::span(&value, 1)));
  }
  uint64_t interrupts() const override { return interrupts_; }
  bool WaitForInterrupt(uint64_t seen, std::chrono::milliseconds limit) override {
    uint32_t vector = 0;
    while (interrupts_ <= seen) {
      if (!guest_.GuestInterrupt(limit, &vector)) return false;
      ++interrupts_;
    }
    return true;
  }

 private:
  TinyDomain& guest_;
  XenDomain& domain_;
  uint64_t interrupts_ = 0;
};

// Empty: the device works. Stores `value`, by a context of its own.
std::string Work(Ports& ports, uint64_t first_page, uint32_t value) {
  constexpr uint32_t kStoreDwordGgtt = 0x10400002;
  constexpr uint32_t kUserInterrupt = 0x01000000;
  ports.WriteConfig(0x10, static_cast<uint32_t>(kBar0At));
  ports.WriteConfig(0x18, static_cast<uint32_t>(kBar2At));
  GuestDriver driver(ports, hw::Platform::kSkl, first_page);
  if (const auto up = driver.Boot(); !up) return "the driver does not come up";
  const auto page = driver.AllocateGgtt(1);
  const auto tables = driver.CreatePageTables();
  if (!page || !tables) return "no memory";
  auto context = driver.CreateContext(hw::Engine::kRcs, *tables);
  if (!context) return "no context";
  const uint64_t before = ports.interrupts();
  const std::array<uint32_t, 6> commands = {
      kStoreDwordGgtt, static_cast<uint32_t>((*page).gma.value), 0, value, kUserInterrupt, 0};
  driver.Append(*context, commands);
  if (!driver.Submit(*context)) return "the engine takes nothing";
  if (!ports.WaitForInterrupt(before, std::chrono::seconds(10))) return "no message";
  if (!driver.WaitForInterrupt(hw::Engine::kRcs, 1)) return "no interrupt";
  if (ports.Load32((*page).gpa) != value) return "nothing was stored";
  return driver.WaitForIdle(hw::Engine::kRcs) ? "" : "the engine does not end";
}

int Main() {
  int error = 0;
  auto guest = TinyDomain::Create(kMemory, &error);
  if (guest == nullptr) return 2;
  auto ours =
      XenDomain::Open({.domain = guest->id(), .function = kOurFunction, .server = std::nullopt});
  if (!ours) return 2;
  XenDomain& domain = *ours.value();
  if (!domain.Claim(true, TinyDomain::kDoorbell, TinyDomain::kDoorbellLast, true)) return 2;
  const int stop = eventfd(0, EFD_CLOEXEC);
  Server first(guest->id(), -1);
  if (!guest->Start()) return 2;
  std::thread answers([&] {
    static_cast<void>(domain.Serve([&](GuestAccess& a) { return guest->Answer(a); }, {}, stop));
  });
  Ports ports(*guest, domain);
  std::string why = first.number() < 0 ? "it did not come up" : Work(ports, 1, 0x1234);
  Check("serve", why.empty(), why.empty() ? "ring, ELSP, store, message" : why);
  const int status = first.End(SIGKILL);
  Check("serve_killed", WIFSIGNALED(status), "server " + std::to_string(first.number()));
  Server second(guest->id(), first.number());
  why = second.number() != first.number() ? "it did not come up" : Work(ports, 200, 0x5678);
  Check("serve_adopted", why.empty(), why.empty() ? "the same again" : why);
  const bool clean = second.End(SIGTERM) == 0;
  Check("serve_ended", clean && ports.ReadConfig(0) == ~0u,
        std::to_string(guest->commands()) + " commands of the guest's");
  guest->Stop();
  const uint64_t one = 1;
  if (write(stop, &one, sizeof one) != sizeof one) return 1;
  answers.join();
  const bool ended = bool{domain.End()};
  // One that has mapped the domain's memory, whose domain then goes.
  Server third(guest->id(), -1);
  const bool mapped = domain.Contains(Gfn(1));
  guest.reset();
  Check("serve_left", mapped && third.Ended() == 0, "it ends when its domain has gone");
  return ended ? 0 : 1;
}

}  // namespace
}  // namespace gvt::tests

int main() {
  return gvt::tests::Main();
}
