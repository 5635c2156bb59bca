// GVT-g's host interface: tables in the manner of its three host modules, on a real core.
#include "gvtcore/mpt.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hostif/conformance/module_guest.h"
#include "hostif/embedded/guest_driver.h"
#include "hostif/module/module.h"
#include "tests/gpu_soft/commands.h"

namespace gvt::hostif::conformance {
namespace {

using embedded::GuestContext;
using embedded::GuestDriver;
using embedded::PageTables;
using soft_test::kUseGgtt;
using soft_test::Program;
using soft_test::StoreDword;
using soft_test::UserInterrupt;

class Manner : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string error;
    module_ = Module::Load(std::string(GVT_MODULES) + "/" + GetParam() + ".so", &error);
    ASSERT_NE(module_, nullptr) << error;
    core_ = ModuleCore::Create(module_->description());
    ASSERT_NE(core_, nullptr);
    guest_ = ModuleGuest::Create(*core_);
    ASSERT_NE(guest_, nullptr);
  }

  std::unique_ptr<Module> module_;
  std::unique_ptr<ModuleCore> core_;
  std::unique_ptr<ModuleGuest> guest_;
};

TEST_P(Manner, RunsAWorkload) {
  GuestDriver driver(*guest_);
  ASSERT_TRUE(driver.Boot());
  const embedded::GgttPage page = *driver.AllocateGgtt(1);
  for (const hw::Engine engine : {hw::Engine::kRcs, hw::Engine::kBcs}) {
    const PageTables tables = *driver.CreatePageTables();
    GuestContext context = *driver.CreateContext(engine, tables);
    driver.Append(context,
                  Program({StoreDword(page.gma.value, 0x1234, kUseGgtt), UserInterrupt()}));
    ASSERT_TRUE(driver.Submit(context));
    EXPECT_TRUE(driver.WaitForInterrupt(engine, 1));
    EXPECT_EQ(guest_->Load32(page.gpa), 0x1234u);
    guest_->Store32(page.gpa, 0);
  }
}

TEST_P(Manner, SurvivesMemoryThatGoesAway) {
  GuestDriver driver(*guest_);
  ASSERT_TRUE(driver.Boot());
  const embedded::GgttPage page = *driver.AllocateGgtt(1);
  const PageTables tables = *driver.CreatePageTables();
  GuestContext context = *driver.CreateContext(hw::Engine::kRcs, tables);
  driver.Append(context, Program({StoreDword(page.gma.value, 1, kUseGgtt)}));
  ASSERT_EQ(module_->description().memory_remove(guest_->vm(), page.gpa.value, kPageSize), 0);
  driver.Submit(context);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  driver.ResetEngine(hw::Engine::kRcs);  // a store without a page hangs an engine, as in hardware
  EXPECT_TRUE(driver.WaitForIdle(hw::Engine::kRcs));
}

TEST_P(Manner, AnswersLikeGvtg) {
  const gvtcore_mpt_ops_t& ops = core_->ops();
  EXPECT_EQ(ops.vgpu_create(core_->gvt(), "V5_3"), nullptr);
  EXPECT_EQ(ops.vgpu_create(nullptr, "V5_4"), nullptr);
  void* vgpu = ops.vgpu_create(core_->gvt(), "i915-GVTg_V5_8");
  ASSERT_NE(vgpu, nullptr);
  uint32_t value = 0;
  EXPECT_EQ(ops.emulate_cfg_read(vgpu, 0, &value, 4), 0);
  EXPECT_EQ(value, 0x19128086u);
  EXPECT_EQ(ops.emulate_cfg_read(vgpu, 0, &value, 8), -EINVAL);
  EXPECT_EQ(ops.emulate_cfg_read(vgpu, 4096, &value, 4), -EINVAL);
  EXPECT_EQ(ops.emulate_cfg_write(vgpu, ~0u, &value, 4), -EINVAL);
  EXPECT_EQ(ops.emulate_mmio_read(vgpu, 0, &value, 4), -EINVAL);  // no BAR is decoded
  EXPECT_EQ(ops.emulate_mmio_write(vgpu, ~0ull, &value, 8), -EINVAL);
  EXPECT_EQ(ops.write_protect_handler(vgpu, 0x1000, &value, 4), -ENXIO);
  EXPECT_EQ(ops.vgpu_query_plane(vgpu, nullptr), -ENODEV);
  EXPECT_EQ(ops.vgpu_get_dmabuf(vgpu, 0), -ENODEV);
  EXPECT_EQ(ops.set_handle(nullptr, 1), -EINVAL);
  ops.emulate_hotplug(vgpu, true);
  ops.vgpu_reset(vgpu);
  ops.vgpu_release(vgpu);
  ops.vgpu_destroy(vgpu);
}

