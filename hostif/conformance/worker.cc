#include "hostif/conformance/worker.h"

#include <array>
#include <chrono>

namespace gvt::hostif::conformance {
namespace {

using embedded::GuestDriver;

constexpr uint32_t kStoreDwordGgtt = 0x10400002;  // MI_STORE_DATA_IMM, GGTT, 4 dwords
constexpr uint32_t kSemaphoreWait = 0x0e40c002;   // MI_SEMAPHORE_WAIT, GGTT, polls until equal
constexpr uint32_t kUserInterrupt = 0x01000000;   // MI_USER_INTERRUPT
constexpr uint32_t kUserInterruptBit = 1;
constexpr uint64_t kPagesOfABoot = 512;  // of guest memory, and of the GGTT
constexpr uint32_t kNever = 0x600d;

}  // namespace

std::unique_ptr<Worker> Worker::Create(ModuleCore& core, hw::Engine engine, std::string* why) {
  std::unique_ptr<Worker> worker(new Worker(engine));
  worker->guest_ = ModuleGuest::Create(core);
  if (worker->guest_ == nullptr) {
    *why = "no vGPU, or no virtual machine";
    return nullptr;
  }
  const bool booted = worker->Boot();
  if (!booted) *why = "the guest's driver does not come up";
  return booted ? std::move(worker) : nullptr;
}

bool Worker::Boot() {
  const uint64_t first = 1 + boots_++ * kPagesOfABoot;
  driver_ = std::make_unique<GuestDriver>(*guest_, hw::Platform::kSkl, first, first);
  if (!driver_->Boot()) return false;
  const auto page = driver_->AllocateGgtt(1);
  const auto tables = driver_->CreatePageTables();
  if (!page || !tables) return false;
  seqno_ = *page;
  const auto context = driver_->CreateContext(engine_, *tables);
  if (context) context_ = *context;
  return context.has_value();
}

bool Worker::BootAgain() {
  guest_->PlaceRegions();
  return Boot();
}

std::string Worker::Run(uint32_t value, uint32_t patience_ms) {
  // The driver would see the interrupt's bit without a message, too.
  const std::chrono::milliseconds patience(patience_ms);
  const uint64_t before = guest_->interrupts();
  if (std::string why = Submit(value); !why.empty()) return why;
  if (!guest_->WaitForInterrupt(before, patience)) return "the message did not come";
  if (!driver_->WaitForInterrupt(engine_, kUserInterruptBit, patience)) {
    return "the interrupt did not come";
  }
  return ReadSeqno() == value ? "" : "the interrupt came before the store";
}

std::string Worker::Submit(uint32_t value) {
  const std::array<uint32_t, 6> commands = {
      kStoreDwordGgtt, static_cast<uint32_t>(seqno_.gma.value), 0, value, kUserInterrupt, 0};
  driver_->Append(context_, commands);
  return driver_->Submit(context_) ? "" : "the engine takes no more";
}

bool Worker::SubmitEndless() {
  const std::array<uint32_t, 4> commands = {kSemaphoreWait, kNever,
                                            static_cast<uint32_t>(seqno_.gma.value) + 4, 0};
  driver_->Append(context_, commands);
  return driver_->Submit(context_);
}

bool Worker::WaitForSeqno(uint32_t value, uint32_t patience_ms) const {
  return driver_->WaitForValue(seqno_.gpa, value, std::chrono::milliseconds(patience_ms));
}

}  // namespace gvt::hostif::conformance
