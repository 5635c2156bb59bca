// The C contract for C++17 hosts: ownership and exceptions, nothing else. What the calls do is said
// in gvtcore.h and host.h.
#ifndef GVTCORE_GVTCORE_HPP
#define GVTCORE_GVTCORE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "gvtcore/gvtcore.h"

namespace gvtcore {

// A call that did not succeed; code() is one of GVTCORE_E*.
class Error : public std::runtime_error {
 public:
  Error(const char* call, int code)
      : std::runtime_error(std::string(call) + ": " + gvtcore_error_text(code)), code_(code) {}
  int code() const noexcept { return code_; }

 private:
  int code_;
};

// What a host gives; see host.h for threads and order. Members must not throw: what escapes from
// one ends the process.
class Host {
 public:
  virtual ~Host() = default;
  virtual void RaiseMsi(uint32_t vector) = 0;
  virtual void Log(gvtcore_log_level_t /*level*/, const char* /*text*/) {}
  // Called in place of RaiseMsi, with the message as the guest has written it.
  virtual void InjectMsi(uint64_t /*address*/, uint32_t /*data*/) { RaiseMsi(0); }
  virtual void SetTrapArea(uint32_t /*region*/, uint64_t /*gpa*/, uint64_t /*length*/,
                           bool /*on*/) {}
};

// A host whose guest memory is not, or not all, mapped into this process. False: some byte is not
// there.
class CopyingHost : public Host {
 public:
  virtual bool ReadMemory(uint64_t gpa, void* data, size_t length) = 0;
  virtual bool WriteMemory(uint64_t gpa, const void* data, size_t length) = 0;
};

// All of `capabilities` (GVTCORE_CAN_*) are there.
inline bool Can(uint64_t capabilities) noexcept {
  return (gvtcore_capabilities() & capabilities) == capabilities;
}

// The engine of a process.
class Core {
 public:
  explicit Core(gvtcore_config_t config = {}) {
    config.size = sizeof config;
    gvtcore_t* core = nullptr;
    const int code = gvtcore_create_with(&config, &core);
    if (code < 0) throw Error("gvtcore_create_with", code);
    core_.reset(core);
  }
  // With GVTCORE_STEPPED: false if nothing can run on that engine now.
  bool Step(uint32_t engine) {
    const int result = gvtcore_step(get(), engine);
    if (result < 0) throw Error("gvtcore_step", result);
    return result != 0;
  }
  // Those that GVT-g had names for, with what is free of each.
  std::vector<gvtcore_type_t> Types() const {
    std::vector<gvtcore_type_t> types;
    for (;;) {
      gvtcore_type_t type = {};
      type.size = sizeof type;
      const int code = gvtcore_type(get(), static_cast<uint32_t>(types.size()), &type);
      if (code == GVTCORE_ENOENT) return types;
      if (code < 0) throw Error("gvtcore_type", code);
      types.push_back(type);
    }
  }
  gvtcore_t* get() const noexcept { return core_.get(); }

 private:
  struct Destroy {
    void operator()(gvtcore_t* core) const noexcept { gvtcore_destroy(core); }
  };
  std::unique_ptr<gvtcore_t, Destroy> core_;
};

// One PCI function of one virtual machine. Core and host outlive it.
class Vgpu {
 public:
  Vgpu(const Core& core, Host& host, const gvtcore_vgpu_config_t& config = {}) {
    Create(core, OpsOf<Host>(), &host, config);
  }
  Vgpu(const Core& core, CopyingHost& host, const gvtcore_vgpu_config_t& config = {}) {
    gvtcore_host_ops_t ops = OpsOf<CopyingHost>();
    ops.read_memory = [](void* context, uint64_t gpa, void* data, size_t length) noexcept {
      return static_cast<CopyingHost*>(context)->ReadMemory(gpa, data, length) ? 0 : -1;
    };
    ops.write_memory = [](void* context, uint64_t gpa, const void* data, size_t length) noexcept {
      return static_cast<CopyingHost*>(context)->WriteMemory(gpa, data, length) ? 0 : -1;
    };
    Create(core, ops, &host, config);
  }

  void AddMemory(uint64_t gpa, uint64_t length, void* address, uint32_t flags = 0) {
    Check("gvtcore_vgpu_memory_add", gvtcore_vgpu_memory_add(get(), gpa, length, address, flags));
  }
  void RemoveMemory(uint64_t gpa, uint64_t length) {
    Check("gvtcore_vgpu_memory_remove", gvtcore_vgpu_memory_remove(get(), gpa, length));
  }
  void MoveMemory(uint64_t gpa, uint64_t length, void* address) {
    Check("gvtcore_vgpu_memory_move", gvtcore_vgpu_memory_move(get(), gpa, length, address));
  }
  void Activate() { Check("gvtcore_vgpu_activate", gvtcore_vgpu_activate(get())); }
  void Deactivate() { Check("gvtcore_vgpu_deactivate", gvtcore_vgpu_deactivate(get())); }
  void Reset() { Check("gvtcore_vgpu_reset", gvtcore_vgpu_reset(get())); }
  std::vector<std::byte> Save() {
    std::vector<std::byte> state;
    for (;;) {
      const int64_t length = gvtcore_vgpu_save(get(), state.data(), state.size());
      Check("gvtcore_vgpu_save", length);
      const bool fits = static_cast<size_t>(length) <= state.size();
      state.resize(static_cast<size_t>(length));
      if (fits) return state;
    }
  }
  void Restore(const std::vector<std::byte>& state) {
    Check("gvtcore_vgpu_restore", gvtcore_vgpu_restore(get(), state.data(), state.size()));
  }