INSTANTIATE_TEST_SUITE_P(Mpt, Manner, testing::Values("kvmgt", "xengt", "acrngt"),
                         [](const auto& manner) { return std::string(manner.param); });

TEST_P(Manner, WorkWaitsWhileAVgpuIsInactive) {
  GuestDriver driver(*guest_);
  ASSERT_TRUE(driver.Boot());
  const embedded::GgttPage page = *driver.AllocateGgtt(1);
  GuestContext context = *driver.CreateContext(hw::Engine::kBcs, *driver.CreatePageTables());
  driver.Append(context, Program({StoreDword(page.gma.value, 7, kUseGgtt)}));
  core_->ops().vgpu_deactivate(guest_->vgpu());
  ASSERT_TRUE(driver.Submit(context));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(guest_->Load32(page.gpa), 0u);
  core_->ops().vgpu_activate(guest_->vgpu());
  EXPECT_TRUE(driver.WaitForValue(page.gpa, 7));
}

TEST(Mpt, TypesAreThoseOfGvtg) {
  gvtcore_vgpu_config_t config = {};
  EXPECT_EQ(gvtcore_mpt_type("V4_1", &config), 0);
  EXPECT_EQ(config.aperture_mib, 512u);
  EXPECT_EQ(config.high_gm_mib, 2048u);
  EXPECT_EQ(gvtcore_mpt_type("V5_8", &config), 0);
  EXPECT_EQ(config.low_gm_mib, 64u);
  for (const char* unknown : {"", "V", "V6_1", "V5_", "V5_16", "i915-GVTg_", "V5_1 "}) {
    EXPECT_EQ(gvtcore_mpt_type(unknown, &config), GVTCORE_ENOENT) << unknown;
  }
  EXPECT_EQ(gvtcore_mpt_type(nullptr, &config), GVTCORE_EINVAL);
}

TEST(Mpt, TypeMayBeTwoSizes) {
  gvtcore_t* core = nullptr;
  ASSERT_EQ(gvtcore_create(&core), 0);
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.raise_msi = [](void*, uint32_t) {};
  for (const auto& [type, aperture, low, high] : {std::tuple("1+1", 128u, 1u, 1u),
                                                  {"128+3968", 128u, 128u, 3968u},
                                                  {"i915-GVTg_129+5", 256u, 129u, 5u},
                                                  {"512+3584", 512u, 512u, 3584u}}) {
    gvtcore_vgpu_config_t config = {};
    config.size = sizeof config;
    ASSERT_EQ(gvtcore_mpt_type(type, &config), 0) << type;
    EXPECT_EQ(config.aperture_mib, aperture) << type;
    EXPECT_EQ(config.low_gm_mib, low) << type;
    EXPECT_EQ(config.high_gm_base_mib, aperture) << type;
    EXPECT_EQ(config.high_gm_mib, high) << type;
    gvtcore_vgpu_t* vgpu = nullptr;
    EXPECT_EQ(gvtcore_vgpu_create(core, &config, &ops, nullptr, &vgpu), 0) << type;
    gvtcore_vgpu_destroy(vgpu);
  }
  gvtcore_destroy(core);
  gvtcore_vgpu_config_t config = {};
  for (const char* wrong : {"+", "16", "16+", "+16", "0+16", "16+0", "513+1", "128+3969", "16+16:1",
                            "16 + 16", "16+16+16", "4294967296+1", "16+4294967295"}) {
    EXPECT_EQ(gvtcore_mpt_type(wrong, &config), GVTCORE_ENOENT) << wrong;
  }
}

// What the last table was given by host_init.
struct Given {
  const gvtcore_mpt_ops_t* ops = nullptr;
  void* gvt = nullptr;
};
Given given;

