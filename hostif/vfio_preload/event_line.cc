// A guest enables MSI by a write to configuration space, which a VMM passes on before it hands over
// the eventfd. What is raised in between must not be lost: with level state pending in the device
// no second message would come.
#include "hostif/vfio_preload/event_line.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace gvt::hostif::vfio_preload {
namespace {

bool IsEventfd(int fd) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char target[64];
  const ssize_t size = readlink(link, target, sizeof target);
  return size > 0 && std::string_view(target, static_cast<size_t>(size)) == "anon_inode:[eventfd]";
}

}  // namespace

int EventLine::Assign(int fd) {
  if (!IsEventfd(fd)) return -EINVAL;
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return -errno;
  const std::lock_guard guard(lock_);
  CloseLocked();
  fd_ = own;
  if (missed_) SignalLocked();
  missed_ = false;
  return 0;
}

void EventLine::Clear() {
  const std::lock_guard guard(lock_);
  CloseLocked();
  missed_ = false;
}

void EventLine::Signal() {
  const std::lock_guard guard(lock_);
  if (fd_ >= 0) {
    SignalLocked();
  } else {
    missed_ = true;
  }
}

void EventLine::SignalLocked() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

void EventLine::CloseLocked() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace gvt::hostif::vfio_preload
