// One call after the other; what is more than that says so.
//
// Source: xendevicemodel.h, xenforeignmemory.h, xenevtchn.h; xen/memory.h (frames of a request
// server: 0 buffered, which no device but Xen's VGA has, 1 the processors').
#include "hostif/xen/libraries.h"

#include <stdint.h>  // Xen's headers want it before themselves
#include <sys/mman.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/ioreq.h>
#include <xen/memory.h>

extern "C" {
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xentoollog.h>
}

#include <algorithm>
#include <array>
#include <cerrno>

namespace gvt::hostif::xen {
namespace {

Error FromErrno() {
  return Error{ErrorCode::kIo, 0, static_cast<uint32_t>(errno)};
}

Result<void> Done(int code) {
  if (code < 0) return FromErrno();
  return {};
}

Result<void> DoneBefore(int code) {
  if (code < 0 && errno == EEXIST) return {};
  return Done(code);
}

// The libraries would print what we hand on as errors.
xentoollog_logger quiet = {
    .vmessage = [](xentoollog_logger*, xentoollog_level, int, const char*, const char*, va_list) {},
    .progress = nullptr,
    .destroy = [](xentoollog_logger*) {},
};

struct Function {
  uint16_t segment;
  uint8_t bus, device, number;

  explicit Function(uint32_t sbdf)
      : segment(static_cast<uint16_t>(sbdf >> 16)),
        bus(static_cast<uint8_t>(sbdf >> 8)),
        device(sbdf >> 3 & 0x1f),
        number(sbdf & 7) {}
};

}  // namespace

Result<std::unique_ptr<Libraries>> Libraries::Open(uint16_t domain) {
  std::unique_ptr<Libraries> libraries(new Libraries(domain));
  libraries->device_model_ = xendevicemodel_open(&quiet, 0);
  if (libraries->device_model_ == nullptr) return FromErrno();
  libraries->memory_ = xenforeignmemory_open(&quiet, 0);
  if (libraries->memory_ == nullptr) return FromErrno();
  libraries->events_ = xenevtchn_open(&quiet, 0);
  if (libraries->events_ == nullptr) return FromErrno();
  return libraries;
}

Libraries::~Libraries() {
  if (events_ != nullptr) xenevtchn_close(events_);
  if (requests_ != nullptr) xenforeignmemory_unmap_resource(memory_, requests_);
  if (memory_ != nullptr) xenforeignmemory_close(memory_);
  if (device_model_ != nullptr) xendevicemodel_close(device_model_);
}

Result<void> Libraries::Restrict() {
  Result<void> done = Done(xendevicemodel_restrict(device_model_, domain_));
  if (done) done = Done(xenforeignmemory_restrict(memory_, domain_));
  if (done) done = Done(xenevtchn_restrict(events_, domain_));
  return done;
}

void* Libraries::Map(Gfn first, std::span<int> errors) {
  std::array<xen_pfn_t, MappingCache::kChunkPages> frames;
  if (errors.size() > frames.size()) return nullptr;
  for (size_t i = 0; i < errors.size(); ++i) frames[i] = first.value + i;
  return xenforeignmemory_map(memory_, domain_, PROT_READ | PROT_WRITE, errors.size(),
                              frames.data(), errors.data());
}

void Libraries::Unmap(void* address, size_t pages) {
  xenforeignmemory_unmap(memory_, address, pages);
}

Result<uint32_t> Libraries::VcpuCount() {
  unsigned int count = 0;
  if (xendevicemodel_nr_vcpus(device_model_, domain_, &count) < 0) return FromErrno();
  return uint32_t{count};
}

Result<void> Libraries::InjectMsi(uint64_t address, uint32_t data) {
  return Done(xendevicemodel_inject_msi(device_model_, domain_, address, data));
}

Result<void> Libraries::MarkModified(Gfn first, uint32_t count) {
  return Done(xendevicemodel_modified_memory(device_model_, domain_, first.value, count));
}

Result<void> Libraries::TrapWrites(Gfn frame, bool on) {
  const hvmmem_type_t type = on ? HVMMEM_ioreq_server : HVMMEM_ram_rw;
  return Done(xendevicemodel_set_mem_type(device_model_, domain_, type, frame.value, 1));
}

Result<uint16_t> Libraries::CreateServer() {
  ioservid_t server = 0;
  const int code = xendevicemodel_create_ioreq_server(device_model_, domain_,
                                                      HVM_IOREQSRV_BUFIOREQ_OFF, &server);
  if (code < 0) return FromErrno();
  return uint16_t{server};
}

Result<void> Libraries::DestroyServer(uint16_t server) {
  return Done(xendevicemodel_destroy_ioreq_server(device_model_, domain_, server));
}

Result<void> Libraries::FindServer(uint16_t server) {
  evtchn_port_t buffered = 0;
  return Done(xendevicemodel_get_ioreq_server_info(device_model_, domain_, server, nullptr, nullptr,
                                                   &buffered));
}

Result<void> Libraries::EnableServer(uint16_t server, bool on) {
  return Done(xendevicemodel_set_ioreq_server_state(device_model_, domain_, server, on ? 1 : 0));
}

Result<shared_iopage*> Libraries::MapRequests(uint16_t server) {
  void* page = nullptr;
  requests_ = xenforeignmemory_map_resource(memory_, domain_, XENMEM_resource_ioreq_server, server,
                                            XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &page,
                                            PROT_READ | PROT_WRITE, 0);
  if (requests_ == nullptr) return FromErrno();
  return static_cast<shared_iopage*>(page);
}

Result<void> Libraries::ClaimRange(uint16_t server, bool memory, uint64_t first, uint64_t last,
                                   bool on) {
  const int kind = memory ? 1 : 0;
  if (!on) {
    return Done(xendevicemodel_unmap_io_range_from_ioreq_server(device_model_, domain_, server,
                                                                kind, first, last));
  }
  return DoneBefore(xendevicemodel_map_io_range_to_ioreq_server(device_model_, domain_, server,
                                                                kind, first, last));
}

Result<void> Libraries::ClaimFunction(uint16_t server, uint32_t function, bool on) {
  const Function f(function);
  if (!on) {
    return Done(xendevicemodel_unmap_pcidev_from_ioreq_server(
        device_model_, domain_, server, f.segment, f.bus, f.device, f.number));
  }
  return DoneBefore(xendevicemodel_map_pcidev_to_ioreq_server(
      device_model_, domain_, server, f.segment, f.bus, f.device, f.number));
}

Result<void> Libraries::ClaimTrappedWrites(uint16_t server, bool on) {
  const uint32_t access = on ? XEN_DMOP_IOREQ_MEM_ACCESS_WRITE : 0;
  return Done(xendevicemodel_map_mem_type_to_ioreq_server(device_model_, domain_, server,
                                                          HVMMEM_ioreq_server, access));
}

Result<uint32_t> Libraries::BindPort(uint32_t remote) {
  const int port = xenevtchn_bind_interdomain(events_, domain_, remote);
  if (port < 0) return FromErrno();
  return static_cast<uint32_t>(port);
}

Result<void> Libraries::Notify(uint32_t port) {
  return Done(xenevtchn_notify(events_, port));
}

int Libraries::event_file() const {
  return xenevtchn_fd(events_);
}

Result<uint32_t> Libraries::TakeEvent() {
  const int port = xenevtchn_pending(events_);
  if (port < 0) return FromErrno();
  const auto taken = static_cast<uint32_t>(port);
  if (const Result<void> done = Done(xenevtchn_unmask(events_, taken)); !done) return done.error();
  return taken;
}

}  // namespace gvt::hostif::xen
