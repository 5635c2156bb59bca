// Invariants: 1. a slot is read and answered only while it is INPROCESS, which only we make it;
// 2. RESP_READY is stored with release behind the answer; 3. an answered slot is notified.
#include "hostif/xen/request_server.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "hostif/xen/ioreq.h"

namespace gvt::hostif::xen {
namespace {

constexpr size_t kSlots = 4096 / sizeof(ioreq_t);
constexpr int kAliveCheckMs = 1000;

// The state shares its byte with flags of the request, which are Xen's only while the slot is not
// ours, and the language has no atomic bit fields.
constexpr size_t kStateByte = 30;
constexpr uint8_t kStateMask = 0xf;
static_assert(sizeof(ioreq_t) == 32 && offsetof(ioreq_t, vp_eport) == 24 &&
              offsetof(ioreq_t, type) == kStateByte + 1);

uint8_t* StateByte(ioreq_t& slot) {
  return reinterpret_cast<uint8_t*>(&slot) + kStateByte;
}

uint8_t StateOf(ioreq_t& slot) {
  return __atomic_load_n(StateByte(slot), __ATOMIC_ACQUIRE) & kStateMask;
}

void SetState(ioreq_t& slot, uint8_t state) {
  const uint8_t flags = *StateByte(slot) & static_cast<uint8_t>(~kStateMask);
  __atomic_store_n(StateByte(slot), static_cast<uint8_t>(flags | state), __ATOMIC_RELEASE);
}

}  // namespace

Result<std::unique_ptr<RequestServer>> RequestServer::Create(Libraries& libraries,
                                                             std::optional<uint16_t> number) {
  const bool made = !number;
  if (made) {
    const Result<uint16_t> created = libraries.CreateServer();
    if (!created) return created.error();
    number = created.value();
  }
  std::unique_ptr<RequestServer> server(new RequestServer(libraries, *number));
  Result<void> ready = server->BindPorts();
  if (!ready && made) static_cast<void>(libraries.DestroyServer(*number));
  if (!ready) return ready.error();
  return server;
}

Result<void> RequestServer::BindPorts() {
  const Result<uint32_t> vcpus = libraries_.VcpuCount();
  if (!vcpus) return vcpus.error();
  if (vcpus.value() > kSlots) return Error{ErrorCode::kNoSpace, 0, uint32_t{kSlots}};
  const Result<shared_iopage*> page = libraries_.MapRequests(number_);
  if (!page) return page.error();
  slots_ = page.value()->vcpu_ioreq;
  if (Result<void> enabled = libraries_.EnableServer(number_, true); !enabled) return enabled;
  for (uint32_t vcpu = 0; vcpu < vcpus.value(); ++vcpu) {
    const Result<uint32_t> port = libraries_.BindPort(slots_[vcpu].vp_eport);
    if (!port) return port.error();
    ports_.push_back(port.value());
  }
  return {};
}

// `adopted`: whoever had the server before may have died anywhere, also between taking a request
// and answering it, or between answering and notifying.
Result<void> RequestServer::AnswerSlot(size_t vcpu, const Answerer& answer, bool adopted) {
  ioreq_t& slot = slots_[vcpu];
  const uint8_t state = StateOf(slot);
  const bool open = state == STATE_IOREQ_READY || (adopted && state == STATE_IOREQ_INPROCESS);
  if (open) {
    SetState(slot, STATE_IOREQ_INPROCESS);
    ioreq_t request = slot;
    answer(request);
    slot.data = request.data;
    SetState(slot, STATE_IORESP_READY);
  }
  const bool untold = adopted && state == STATE_IORESP_READY;
  return open || untold ? libraries_.Notify(ports_[vcpu]) : Result<void>{};
}

Result<void> RequestServer::AnswerAll(const Answerer& answer, bool adopted) {
  Result<void> done;
  for (size_t vcpu = 0; done && vcpu < ports_.size(); ++vcpu) {
    done = AnswerSlot(vcpu, answer, adopted);
  }
  return done;
}

Result<void> RequestServer::Serve(const Answerer& answer, int stop_file) {
  if (Result<void> done = AnswerAll(answer, true); !done) return done;
  for (;;) {
    pollfd files[] = {{libraries_.event_file(), POLLIN, 0}, {stop_file, POLLIN, 0}};
    const int ready = poll(files, 2, kAliveCheckMs);
    if (ready < 0 && errno != EINTR) return Error{ErrorCode::kIo, 0, static_cast<uint32_t>(errno)};
    if (ready < 0) continue;
    // No event says that the domain has gone.
    if (ready == 0 && !libraries_.FindServer(number_)) return {};
    if (files[1].revents != 0) return {};
    if (files[0].revents == 0) continue;
    const Result<uint32_t> port = libraries_.TakeEvent();
    if (!port) return port.error();
    const auto vcpu = std::find(ports_.begin(), ports_.end(), port.value());
    if (vcpu == ports_.end()) continue;
    const auto number = static_cast<size_t>(vcpu - ports_.begin());
    if (Result<void> done = AnswerSlot(number, answer, false); !done) return done;
  }
}

Result<void> RequestServer::End(const Answerer& answer) {
  Result<void> done = libraries_.EnableServer(number_, false);
  // Xen hangs a processor whose request is open when the server goes.
  if (done) done = AnswerAll(answer, false);
  if (done) done = libraries_.DestroyServer(number_);
  return done;
}

}  // namespace gvt::hostif::xen
