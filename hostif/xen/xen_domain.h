// A domain of Xen's, as its vGPU needs it: guest memory, messages, tracked pages, the guest's
// accesses to the device.
//
// Thread rule: any thread, but Serve() and End().
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>

#include "base/address.h"
#include "base/result.h"
#include "hostif/xen/ioreq.h"
#include "hostif/xen/libraries.h"
#include "hostif/xen/mapping_cache.h"
#include "hostif/xen/request_server.h"

namespace gvt::hostif::xen {

// An access of the guest's that is the device's. `value`: 1, 2, 4 or 8 bytes.
struct GuestAccess {
  bool config = false;  // configuration space of our function; else guest address
  bool write = false;
  uint64_t address = 0;
  uint32_t bytes = 0;
  uint64_t value = 0;
};

class XenDomain {
 public:
  struct Options {
    uint16_t domain = 0;
    uint32_t function = 2 << 3;      // segment, bus, device, function; 16, 8, 5 and 3 bits
    std::optional<uint16_t> server;  // to adopt; none: a new one
  };
  // False: nobody is there; reads then answer all ones.
  using Handler = std::function<bool(GuestAccess& access)>;
  // A write to a tracked page, which has been stored.
  using Watcher = std::function<void(uint64_t gpa, void* data, uint32_t bytes)>;

  // Claims the function's configuration space. kIo: Xen refuses (detail: errno; ENOENT: there is no
  // Xen). The rest as RequestServer's.
  static Result<std::unique_ptr<XenDomain>> Open(const Options& options);
  XenDomain(const XenDomain&) = delete;
  XenDomain& operator=(const XenDomain&) = delete;

  // After this the process reaches no other domain. kIo.
  Result<void> Restrict() { return libraries_->Restrict(); }
  uint16_t server() const { return server_->number(); }

  // As MappingCache's. What is written is marked for a migration, while marks are wanted.
  bool Read(Gpa from, std::span<std::byte> out) { return memory_.Read(from, out); }
  bool Write(Gpa to, std::span<const std::byte> data);
  bool Contains(Gfn frame) { return memory_.Contains(frame); }
  // Memory of the domain has gone, or has become other memory.
  void Invalidate() { memory_.Invalidate(); }
  // While the domain's writes are logged. A mark is a hypercall a write.
  void MarkWrites(bool on) { marks_writes_.store(on); }

  // Delivers a message as the guest wrote it into its capability. kIo.
  Result<void> InjectMsi(uint64_t address, uint32_t data);

  // Idempotent both. kNotFound: no memory there. kIo, also: another server tracks pages (EBUSY),
  // the domain has no second-level paging (EOPNOTSUPP).
  Result<void> Track(Gfn frame);
  Result<void> Untrack(Gfn frame);

  // Accesses to [first, last] become the device's, or no longer. kIo.
  Result<void> Claim(bool memory, uint64_t first, uint64_t last, bool on);

  // Answers the guest until `stop_file` is readable or the domain has gone. kIo. `watcher` may be
  // empty.
  Result<void> Serve(const Handler& handler, const Watcher& watcher, int stop_file);
  // The device goes: answers what is open, makes tracked pages plain. Behind Serve(). kIo.
  Result<void> End();

 private:
  explicit XenDomain(std::unique_ptr<Libraries> libraries)
      : libraries_(std::move(libraries)), memory_(*libraries_) {}

  void Answer(ioreq_t& request, const Handler& handler, const Watcher& watcher);
  // One access; reads fill `value`.
  void AnswerAccess(GuestAccess& access, const Handler& handler, const Watcher& watcher);
  bool StoreAsGuest(Gpa to, std::span<std::byte> data, const Watcher& watcher);
  bool IsTracked(uint64_t gpa) const;

  const std::unique_ptr<Libraries> libraries_;
  MappingCache memory_;
  std::unique_ptr<RequestServer> server_;
  uint32_t function_ = 0;
  bool adopted_ = false;
  std::atomic<bool> marks_writes_{false};  // atomic: a switch
  mutable std::mutex tracking_;            // guards what follows
  std::set<uint64_t> tracked_;             // frames
  bool claims_writes_ = false;
};

}  // namespace gvt::hostif::xen
