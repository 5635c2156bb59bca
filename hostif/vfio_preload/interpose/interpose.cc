// The calls of the C library that a VMM makes on VFIO files, in front of the library's own.
//
// A call on any other file goes straight on to the next definition of its name: it costs a
// comparison or two. Nothing here allocates, starts a thread or opens a file until the group is
// opened, so that programs that merely inherit LD_PRELOAD are as they were.
//
// The functions have C++ names of their own and get the C library's by an assembler label, so that
// no declaration or inline form in its headers is in the way, whatever a build defines.
//
// Children: after fork() the files are strangers (they answer like empty files). A child that
// shares its parent's memory until it starts a program (vfork, posix_spawn) is told apart by its
// process id; only close() needs that.
//
// Source: glibc 2.36 (names and their checked forms).
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <new>

#include "hostif/vfio_preload/names.h"
#include "hostif/vfio_preload/session.h"

#define GVT_INTERPOSE(name) __asm__(name) __attribute__((visibility("default")))

namespace gvt::hostif::vfio_preload {
namespace {

// Never destroyed: threads of the process use it until its end.
Session& TheSession() {
  alignas(Session) static std::byte place[sizeof(Session)];
  static Session* const kSession = new (place) Session;
  return *kSession;
}

// atomic: set once the group was opened; until then no file can be ours
std::atomic<bool> g_active{false};

File FileOf(int fd) {
  return g_active.load(std::memory_order_acquire) ? TheSession().FileOf(fd) : File::kNone;
}

// The definition of a function behind ours.
template <typename Function>
class Next {
 public:
  explicit constexpr Next(const char* name) : name_(name) {}

  Function* Get() {
    void* address = address_.load(std::memory_order_acquire);
    if (address == nullptr) {
      address = dlsym(RTLD_NEXT, name_);
      address_.store(address, std::memory_order_release);
    }
    return reinterpret_cast<Function*>(address);
  }