TEST(Mpt, MemoryThatIsLentComesGoesAndMoves) {
  gvtcore_t* core = nullptr;
  ASSERT_EQ(gvtcore_create(&core), 0);
  gvtcore_mpt_t table = {};
  table.host_init = [](struct device*, void* gvt, const void* ops) {
    given = {static_cast<const gvtcore_mpt_ops_t*>(ops), gvt};
    return 0;
  };
  table.inject_msi = [](unsigned long, uint32_t, uint16_t) { return 0; };
  gvtcore_mpt_host_t* host = nullptr;
  ASSERT_EQ(gvtcore_mpt_register(core, &table, nullptr, &host), 0);
  const gvtcore_mpt_ops_t& ops = *given.ops;
  void* vgpu = ops.vgpu_create(given.gvt, "V5_8");
  ASSERT_NE(vgpu, nullptr);
  EXPECT_EQ(ops.set_handle(vgpu, 1), 0);
  alignas(4096) static uint8_t page[4096];
  EXPECT_EQ(ops.memory_add(vgpu, 0x1000, 4096, page, 0), 0);
  EXPECT_EQ(ops.memory_add(vgpu, 0, 8192, nullptr, 0), -EBUSY);
  EXPECT_EQ(ops.memory_add(vgpu, 0, 4096, nullptr, 0), 0);
  EXPECT_EQ(ops.memory_add(vgpu, 0x2000, 0, nullptr, 0), -EINVAL);
  EXPECT_EQ(ops.memory_add(vgpu, 0x2000, 1, page, 0), -EINVAL);
  EXPECT_EQ(ops.memory_add(vgpu, 0x2000, uint64_t{1} << 62, nullptr, 0), -ENOMEM);
  EXPECT_EQ(ops.memory_remove(vgpu, 0, 8192), 0);
  EXPECT_EQ(ops.memory_add(vgpu, 0x5000, 4096, page, 0), 0);
  EXPECT_EQ(ops.set_handle(vgpu, 0), 0);
  EXPECT_EQ(ops.memory_add(vgpu, 0x5000, 4096, page, 0), 0);  // it was taken back
  int code = 0;
  for (uint64_t gpa = 1 << 20; code == 0 && gpa < 100 << 20; gpa += 1 << 20) {
    code = ops.memory_add(vgpu, gpa, 4096, nullptr, 0);
  }
  EXPECT_EQ(code, -ENOSPC);
  EXPECT_EQ(ops.memory_add(nullptr, 0, 4096, nullptr, 0), -EINVAL);
  EXPECT_EQ(ops.memory_remove(nullptr, 0, 4096), -EINVAL);
  EXPECT_EQ(ops.memory_remove(vgpu, 1, 4096), -EINVAL);
  EXPECT_EQ(ops.memory_move(vgpu, 0x5000, 4096, page), 0);
  EXPECT_EQ(ops.memory_move(vgpu, 0x6000, 4096, page), -ENOENT);
  EXPECT_EQ(ops.memory_move(nullptr, 0x5000, 4096, page), -EINVAL);
  gvtcore_type_t type = {};
  type.size = sizeof type;
  EXPECT_EQ(ops.vgpu_type(given.gvt, 0, &type), 0);
  EXPECT_EQ(std::string(type.name), "i915-GVTg_V5_8");
  EXPECT_EQ(ops.vgpu_type(given.gvt, 4, &type), -ENOENT);
  ops.vgpu_destroy(vgpu);
  gvtcore_mpt_unregister(host);
  gvtcore_destroy(core);
}

// All that fit beside the host's part, and not one more; a vGPU can be made of each.
TEST(Mpt, PlacesAreThoseOfGvtg) {
  gvtcore_t* core = nullptr;
  ASSERT_EQ(gvtcore_create(&core), 0);
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.raise_msi = [](void*, uint32_t) {};
  for (const auto& [type, places] :
       {std::pair("V5_8:", 6u), {"V4_4:", 3u}, {"V5_2:", 1u}, {"V5_1:", 0u}}) {
    uint32_t low_end = 128;
    uint32_t high_end = 512 + 384;
    for (uint32_t place = 1; place <= places; ++place) {
      gvtcore_vgpu_config_t config = {};
      config.size = sizeof config;
      ASSERT_EQ(gvtcore_mpt_type((type + std::to_string(place)).c_str(), &config), 0) << type;
      EXPECT_EQ(config.aperture_mib, 512u);
      EXPECT_EQ(config.low_gm_base_mib, low_end);
      EXPECT_EQ(config.high_gm_base_mib, high_end);
      low_end += config.low_gm_mib;
      high_end += config.high_gm_mib;
      gvtcore_vgpu_t* vgpu = nullptr;
      EXPECT_EQ(gvtcore_vgpu_create(core, &config, &ops, nullptr, &vgpu), 0) << type << place;
      gvtcore_vgpu_destroy(vgpu);
    }
    gvtcore_vgpu_config_t config = {};
    const std::string more = type + std::to_string(places + 1);
    EXPECT_EQ(gvtcore_mpt_type(more.c_str(), &config), GVTCORE_ENOSPC) << more;
  }
  gvtcore_destroy(core);
  gvtcore_vgpu_config_t config = {};
  for (const char* wrong :
       {"V5_4:", "V5_4:0", "V5_4:x", "V5_4:1 ", "V5_4:-1", "V5_3:1", ":1", "V5_4:99999999999"}) {
    EXPECT_EQ(gvtcore_mpt_type(wrong, &config), GVTCORE_ENOENT) << wrong;
  }
}

