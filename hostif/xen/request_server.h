// A request server of a domain's: takes what the guest's processors ask of it, and answers.
//
// A processor waits while its slot is READY; we make it INPROCESS, answer, make it RESP_READY and
// notify. The server is Xen's and outlives this process: whoever comes after a process that was
// killed adopts it by its number, and answers what is open.
//
// Source: xen/hvm/ioreq.h; the order of states and barriers: xen v4.17 common/ioreq.c.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "hostif/xen/libraries.h"

struct ioreq;  // of xen/hvm/ioreq.h

namespace gvt::hostif::xen {

class RequestServer {
 public:
  // Answers a request in place. Called on the serving thread.
  using Answerer = std::function<void(ioreq& request)>;

  // `number`: of the server to adopt; nullopt: a new one. It takes requests at once; nobody answers
  // them before Serve(). kIo. kNoSpace: more processors than slots. `libraries` outlive the object.
  static Result<std::unique_ptr<RequestServer>> Create(Libraries& libraries,
                                                       std::optional<uint16_t> number);
  // The server stays Xen's.
  ~RequestServer() = default;
  RequestServer(const RequestServer&) = delete;
  RequestServer& operator=(const RequestServer&) = delete;

  uint16_t number() const { return number_; }

  // Answers until `stop_file` is readable or the domain has gone. kIo. Thread rule: one thread.
  Result<void> Serve(const Answerer& answer, int stop_file);
  // No requests any more: answers what is open, and ends the server. Behind Serve().
  Result<void> End(const Answerer& answer);

 private:
  RequestServer(Libraries& libraries, uint16_t number) : libraries_(libraries), number_(number) {}

  Result<void> BindPorts();
  Result<void> AnswerSlot(size_t vcpu, const Answerer& answer, bool adopted);
  Result<void> AnswerAll(const Answerer& answer, bool adopted);

  Libraries& libraries_;
  const uint16_t number_;
  ioreq* slots_ = nullptr;       // a page of them, by virtual processor
  std::vector<uint32_t> ports_;  // ours, likewise
};

}  // namespace gvt::hostif::xen
