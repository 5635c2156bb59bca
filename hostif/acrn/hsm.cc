#include "hostif/acrn/hsm.h"

#include <sys/ioctl.h>

#include <cerrno>

namespace gvt::hostif::acrn {

int HsmDevice::Control(unsigned long request, uintptr_t argument) {
  const int answer = ioctl(file_, request, argument);
  return answer >= 0 ? answer : -errno;
}

}  // namespace gvt::hostif::acrn
