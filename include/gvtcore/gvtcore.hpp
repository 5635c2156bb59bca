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
};

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
  Vgpu(const Core& core, Host& host, gvtcore_vgpu_config_t config = {}) {
    config.size = sizeof config;
    gvtcore_host_ops_t ops = {};
    ops.size = sizeof ops;
    ops.raise_msi = [](void* context, uint32_t vector) noexcept {
      static_cast<Host*>(context)->RaiseMsi(vector);
    };
    ops.log = [](void* context, gvtcore_log_level_t level, const char* text) noexcept {
      static_cast<Host*>(context)->Log(level, text);
    };
    gvtcore_vgpu_t* vgpu = nullptr;
    Check("gvtcore_vgpu_create", gvtcore_vgpu_create(core.get(), &config, &ops, &host, &vgpu));
    vgpu_.reset(vgpu);
  }

  void AddMemory(uint64_t gpa, uint64_t length, void* address, uint32_t flags = 0) {
    Check("gvtcore_vgpu_memory_add", gvtcore_vgpu_memory_add(get(), gpa, length, address, flags));
  }
  void RemoveMemory(uint64_t gpa, uint64_t length) {
    Check("gvtcore_vgpu_memory_remove", gvtcore_vgpu_memory_remove(get(), gpa, length));
  }
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
  static void Check(const char* call, int64_t result) {
    if (result < 0) throw Error(call, static_cast<int>(result));
  }

  std::unique_ptr<gvtcore_vgpu_t, Destroy> vgpu_;
};

}  // namespace gvtcore

#endif  // GVTCORE_GVTCORE_HPP