  // A guest access of sizeof(T) bytes.
  template <typename T>
  T Read(uint32_t region, uint64_t offset) {
    static_assert(std::is_unsigned_v<T>, "registers are unsigned");
    T value = 0;
    Check("gvtcore_vgpu_read", gvtcore_vgpu_read(get(), region, offset, &value, sizeof value));
    return value;
  }
  template <typename T>
  void Write(uint32_t region, uint64_t offset, T value) {
    static_assert(std::is_unsigned_v<T>, "registers are unsigned");
    Check("gvtcore_vgpu_write", gvtcore_vgpu_write(get(), region, offset, &value, sizeof value));
  }

  // A write that nobody waits for.
  template <typename T>
  void Post(uint32_t region, uint64_t offset, T value) {
    static_assert(std::is_unsigned_v<T>, "registers are unsigned");
    Check("gvtcore_vgpu_post", gvtcore_vgpu_post(get(), region, offset, &value, sizeof value));
  }
  // Strings of accesses of sizeof(T) bytes; `step`: sizeof(T), its negative, or 0.
  template <typename T>
  std::vector<T> ReadString(uint32_t region, uint64_t offset, int64_t step, uint32_t count) {
    static_assert(std::is_unsigned_v<T>, "registers are unsigned");
    std::vector<T> values(count);
    Check("gvtcore_vgpu_read_string",
          gvtcore_vgpu_read_string(get(), region, offset, step, values.data(), sizeof(T), count));
    return values;
  }
  template <typename T>
  void WriteString(uint32_t region, uint64_t offset, int64_t step, const std::vector<T>& values) {
    static_assert(std::is_unsigned_v<T>, "registers are unsigned");
    Check("gvtcore_vgpu_write_string",
          gvtcore_vgpu_write_string(get(), region, offset, step, values.data(), sizeof(T),
                                    static_cast<uint32_t>(values.size())));
  }
  uint64_t RegionSize(uint32_t region) const {
    const int64_t size = gvtcore_vgpu_region_size(get(), region);
    Check("gvtcore_vgpu_region_size", size);
    return static_cast<uint64_t>(size);
  }

  // With GVTCORE_CAN_DISPLAY.
  gvtcore_plane_t QueryPlane(uint32_t plane) {
    gvtcore_plane_t info = {};
    info.size = sizeof info;
    Check("gvtcore_vgpu_query_plane", gvtcore_vgpu_query_plane(get(), plane, &info));
    return info;
  }
  // A file descriptor; the caller's to close.
  int GetDmabuf(uint32_t dmabuf_id) {
    const int file = gvtcore_vgpu_get_dmabuf(get(), dmabuf_id);
    Check("gvtcore_vgpu_get_dmabuf", file);
    return file;
  }
  void Hotplug(uint32_t port, bool on) {
    Check("gvtcore_vgpu_hotplug", gvtcore_vgpu_hotplug(get(), port, on ? 1 : 0));
  }

  // Those from number `from` on that are kept; the next `from` is the last one's number + 1.
  std::vector<gvtcore_event_t> Events(uint64_t from = 0) const {
    std::vector<gvtcore_event_t> events(GVTCORE_EVENT_SLOTS);
    const int count = gvtcore_vgpu_events(get(), from, events.data(), GVTCORE_EVENT_SLOTS);
    Check("gvtcore_vgpu_events", count);
    events.resize(static_cast<size_t>(count));
    return events;
  }
  gvtcore_vgpu_statistics_t Statistics() const {
    gvtcore_vgpu_statistics_t statistics = {};
    statistics.size = sizeof statistics;
    Check("gvtcore_vgpu_statistics", gvtcore_vgpu_statistics(get(), &statistics));
    return statistics;
  }

  gvtcore_vgpu_t* get() const noexcept { return vgpu_.get(); }

 private:
  struct Destroy {
    void operator()(gvtcore_vgpu_t* vgpu) const noexcept { gvtcore_vgpu_destroy(vgpu); }
  };
  // What every host has; `T` is what the context points to.
  template <typename T>
  static gvtcore_host_ops_t OpsOf() {
    gvtcore_host_ops_t ops = {};
    ops.size = sizeof ops;
    ops.raise_msi = [](void* context, uint32_t vector) noexcept {
      static_cast<T*>(context)->RaiseMsi(vector);
    };
    ops.log = [](void* context, gvtcore_log_level_t level, const char* text) noexcept {
      static_cast<T*>(context)->Log(level, text);
    };
    ops.inject_msi = [](void* context, uint64_t address, uint32_t data) noexcept {
      static_cast<T*>(context)->InjectMsi(address, data);
    };
    ops.set_trap_area = [](void* context, uint32_t region, uint64_t gpa, uint64_t length,
                           int on) noexcept {
      static_cast<T*>(context)->SetTrapArea(region, gpa, length, on != 0);
    };
    return ops;
  }
  void Create(const Core& core, const gvtcore_host_ops_t& ops, void* host,
              gvtcore_vgpu_config_t config) {
    config.size = sizeof config;
    gvtcore_vgpu_t* vgpu = nullptr;
    Check("gvtcore_vgpu_create", gvtcore_vgpu_create(core.get(), &config, &ops, host, &vgpu));
    vgpu_.reset(vgpu);
  }
  static void Check(const char* call, int64_t result) {
    if (result < 0) throw Error(call, static_cast<int>(result));
  }

  std::unique_ptr<gvtcore_vgpu_t, Destroy> vgpu_;
};

}  // namespace gvtcore

#endif  // GVTCORE_GVTCORE_HPP
