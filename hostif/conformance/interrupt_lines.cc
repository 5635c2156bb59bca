// inject_msi. Vectors are asked for one after the other: two that are pending at once may come in
// any order.
#include <array>
#include <thread>

#include "hostif/conformance/line.h"

namespace gvt::hostif::conformance {
namespace {

constexpr uint32_t kMessageAddress = 0xfee00000;
constexpr uint16_t kVector = 0x41;
constexpr uint32_t kQuietMs = 20;

// Empty: it came.
std::string Expect(Trial& t, uint16_t vector) {
  uint32_t seen = 0;
  if (t.module.guest_interrupt(t.machine.vm(), t.patience_ms, &seen) != 1) {
    return "the interrupt did not come";
  }
  if (seen != vector) return "vector " + std::to_string(seen) + " came";
  return {};
}

Verdict Delivers(Trial& t) {
  if (t.module.guest_interrupt == nullptr) return NotTried("no guest_interrupt");
  for (const uint16_t vector : {kVector, uint16_t{0x52}, kVector}) {
    const int code = t.calls.InjectMsi(t.handle(), kMessageAddress, vector);
    if (code != 0) return Failed("error " + std::to_string(code));
    if (std::string why = Expect(t, vector); !why.empty()) return Failed(why);
  }
  return Passed();
}

Verdict OneForOne(Trial& t) {
  if (t.module.guest_interrupt == nullptr) return NotTried("no guest_interrupt");
  for (int i = 0; i < 20; ++i) {
    t.calls.InjectMsi(t.handle(), kMessageAddress, kVector);
    if (std::string why = Expect(t, kVector); !why.empty()) return Failed(why);
  }
  uint32_t vector = 0;
  return t.module.guest_interrupt(t.machine.vm(), kQuietMs, &vector) == 0
             ? Passed()
             : Failed("an interrupt more than messages");
}

Verdict BehindWrites(Trial& t) {
  if (t.module.guest_interrupt == nullptr || t.module.guest_read == nullptr) {
    return NotTried("no guest_interrupt or guest_read");
  }
  constexpr uint64_t kAt = 0x8000;
  for (uint32_t i = 1; i <= 20; ++i) {
    uint32_t seen = 0;
    t.calls.WriteGpa(t.handle(), kAt, &i, sizeof i);
    t.calls.InjectMsi(t.handle(), kMessageAddress, kVector);
    if (std::string why = Expect(t, kVector); !why.empty()) return Failed(why);
    t.module.guest_read(t.machine.vm(), kAt, &seen, sizeof seen);
    if (seen != i) return Failed("the interrupt came before the write");
  }
  return Passed();
}

Verdict NoHandle(Trial& t) {
  return t.calls.InjectMsi(0, kMessageAddress, kVector) < 0 ? Passed() : Failed("it succeeded");
}

Verdict FromManyThreads(Trial& t) {
  if (t.module.guest_interrupt == nullptr) return NotTried("no guest_interrupt");
  std::array<int, 4> codes{};
  std::array<std::thread, 4> threads;
  for (size_t n = 0; n < threads.size(); ++n) {
    threads[n] = std::thread([&t, code = &codes[n]] {
      for (int i = 0; i < 25 && *code == 0; ++i) {
        *code = t.calls.InjectMsi(t.handle(), kMessageAddress, kVector);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int code : codes) {
    if (code != 0) return Failed("error " + std::to_string(code));
  }
  if (std::string why = Expect(t, kVector); !why.empty()) return Failed(why);
  return Passed();
}

// The guest writes the message: it may name a processor that is not there, or no processor at all.
Verdict NonsenseIsHarmless(Trial& t) {
  if (t.module.guest_interrupt == nullptr) return NotTried("no guest_interrupt");
  constexpr uint16_t kOther = 0x61;
  for (const uint32_t address : {0u, 0xfee77000u, 0x12345678u, ~0u}) {
    t.calls.InjectMsi(t.handle(), address, kOther);
  }
  if (t.calls.InjectMsi(t.handle(), kMessageAddress, kVector) != 0) return Failed("refused");
  uint32_t seen = kOther;
  for (int i = 0; i < 5 && seen == kOther; ++i) {  // hosts without processors deliver them all
    if (t.module.guest_interrupt(t.machine.vm(), t.patience_ms, &seen) != 1) break;
  }
  return seen == kVector ? Passed() : Failed("a good message behind them did not come");
}

Verdict ToTheRightMachine(Trial& t) {
  if (t.module.guest_interrupt == nullptr) return NotTried("no guest_interrupt");
  const std::unique_ptr<Machine> other = Machine::Create(t.module);
  if (other == nullptr) return Failed("there is no second virtual machine");
  t.calls.InjectMsi(t.handle(), kMessageAddress, kVector);
  uint32_t vector = 0;
  if (t.module.guest_interrupt(other->vm(), kQuietMs, &vector) != 0) {
    return Failed("another machine took it");
  }
  if (std::string why = Expect(t, kVector); !why.empty()) return Failed(why);
  return Passed();
}

constexpr Line kLines[] = {
    {"inject-msi.delivered", "inject_msi", "the guest takes the vector of the message", true,
     &Delivers},
    {"inject-msi.one-for-one", "inject_msi", "a message is one interrupt", true, &OneForOne},
    {"inject-msi.behind-writes", "inject_msi", "writes before it are seen before it", true,
     &BehindWrites},
    {"inject-msi.no-handle", "inject_msi", "without a handle it is an error", true, &NoHandle},
    {"inject-msi.concurrent", "inject_msi", "several threads may call at once", true,
     &FromManyThreads},
    {"inject-msi.nonsense", "inject_msi", "a message to nobody keeps no other from coming", true,
     &NonsenseIsHarmless},
    {"inject-msi.apart", "inject_msi", "only the machine of the handle takes it", true,
     &ToTheRightMachine},
};

}  // namespace

std::span<const Line> InterruptLines() {
  return kLines;
}

}  // namespace gvt::hostif::conformance
