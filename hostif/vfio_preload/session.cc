// A VMM's conversation with VFIO: group, container, group into container, IOMMU, memory, device.
//
// Each file is an empty memfd, so that it is a descriptor like any other: it can be inherited,
// duplicated and closed without anything of ours.
//
// Invariants:
// 1. Nothing is started before the device is opened: a process that only carries the library has
//    no thread and no descriptor of it.
// 2. The device is made once and stays until the process ends; closing it resets it and takes its
//    memory. So an access that is under way never finds it gone.
//
// Settings come from the environment (names.h), read when the device is made.
// Source: linux/vfio.h.
#include "hostif/vfio_preload/session.h"

#include <linux/vfio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "hostif/vfio_preload/control.h"
#include "hostif/vfio_preload/ioctl_argument.h"
#include "hostif/vfio_preload/names.h"

namespace gvt::hostif::vfio_preload {
namespace {

int MakeFile(const char* name) {
  const int fd = memfd_create(name, MFD_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

// What a variable says, if it is set. False: *error says what is wrong.
bool ReadNumber(const char* variable, uint32_t* number, std::string* error) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return true;
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || value > UINT32_MAX) {
    *error = std::string(variable) + "=" + text + ": not a number";
    return false;
  }
  *number = static_cast<uint32_t>(value);
  return true;
}

// False: *error says what is wrong.
bool ReadSettings(DeviceSettings* settings, std::string* error) {
  if (const char* text = std::getenv(kDeviceVariable)) {
    char* end = nullptr;
    const unsigned long id = std::strtoul(text, &end, 16);
    if (*text == '\0' || *end != '\0' || id > 0xffff) {
      *error = std::string(kDeviceVariable) + "=" + text + ": not a PCI device id such as 1912";
      return false;
    }
    settings->pci_device_id = static_cast<uint16_t>(id);
  }
  if (const char* text = std::getenv(kTypeVariable)) settings->type = text;
  if (const char* text = std::getenv(kScanVariable)) {
    settings->scan = std::strcmp(text, "off") != 0;
    if (settings->scan && std::strcmp(text, "on") != 0) {
      *error = std::string(kScanVariable) + "=" + text + ": neither on nor off";
      return false;
    }
  }
  if (const char* text = std::getenv(kTraceVariable)) settings->trace_path = text;
  if (const char* text = std::getenv(kShareVariable)) settings->share_path = text;
  settings->measure = std::getenv(kStatsVariable) != nullptr;
  return ReadNumber(kWeightVariable, &settings->weight, error) &&
         ReadNumber(kCapVariable, &settings->cap_percent, error) &&
         ReadNumber(kLatencyVariable, &settings->latency_us, error);
}

}  // namespace

int Session::OpenGroup() {
  const std::lock_guard guard(lock_);
  if (group_fd_.load() >= 0) return -EBUSY;
  const int fd = MakeFile("gvtcore-vfio-group");
  if (fd < 0) return fd;
  owner_.store(getpid());
  group_fd_.store(fd);
  return fd;
}

bool Session::WantsContainer() const {
  return group_fd_.load() >= 0 && container_fd_.load() < 0;
}

int Session::OpenContainer() {
  const std::lock_guard guard(lock_);
  if (container_fd_.load() >= 0) return -EBUSY;
  const int fd = MakeFile("gvtcore-vfio-container");
  if (fd >= 0) container_fd_.store(fd);
  return fd;
}

int Session::Ioctl(File file, unsigned long request, void* argument) {
  switch (file) {
    case File::kGroup: return GroupIoctl(request, argument);
    case File::kContainer: return container_.Ioctl(request, argument);
    case File::kDevice: return device_->Ioctl(request, argument);
    case File::kNone: break;
  }
  return -EBADF;
}

int64_t Session::Read(uint64_t offset, void* data, size_t bytes) {
  return device_->Read(offset, data, bytes);
}

int64_t Session::Write(uint64_t offset, const void* data, size_t bytes) {
  return device_->Write(offset, data, bytes);
}

int Session::GroupIoctl(unsigned long request, void* argument) {
  const std::lock_guard guard(lock_);
  switch (request) {
    case VFIO_GROUP_GET_STATUS: {
      vfio_group_status status = {};
      if (const int error = CopyIn(argument, &status); error != 0) return error;
      status.flags = VFIO_GROUP_FLAGS_VIABLE | (is_attached_ ? VFIO_GROUP_FLAGS_CONTAINER_SET : 0u);
      return CopyOut(argument, status);
    }
    case VFIO_GROUP_SET_CONTAINER: return SetContainer(argument);
    case VFIO_GROUP_UNSET_CONTAINER: return UnsetContainer();
    case VFIO_GROUP_GET_DEVICE_FD: return OpenDevice(argument);
    default: return -ENOTTY;
  }
}

int Session::SetContainer(const void* argument) {
  if (argument == nullptr) return -EFAULT;
  int32_t fd = -1;
  std::memcpy(&fd, argument, sizeof fd);
  if (is_attached_ || FileOf(fd) != File::kContainer) return -EINVAL;
  is_attached_ = true;
  container_.AttachGroup();
  return 0;
}

int Session::UnsetContainer() {
  if (!is_attached_) return -EINVAL;
  if (device_fd_.load() >= 0) return -EBUSY;
  is_attached_ = false;
  container_.DetachGroup();
  return 0;
}

int Session::OpenDevice(const void* name) {
  if (name == nullptr) return -EFAULT;
  if (std::strcmp(static_cast<const char*>(name), kDeviceName) != 0) return -ENODEV;
  if (!is_attached_ || !container_.has_iommu()) return -EINVAL;
  if (device_fd_.load() >= 0) return -EBUSY;
  if (const int error = MakeDevice(); error != 0) return error;
  const int fd = MakeFile("gvtcore-vfio-device");
  if (fd < 0) return fd;
  if (const int error = container_.AttachDevice(device_.get()); error != 0) {
    close(fd);
    return error;
  }
  device_fd_.store(fd);
  return fd;
}

int Session::MakeDevice() {
  if (device_) return 0;
  DeviceSettings settings;
  std::string error;
  if (ReadSettings(&settings, &error)) device_ = VfioDevice::Create(settings, &error);
  if (!device_) {
    std::fprintf(stderr, "gvtcore: the virtual GPU cannot be made: %s\n", error.c_str());
    return -ENODEV;
  }
  is_recorded_ = !settings.trace_path.empty();
  if (const char* path = std::getenv(kStatsVariable)) stats_path_ = path;
  if (const char* path = std::getenv(kControlVariable)) StartControl(path);
  return 0;
}

void Session::StartControl(const char* path) {
  const bool started = StartControlThread(path, [this](std::string_view command) {
    if (command == "scan on" || command == "scan off") {
      device_->SetScan(command == "scan on");
    } else if (command == "stats") {
      WriteStatistics();
    } else {
      std::fprintf(stderr, "gvtcore: %s: unknown command '%.*s'\n", kControlVariable,
                   static_cast<int>(command.size()), command.data());
    }
  });
  if (!started) {
    std::fprintf(stderr, "gvtcore: %s=%s: %s\n", kControlVariable, path, std::strerror(errno));
  }
}

void Session::Closing(int fd, File file) {
  const std::lock_guard guard(lock_);
  if (FileOf(fd) != file) return;
  switch (file) {
    case File::kDevice:
      device_fd_.store(-1);
      container_.DetachDevice();
      device_->Close();
      break;
    case File::kContainer: container_fd_.store(-1); break;
    case File::kGroup: group_fd_.store(-1); break;
    case File::kNone: return;
  }
  // The device keeps the container, whichever of its files is closed first.
  const bool all_open = group_fd_.load() >= 0 && container_fd_.load() >= 0;
  if (device_fd_.load() < 0 && !all_open && is_attached_) UnsetContainer();
}

void Session::Forget() {
  group_fd_.store(-1);
  container_fd_.store(-1);
  device_fd_.store(-1);
  owner_.store(0);
}

bool Session::IsOwner() const {
  return owner_.load() == getpid();
}

void Session::WriteStatistics() const {
  if (stats_path_.empty()) return;
  std::FILE* file = std::fopen(stats_path_.c_str(), "we");
  if (file != nullptr) {
    const std::string text = device_->Statistics();
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (std::fclose(file) == 0 && written) return;
  }
  std::fprintf(stderr, "gvtcore: statistics: %s: %s\n", stats_path_.c_str(), std::strerror(errno));
}

void Session::AtExit() {
  if (!IsOwner() || !device_) return;
  WriteStatistics();
  device_->Close();
  // A recording is complete when the vGPU is gone. Without one it stays, for a VMM that ends by an
  // error may still have threads that access it.
  device_fd_.store(-1);
  if (is_recorded_) device_.reset();
}

}  // namespace gvt::hostif::vfio_preload
