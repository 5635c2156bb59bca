#include "jit/code_arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace gvt::jit {
namespace {

constexpr ErrorSite kMemoryFile = 1;
constexpr ErrorSite kWriteView = 2;
constexpr ErrorSite kExecuteView = 3;

Error SystemError(ErrorSite site) {
  return Error{ErrorCode::kIo, site, static_cast<uint32_t>(errno)};
}

uint8_t* MapView(int file, size_t bytes, int protection) {
  void* view = mmap(nullptr, bytes, protection, MAP_SHARED, file, 0);
  return view == MAP_FAILED ? nullptr : static_cast<uint8_t*>(view);
}

}  // namespace

Result<std::unique_ptr<CodeArena>> CodeArena::Create(const ArenaSizes& sizes) {
  const int file = memfd_create("gvtcore-jit", MFD_CLOEXEC);
  if (file < 0) return SystemError(kMemoryFile);
  const size_t bytes = sizes.total();
  if (ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    const Error error = SystemError(kMemoryFile);
    close(file);
    return error;
  }
  uint8_t* const write = MapView(file, bytes, PROT_READ | PROT_WRITE);
  uint8_t* const execute = MapView(file, bytes, PROT_READ | PROT_EXEC);
  Error error = SystemError(write == nullptr ? kWriteView : kExecuteView);
  close(file);
  // Constants are data: whoever runs code must not be able to jump there.
  const bool sealed = execute != nullptr &&
                      mprotect(execute + sizes.code_bytes, sizes.constant_bytes, PROT_READ) == 0;
  if (write == nullptr || !sealed) {
    if (execute != nullptr && !sealed) error = SystemError(kExecuteView);
    if (write != nullptr) munmap(write, bytes);
    if (execute != nullptr) munmap(execute, bytes);
    return error;
  }
  // A child of fork() would write into its parent's code.
  madvise(write, bytes, MADV_DONTFORK);
  return std::unique_ptr<CodeArena>(new CodeArena(sizes, write, execute));
}

CodeArena::~CodeArena() {
  munmap(write_, sizes_.total());
  munmap(const_cast<uint8_t*>(execute_), sizes_.total());
}

}  // namespace gvt::jit
