// The ACRN host against a stand-in at the system-call border.
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "gvtcore/module.h"
#include "hostif/conformance/run.h"
#include "tests/acrn/device_model.h"
#include "tests/conformance/hosts_table.h"

namespace gvt::hostif::acrn {
namespace {

TEST(AcrnHost, KeepsTheContract) {
  const conformance::Report report = conformance::Try(*gvtcore_module(GVTCORE_MODULE_VERSION));
  EXPECT_EQ(report.error, "");
  for (const conformance::LineResult& result : report.lines) {
    EXPECT_NE(result.verdict.outcome, conformance::Outcome::kFailed)
        << result.line->id << ": " << result.verdict.reason;
  }
  conformance::ExpectColumn("acrn (stand-in)", report);
}

acrn_io_request Mmio(uint32_t direction, uint64_t address, uint64_t size, uint64_t value) {
  acrn_io_request request = {};
  request.type = ACRN_IOREQ_TYPE_MMIO;
  request.reqs.mmio_request.direction = direction;
  request.reqs.mmio_request.address = address;
  request.reqs.mmio_request.size = size;
  request.reqs.mmio_request.value = value;
  return request;
}

acrn_io_request Config(uint32_t direction, uint32_t device, uint32_t reg) {
  acrn_io_request request = {};
  request.type = ACRN_IOREQ_TYPE_PCICFG;
  request.reqs.pci_request.direction = direction;
  request.reqs.pci_request.size = 4;
  request.reqs.pci_request.dev = device;
  request.reqs.pci_request.reg = reg;
  return request;
}

TEST(AcrnVm, AnswersRequestsOfSeveralProcessors) {
  DeviceModel model(nullptr, 1 << 20);
  std::vector<GuestAccess> seen;
  std::thread server([&] {
    EXPECT_TRUE(model.vm.Serve([&](GuestAccess& access) {
      seen.push_back(access);
      access.value = access.address + 1;
      return access.address != 0x666000;
    }));
  });
  uint64_t value = 0;
  EXPECT_TRUE(model.hsm.Access(0, Mmio(ACRN_IOREQ_DIR_READ, 0xe0000010, 4, 0), &value));
  EXPECT_EQ(value, 0xe0000011u);
  EXPECT_TRUE(model.hsm.Access(5, Mmio(ACRN_IOREQ_DIR_WRITE, 0xe0000020, 8, 0x77), &value));
  EXPECT_TRUE(model.hsm.Access(15, Config(ACRN_IOREQ_DIR_READ, 2, 0x10), &value));
  EXPECT_EQ(value, 0x11u);
  // Nobody is there: another function, no region, a width that no access has.
  EXPECT_TRUE(model.hsm.Access(0, Config(ACRN_IOREQ_DIR_READ, 3, 0x10), &value));
  EXPECT_EQ(value, 0xffffffffu);
  EXPECT_TRUE(model.hsm.Access(0, Mmio(ACRN_IOREQ_DIR_READ, 0x666000, 2, 0), &value));
  EXPECT_EQ(value, 0xffffu);
  EXPECT_TRUE(model.hsm.Access(0, Mmio(ACRN_IOREQ_DIR_READ, 0xe0000000, 3, 0), &value));
  EXPECT_TRUE(model.hsm.Access(0, Mmio(ACRN_IOREQ_DIR_READ, 0xe0000000, ~0ull, 0), &value));
  EXPECT_EQ(value, ~0ull);
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_TRUE(seen[1].write);
  EXPECT_EQ(seen[1].value, 0x77u);
  EXPECT_TRUE(seen[2].config);
  model.hsm.End();
  server.join();
  EXPECT_EQ(model.hsm.finished(), 7u);
}

TEST(AcrnVm, FramesComeAndGo) {
  DeviceModel model(nullptr, 1 << 20);
  EXPECT_TRUE(model.vm.MapFrames(Gfn(0xc0000), 0x1234, 16, true));
  EXPECT_EQ(model.hsm.segments(), 2u);
  EXPECT_TRUE(model.vm.MapFrames(Gfn(0xc0000), 0x1234, 16, false));
  EXPECT_EQ(model.hsm.segments(), 1u);
}

TEST(AcrnVm, SaysWhatTheServiceModuleRefuses) {
  DeviceModel model(nullptr, 1 << 20);
  const Result<void> refused = model.vm.InjectMsi(0x12340000, 0x41);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, static_cast<uint32_t>(EINVAL));
  HsmDevice nothing(-1);
  EXPECT_EQ(nothing.Control(ACRN_IOCTL_START_VM, 0), -EBADF);
}

}  // namespace
}  // namespace gvt::hostif::acrn
