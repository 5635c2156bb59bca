// The FIFO is opened for reading and writing, so that it never ends: writers come and go.
#include "hostif/vfio_preload/control.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

namespace gvt::hostif::vfio_preload {
namespace {

void Serve(int fd, const std::function<void(std::string_view)>& run) {
  std::string line;
  bool too_long = false;
  char buffer[kMaxControlLine];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    for (const char byte : std::string_view(buffer, static_cast<size_t>(count))) {
      if (byte != '\n') {
        too_long = too_long || line.size() == kMaxControlLine;
        if (!too_long) line += byte;
        continue;
      }
      if (!too_long && !line.empty()) run(line);
      line.clear();
      too_long = false;
    }
  }
}

}  // namespace

bool StartControlThread(const char* path, std::function<void(std::string_view)> run) {
  const int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  struct stat status = {};
  if (fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) {
    close(fd);
    errno = EINVAL;
    return false;
  }
  fcntl(fd, F_SETFL, O_RDWR);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread([fd, run = std::move(run)] { Serve(fd, run); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return true;
}

}  // namespace gvt::hostif::vfio_preload
