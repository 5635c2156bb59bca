// The border to ACRN's hypervisor service module: one ioctl after the other.
#pragma once

#include <cstdint>

namespace gvt::hostif::acrn {

class Hsm {
 public:
  virtual ~Hsm() = default;
  // `request`: ACRN_IOCTL_*; `argument` as linux/acrn.h says, by address or by value. What the
  // kernel answers, or -errno. Thread rule: any thread.
  virtual int Control(unsigned long request, uintptr_t argument) = 0;
};

// /dev/acrn_hsm, opened by the device model.
class HsmDevice final : public Hsm {
 public:
  // `file` stays the caller's.
  explicit HsmDevice(int file) : file_(file) {}
  int Control(unsigned long request, uintptr_t argument) override;

 private:
  const int file_;
};

}  // namespace gvt::hostif::acrn