TEST(Mpt, WantsTheMandatoryMembers) {
  gvtcore_t* core = nullptr;
  ASSERT_EQ(gvtcore_create(&core), 0);
  gvtcore_mpt_t table = {};
  table.host_init = [](struct device*, void*, const void*) { return -ENODEV; };
  table.inject_msi = [](unsigned long, uint32_t, uint16_t) { return 0; };
  table.read_gpa = [](unsigned long, unsigned long, void*, unsigned long) { return 0; };
  gvtcore_mpt_host_t* host = nullptr;
  EXPECT_EQ(gvtcore_mpt_register(core, &table, nullptr, &host), GVTCORE_EINVAL);
  table.write_gpa = table.read_gpa;
  EXPECT_EQ(gvtcore_mpt_register(core, &table, nullptr, &host), GVTCORE_ENOTSUP);
  EXPECT_EQ(host, nullptr);
  gvtcore_mpt_unregister(host);
  gvtcore_destroy(core);
}

// A host of host.h that moves memory itself, and is told where the regions are.
struct Mover {
  std::vector<uint8_t> memory = std::vector<uint8_t>(64 << 10);
  std::vector<std::string> areas;
  std::atomic<uint32_t> message{0};

  static int Move(void* self, uint64_t gpa, void* data, size_t length, bool write) {
    std::vector<uint8_t>& memory = static_cast<Mover*>(self)->memory;
    if (gpa >= memory.size() || length > memory.size() - gpa) return -1;
    std::memcpy(write ? memory.data() + gpa : data, write ? data : memory.data() + gpa, length);
    return 0;
  }
};

TEST(HostOps, RegionsAreToldAsTheGuestMovesThem) {
  gvtcore_t* core = nullptr;
  ASSERT_EQ(gvtcore_create(&core), 0);
  Mover mover;
  gvtcore_host_ops_t ops = {};
  ops.size = sizeof ops;
  ops.inject_msi = [](void* self, uint64_t, uint32_t data) {
    static_cast<Mover*>(self)->message.store(data);
  };
  ops.set_trap_area = [](void* self, uint32_t region, uint64_t gpa, uint64_t length, int on) {
    static_cast<Mover*>(self)->areas.push_back(
        std::to_string(region) + (on != 0 ? " on " : " off ") + std::to_string(gpa >> 20) + " " +
        std::to_string(length >> 20));
  };
  gvtcore_vgpu_config_t config = {};
  config.size = sizeof config;
  gvtcore_vgpu_t* vgpu = nullptr;
  ops.read_memory = [](void* self, uint64_t gpa, void* data, size_t length) {
    return Mover::Move(self, gpa, data, length, false);
  };
  EXPECT_EQ(gvtcore_vgpu_create(core, &config, &ops, &mover, &vgpu),
            GVTCORE_EINVAL);  // half a pair
  ops.write_memory = [](void* self, uint64_t gpa, const void* data, size_t length) {
    return Mover::Move(self, gpa, const_cast<void*>(data), length, true);
  };
  ASSERT_EQ(gvtcore_vgpu_create(core, &config, &ops, &mover, &vgpu), 0);
  const auto write = [&](uint64_t offset, uint32_t value) {
    gvtcore_vgpu_write(vgpu, GVTCORE_REGION_CONFIG, offset, &value, sizeof value);
  };
  write(0x10, 0xe0000000);
  EXPECT_TRUE(mover.areas.empty());  // nothing is decoded
  write(0x04, 2);
  write(0x10, 0xd0000000);
  write(0x04, 0);
  write(0x04, 2);
  EXPECT_EQ(gvtcore_vgpu_reset(vgpu), 0);
  EXPECT_EQ(mover.areas,
            (std::vector<std::string>{"0 on 3584 16", "2 on 0 256", "0 off 3584 16", "0 on 3328 16",
                                      "0 off 3328 16", "2 off 0 256", "0 on 3328 16", "2 on 0 256",
                                      "0 off 3328 16", "2 off 0 256"}));
  gvtcore_vgpu_destroy(vgpu);
  gvtcore_destroy(core);
}

}  // namespace
}  // namespace gvt::hostif::conformance
