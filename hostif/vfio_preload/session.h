// The VFIO files that this process has open: a group, a container, a device, at most one of each.
//
// Functions answer as the kernel does: 0, a count or a file descriptor, or a negative errno.
// Thread rule: any thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "hostif/vfio_preload/vfio_container.h"
#include "hostif/vfio_preload/vfio_device.h"

namespace gvt::hostif::vfio_preload {

enum class File : uint8_t { kNone, kGroup, kContainer, kDevice };

class Session {
 public:
  Session() = default;
  ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // What `fd` is. Wait-free.
  File FileOf(int fd) const {
    if (fd < 0) return File::kNone;
    if (fd == device_fd_.load(std::memory_order_acquire)) return File::kDevice;
    if (fd == container_fd_.load(std::memory_order_acquire)) return File::kContainer;
    if (fd == group_fd_.load(std::memory_order_acquire)) return File::kGroup;
    return File::kNone;
  }

  // -EBUSY: it is open.
  int OpenGroup();
  // Our container follows our group: false, if there is no group or it has one, and the path is the
  // kernel's.
  bool WantsContainer() const;
  int OpenContainer();

  int Ioctl(File file, unsigned long request, void* argument);
  int64_t Read(uint64_t offset, void* data, size_t bytes);
  int64_t Write(uint64_t offset, const void* data, size_t bytes);
  // The caller closes `fd` itself, behind this.
  void Closing(int fd, File file);

  // In the child of a fork: nothing here is its own; all files are strangers.
  void Forget();
  // The process ends: writes the statistics, and lets the engines rest.
  void AtExit();

  // The process that opened the group. A child that shares this memory until it starts a program
  // closes descriptors too; those are its own.
  bool IsOwner() const;

 private:
  int GroupIoctl(unsigned long request, void* argument);
  int SetContainer(const void* argument);
  int UnsetContainer();
  int OpenDevice(const void* name);
  void WriteStatistics() const;
  int MakeDevice();
  void StartControl(const char* path);

  mutable std::mutex lock_;  // guards what is not atomic, but device_, which stays once it is made
  // atomic: published with release when a file is opened, read with acquire by every access
  std::atomic<int> group_fd_{-1};
  std::atomic<int> container_fd_{-1};
  std::atomic<int> device_fd_{-1};
  std::atomic<pid_t> owner_{0};
  bool is_attached_ = false;
  VfioContainer container_;
  std::unique_ptr<VfioDevice> device_;
  std::string stats_path_;
  bool is_recorded_ = false;
};

}  // namespace gvt::hostif::vfio_preload
