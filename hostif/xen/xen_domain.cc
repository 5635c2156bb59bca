// A tracked page has the memory type that a request server can claim: the guest reads it as before,
// and a write becomes a request, with its data and not stored. We store it, then tell it. The order
// of calls is Xen's: the type is claimed before the first page has it.
#include "hostif/xen/xen_domain.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace gvt::hostif::xen {
namespace {

template <typename T>
std::span<std::byte> BytesOf(T& value, uint32_t bytes) {
  return std::as_writable_bytes(std::span(&value, 1)).first(bytes);
}

}  // namespace

Result<std::unique_ptr<XenDomain>> XenDomain::Open(const Options& options) {
  Result<std::unique_ptr<Libraries>> libraries = Libraries::Open(options.domain);
  if (!libraries) return libraries.error();
  std::unique_ptr<XenDomain> domain(new XenDomain(std::move(libraries).value()));
  Result<std::unique_ptr<RequestServer>> server =
      RequestServer::Create(*domain->libraries_, options.server);
  if (!server) return server.error();
  domain->server_ = std::move(server).value();
  domain->adopted_ = options.server.has_value();
  domain->function_ = options.function;
  const Result<void> claimed =
      domain->libraries_->ClaimFunction(domain->server(), options.function, true);
  if (!claimed && !options.server) {
    static_cast<void>(domain->libraries_->DestroyServer(domain->server()));
  }
  if (!claimed) return claimed.error();
  return domain;
}

bool XenDomain::Write(Gpa to, std::span<const std::byte> data) {
  if (!memory_.Write(to, data)) return false;
  if (marks_writes_.load()) {
    const uint64_t first = to.page();
    const uint64_t last = (to.value + (data.size() - 1)) >> kPageShift;
    static_cast<void>(
        libraries_->MarkModified(Gfn(first), static_cast<uint32_t>(last - first + 1)));
  }
  return true;
}

Result<void> XenDomain::InjectMsi(uint64_t address, uint32_t data) {
  return libraries_->InjectMsi(address, data);
}

bool XenDomain::IsTracked(uint64_t gpa) const {
  const std::lock_guard lock(tracking_);
  return tracked_.count(gpa >> kPageShift) != 0;
}

Result<void> XenDomain::Track(Gfn frame) {
  if (!memory_.Contains(frame)) return Error{ErrorCode::kNotFound};
  const std::lock_guard lock(tracking_);
  if (!claims_writes_) {
    const Result<void> claimed = libraries_->ClaimTrappedWrites(server(), true);
    const bool claimed_before = adopted_ && !claimed && claimed.error().detail == EBUSY;
    if (!claimed && !claimed_before) return claimed;
    claims_writes_ = true;
  }
  // Known before the first write can come: the serving thread waits for the lock.
  if (!tracked_.insert(frame.value).second) return {};
  // Xen refuses a page that has the type already.
  if (adopted_) static_cast<void>(libraries_->TrapWrites(frame, false));
  Result<void> trapped = libraries_->TrapWrites(frame, true);
  if (!trapped) tracked_.erase(frame.value);
  return trapped;
}

Result<void> XenDomain::Untrack(Gfn frame) {
  const std::lock_guard lock(tracking_);
  const auto known = tracked_.find(frame.value);
  if (known == tracked_.end()) return {};
  Result<void> plain = libraries_->TrapWrites(frame, false);
  if (!plain && !Contains(frame)) plain = {};  // memory that has gone has no type
  if (plain) tracked_.erase(known);
  return plain;
}

Result<void> XenDomain::Claim(bool memory, uint64_t first, uint64_t last, bool on) {
  return libraries_->ClaimRange(server(), memory, first, last, on);
}

// A store of the guest's that came to us: to a page that is tracked, or was until now.
bool XenDomain::StoreAsGuest(Gpa to, std::span<std::byte> data, const Watcher& watcher) {
  if (!memory_.Write(to, data)) return false;
  if (watcher && IsTracked(to.value)) {
    watcher(to.value, data.data(), static_cast<uint32_t>(data.size()));
  }
  return true;
}

void XenDomain::AnswerAccess(GuestAccess& access, const Handler& handler, const Watcher& watcher) {
  const bool tracked = !access.config && IsTracked(access.address);
  if (!tracked && handler(access)) return;
  // Memory comes here from a page that is tracked, or that was: until now, or by the process whose
  // server we adopted.
  const std::span<std::byte> data = BytesOf(access.value, access.bytes);
  const Gpa at(access.address);
  if (access.write) {
    if (!access.config) static_cast<void>(StoreAsGuest(at, data, watcher));
  } else if (access.config || !memory_.Read(at, data)) {
    access.value = AllOnes(access.bytes);
  }
}

void XenDomain::Answer(ioreq_t& request, const Handler& handler, const Watcher& watcher) {
  const Request decoded = Decode(request, function_);
  if (decoded.kind == Request::Kind::kInvalidate) return memory_.Invalidate();
  if (decoded.kind == Request::Kind::kNobody) {
    if (!decoded.write && !decoded.data_in_memory) request.data = ~uint64_t{0};
    return;
  }
  for (uint32_t i = 0; i < decoded.count; ++i) {
    GuestAccess access;
    access.config = decoded.kind == Request::Kind::kConfig;
    access.write = decoded.write;
    access.address = decoded.AddressOf(i);
    access.bytes = decoded.bytes;
    const std::span<std::byte> data = BytesOf(access.value, access.bytes);
    const Gpa data_at(decoded.DataAddressOf(i));
    if (decoded.write) {
      access.value = decoded.data & AllOnes(decoded.bytes);
      if (decoded.data_in_memory && !memory_.Read(data_at, data)) {
        access.value = AllOnes(decoded.bytes);
      }
    }
    AnswerAccess(access, handler, watcher);
    if (decoded.write) continue;
    if (decoded.data_in_memory) {
      StoreAsGuest(data_at, data, watcher);
    } else {
      request.data = access.value;
    }
  }
}

Result<void> XenDomain::Serve(const Handler& handler, const Watcher& watcher, int stop_file) {
  return server_->Serve([&](ioreq_t& request) { Answer(request, handler, watcher); }, stop_file);
}

Result<void> XenDomain::End() {
  Result<void> done;
  {
    const std::lock_guard lock(tracking_);
    for (const uint64_t frame : tracked_) {
      if (done) done = libraries_->TrapWrites(Gfn(frame), false);
    }
    tracked_.clear();
    if (done && claims_writes_) done = libraries_->ClaimTrappedWrites(server(), false);
  }
  const auto nobody = [](GuestAccess&) { return false; };
  const Result<void> ended =
      server_->End([&](ioreq_t& request) { Answer(request, nobody, Watcher()); });
  return done ? ended : done;
}

}  // namespace gvt::hostif::xen