 private:
  const char* const name_;
  std::atomic<void*> address_{nullptr};  // atomic: any thread's look-up gives the same
};

using Open = int(const char*, int, ...);
using CheckedOpen = int(const char*, int);
using OpenAt = int(int, const char*, int, ...);
using CheckedOpenAt = int(int, const char*, int);
using Control = int(int, unsigned long, ...);
using ReadAt = ssize_t(int, void*, size_t, off64_t);
using CheckedReadAt = ssize_t(int, void*, size_t, off64_t, size_t);
using WriteAt = ssize_t(int, const void*, size_t, off64_t);
using Close = int(int);

constinit Next<Open> g_open("open");
constinit Next<CheckedOpen> g_checked_open("__open_2");
constinit Next<OpenAt> g_open_at("openat");
constinit Next<CheckedOpenAt> g_checked_open_at("__openat_2");
constinit Next<Control> g_ioctl("ioctl");
constinit Next<ReadAt> g_read_at("pread");
constinit Next<CheckedReadAt> g_checked_read_at("__pread_chk");
constinit Next<WriteAt> g_write_at("pwrite");
constinit Next<Close> g_close("close");

template <typename Value>
Value Answer(Value value) {
  if (value >= 0) return value;
  errno = static_cast<int>(-value);
  return -1;
}

// True: the path is ours, and *answer is what open() returns.
bool OpenOurs(const char* path, int* answer) {
  constexpr const char* kFolder = "/dev/vfio/";
  if (path == nullptr || std::strncmp(path, kFolder, std::strlen(kFolder)) != 0) return false;
  if (std::strcmp(path, kGroupPath) == 0) {
    *answer = Answer(TheSession().OpenGroup());
    const bool first = *answer >= 0 && !g_active.exchange(true, std::memory_order_acq_rel);
    if (first) pthread_atfork(nullptr, nullptr, [] { TheSession().Forget(); });
    return true;
  }
  if (!g_active.load() || std::strcmp(path, kContainerPath) != 0) return false;
  if (!TheSession().WantsContainer()) return false;
  *answer = Answer(TheSession().OpenContainer());
  return true;
}

__attribute__((destructor)) void AtExit() {
  if (g_active.load()) TheSession().AtExit();
}

// The mode, if the flags say that there is one.
mode_t ModeOf(int flags, va_list arguments) {
  const bool creates = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return creates ? va_arg(arguments, mode_t) : 0;
}

ssize_t ReadOurs(void* data, size_t bytes, off64_t offset) {
  if (offset < 0 || data == nullptr) return Answer<ssize_t>(offset < 0 ? -EINVAL : -EFAULT);
  return Answer<ssize_t>(TheSession().Read(static_cast<uint64_t>(offset), data, bytes));
}

}  // namespace

extern "C" {

// x86-64 has one file offset size: `open` and `open64` are one function, and so are the others.

int InterposedOpen(const char* path, int flags, ...) GVT_INTERPOSE("open");
int InterposedOpen64(const char* path, int flags, ...) GVT_INTERPOSE("open64");
int InterposedCheckedOpen(const char* path, int flags) GVT_INTERPOSE("__open_2");
int InterposedCheckedOpen64(const char* path, int flags) GVT_INTERPOSE("__open64_2");
int InterposedOpenAt(int folder, const char* path, int flags, ...) GVT_INTERPOSE("openat");
int InterposedOpenAt64(int folder, const char* path, int flags, ...) GVT_INTERPOSE("openat64");
int InterposedCheckedOpenAt(int folder, const char* path, int flags) GVT_INTERPOSE("__openat_2");
int InterposedCheckedOpenAt64(int folder, const char* path, int flags)
    GVT_INTERPOSE("__openat64_2");
int InterposedIoctl(int fd, unsigned long request, ...) GVT_INTERPOSE("ioctl");
ssize_t InterposedPread(int fd, void* data, size_t bytes, off64_t offset) GVT_INTERPOSE("pread");
ssize_t InterposedPread64(int fd, void* data, size_t bytes, off64_t offset)
    GVT_INTERPOSE("pread64");
ssize_t InterposedCheckedPread(int fd, void* data, size_t bytes, off64_t offset, size_t room)
    GVT_INTERPOSE("__pread_chk");
ssize_t InterposedCheckedPread64(int fd, void* data, size_t bytes, off64_t offset, size_t room)
    GVT_INTERPOSE("__pread64_chk");
ssize_t InterposedPwrite(int fd, const void* data, size_t bytes, off64_t offset)
    GVT_INTERPOSE("pwrite");
ssize_t InterposedPwrite64(int fd, const void* data, size_t bytes, off64_t offset)
    GVT_INTERPOSE("pwrite64");
int InterposedClose(int fd) GVT_INTERPOSE("close");

int InterposedOpen(const char* path, int flags, ...) {
  int answer = -1;
  if (OpenOurs(path, &answer)) return answer;
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return g_open.Get()(path, flags, mode);
}

int InterposedOpen64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return InterposedOpen(path, flags, mode);
}

int InterposedCheckedOpen(const char* path, int flags) {
  int answer = -1;
  return OpenOurs(path, &answer) ? answer : g_checked_open.Get()(path, flags);
}

int InterposedCheckedOpen64(const char* path, int flags) {
  return InterposedCheckedOpen(path, flags);
}

int InterposedOpenAt(int folder, const char* path, int flags, ...) {
  int answer = -1;
  if (OpenOurs(path, &answer)) return answer;
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return g_open_at.Get()(folder, path, flags, mode);
}

int InterposedOpenAt64(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return InterposedOpenAt(folder, path, flags, mode);
}

int InterposedCheckedOpenAt(int folder, const char* path, int flags) {
  int answer = -1;
  return OpenOurs(path, &answer) ? answer : g_checked_open_at.Get()(folder, path, flags);
}

int InterposedCheckedOpenAt64(int folder, const char* path, int flags) {
  return InterposedCheckedOpenAt(folder, path, flags);
}

int InterposedIoctl(int fd, unsigned long request, ...) {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  const File file = FileOf(fd);
  if (file == File::kNone) return g_ioctl.Get()(fd, request, argument);
  return Answer(TheSession().Ioctl(file, request, argument));
}

ssize_t InterposedPread(int fd, void* data, size_t bytes, off64_t offset) {
  if (FileOf(fd) != File::kDevice) return g_read_at.Get()(fd, data, bytes, offset);
  return ReadOurs(data, bytes, offset);
}

ssize_t InterposedPread64(int fd, void* data, size_t bytes, off64_t offset) {
  return InterposedPread(fd, data, bytes, offset);
}

ssize_t InterposedCheckedPread(int fd, void* data, size_t bytes, off64_t offset, size_t room) {
  // Too small a buffer is for the C library's own check, which ends the process.
  if (FileOf(fd) != File::kDevice || bytes > room) {
    return g_checked_read_at.Get()(fd, data, bytes, offset, room);
  }
  return ReadOurs(data, bytes, offset);
}

ssize_t InterposedCheckedPread64(int fd, void* data, size_t bytes, off64_t offset, size_t room) {
  return InterposedCheckedPread(fd, data, bytes, offset, room);
}

ssize_t InterposedPwrite(int fd, const void* data, size_t bytes, off64_t offset) {
  if (FileOf(fd) != File::kDevice) return g_write_at.Get()(fd, data, bytes, offset);
  if (offset < 0 || data == nullptr) return Answer<ssize_t>(offset < 0 ? -EINVAL : -EFAULT);
  return Answer<ssize_t>(TheSession().Write(static_cast<uint64_t>(offset), data, bytes));
}

ssize_t InterposedPwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  return InterposedPwrite(fd, data, bytes, offset);
}

int InterposedClose(int fd) {
  const File file = FileOf(fd);
  if (file != File::kNone && TheSession().IsOwner()) TheSession().Closing(fd, file);
  return g_close.Get()(fd);
}

}  // extern "C"
}  // namespace gvt::hostif::vfio_preload
