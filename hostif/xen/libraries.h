// Xen's three stable libraries, opened for one domain: what the host asks of the hypervisor.
//
// Errors: kIo, detail errno. Thread rule: any thread, but for Map and Unmap (FrameMapper) and the
// event channels, which are the serving thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "hostif/xen/mapping_cache.h"

struct xendevicemodel_handle;
struct xenforeignmemory_handle;
struct xenforeignmemory_resource_handle;
struct xenevtchn_handle;
struct shared_iopage;

namespace gvt::hostif::xen {

class Libraries final : public FrameMapper {
 public:
  // kIo with ENOENT: this is no control domain of Xen's.
  static Result<std::unique_ptr<Libraries>> Open(uint16_t domain);
  ~Libraries() override;
  Libraries(const Libraries&) = delete;
  Libraries& operator=(const Libraries&) = delete;

  uint16_t domain() const { return domain_; }
  // From now on this process reaches no other domain by the libraries.
  Result<void> Restrict();

  // FrameMapper.
  void* Map(Gfn first, std::span<int> errors) override;
  void Unmap(void* address, size_t pages) override;

  Result<uint32_t> VcpuCount();
  Result<void> InjectMsi(uint64_t address, uint32_t data);
  // The frames were written behind the domain's back: a migration copies them again.
  Result<void> MarkModified(Gfn first, uint32_t count);
  // Writes to the frame become requests to whoever claimed them, or are plain again.
  Result<void> TrapWrites(Gfn frame, bool on);

  // A request server of the domain's.
  Result<uint16_t> CreateServer();
  Result<void> DestroyServer(uint16_t server);
  // kIo: there is none of that number, or no such domain. Of a domain that was destroyed the number
  // of processors can be asked for while anyone maps a page of it; its servers go at once.
  Result<void> FindServer(uint16_t server);
  Result<void> EnableServer(uint16_t server, bool on);
  // The page of its requests, one a virtual processor; unmapped with the object.
  Result<shared_iopage*> MapRequests(uint16_t server);
  // [first, last] of guest addresses, or of ports. What is claimed already may be claimed again.
  Result<void> ClaimRange(uint16_t server, bool memory, uint64_t first, uint64_t last, bool on);
  // `function`: segment, bus, device, function; 16, 8, 5 and 3 bits.
  Result<void> ClaimFunction(uint16_t server, uint32_t function, bool on);
  Result<void> ClaimTrappedWrites(uint16_t server, bool on);

  // Event channels. The local port of a processor's `remote` one.
  Result<uint32_t> BindPort(uint32_t remote);
  Result<void> Notify(uint32_t port);
  int event_file() const;
  // The port that an event came for, which may come again from now on. Only when event_file() is
  // readable.
  Result<uint32_t> TakeEvent();

 private:
  explicit Libraries(uint16_t domain) : domain_(domain) {}

  const uint16_t domain_;
  xendevicemodel_handle* device_model_ = nullptr;
  xenforeignmemory_handle* memory_ = nullptr;
  xenforeignmemory_resource_handle* requests_ = nullptr;
  xenevtchn_handle* events_ = nullptr;
};

}  // namespace gvt::hostif::xen
