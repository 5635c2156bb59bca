// The C contract: arguments, limits, versions.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "gvtcore/gvtcore.h"
#include "scanner/rule.h"

namespace gvt {
namespace {

class CApi : public testing::Test {
 protected:
  CApi() {
    EXPECT_EQ(gvtcore_create(&core_), 0);
    ops_.size = sizeof ops_;
    ops_.raise_msi = [](void*, uint32_t) {};
    config_.size = sizeof config_;
  }
  ~CApi() override {
    gvtcore_vgpu_destroy(vgpu_);
    gvtcore_destroy(core_);
  }
  int Make() { return gvtcore_vgpu_create(core_, &config_, &ops_, nullptr, &vgpu_); }

  gvtcore_t* core_ = nullptr;
  gvtcore_vgpu_t* vgpu_ = nullptr;
  gvtcore_host_ops_t ops_ = {};
  gvtcore_vgpu_config_t config_ = {};
};

TEST_F(CApi, CodesHaveTexts) {
  for (int code = 2; code > -10; --code) {
    ASSERT_NE(gvtcore_error_text(code), nullptr);
    EXPECT_FALSE(std::string(gvtcore_error_text(code)).empty());
  }
}

TEST_F(CApi, RulesHaveNamesUpToTheLast) {
  uint32_t rule = 0;
  while (rule < GVTCORE_RULE_SLOTS && gvtcore_rule_name(rule) != nullptr) ++rule;
  EXPECT_EQ(rule, scanner::kRuleCount);
  EXPECT_EQ(std::string(gvtcore_rule_name(0)), "unknown-command");
  EXPECT_EQ(gvtcore_rule_name(~0u), nullptr);
}

TEST_F(CApi, RefusesMissingArguments) {
  EXPECT_EQ(gvtcore_create(nullptr), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_create(nullptr, &config_, &ops_, nullptr, &vgpu_), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_create(core_, nullptr, &ops_, nullptr, &vgpu_), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_create(core_, &config_, nullptr, nullptr, &vgpu_), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_create(core_, &config_, &ops_, nullptr, nullptr), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_reset(nullptr), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_memory_remove(nullptr, 0, 4096), GVTCORE_EINVAL);
  gvtcore_vgpu_destroy(nullptr);
  gvtcore_destroy(nullptr);
}

TEST_F(CApi, WantsTheInterrupt) {
  ops_.raise_msi = nullptr;
  EXPECT_EQ(Make(), GVTCORE_EINVAL);
  EXPECT_EQ(vgpu_, nullptr);
}

TEST_F(CApi, MembersBehindTheHostsSizeDoNotExist) {
  ops_.raise_msi = [](void*, uint32_t) {};
  ops_.size = offsetof(gvtcore_host_ops_t, raise_msi);
  EXPECT_EQ(Make(), GVTCORE_EINVAL);
  ops_.size = offsetof(gvtcore_host_ops_t, log);
  config_.size = offsetof(gvtcore_vgpu_config_t, flags);
  config_.flags = 0xffffffff;
  EXPECT_EQ(Make(), 0);
}

TEST_F(CApi, RefusesConfigurationsOutOfRange) {
  const gvtcore_vgpu_config_t good = config_;
  const auto refused = [&](auto change) {
    config_ = good;
    change(config_);
    return Make() == GVTCORE_EINVAL;
  };
  EXPECT_TRUE(refused([](auto& c) { c.pci_device_id = 0x1234; }));
  EXPECT_TRUE(refused([](auto& c) { c.aperture_mib = 64; }));
  EXPECT_TRUE(refused([](auto& c) { c.aperture_mib = 0xffffffff; }));
  EXPECT_TRUE(refused([](auto& c) { c.low_gm_base_mib = 256; }));
  EXPECT_TRUE(refused([](auto& c) { c.low_gm_base_mib = 200, c.low_gm_mib = 57; }));
  EXPECT_TRUE(refused([](auto& c) { c.low_gm_mib = 0xffffffff; }));
  EXPECT_TRUE(refused([](auto& c) { c.high_gm_base_mib = 255; }));
  EXPECT_TRUE(refused([](auto& c) { c.high_gm_base_mib = 4096; }));
  EXPECT_TRUE(refused([](auto& c) { c.high_gm_mib = 4096; }));
  EXPECT_TRUE(refused([](auto& c) { c.fence_count = 33; }));
  EXPECT_TRUE(refused([](auto& c) { c.flags = 0x80000000; }));
  EXPECT_TRUE(refused([](auto& c) { c.weight = 0xffffffff; }));
  EXPECT_TRUE(refused([](auto& c) { c.cap_percent = 101; }));
  EXPECT_TRUE(refused([](auto& c) { c.latency_us = 1'000'001; }));
  EXPECT_TRUE(refused([](auto& c) { c.size = 0; }));
}

TEST_F(CApi, RegionsHaveTheirSizes) {
  ASSERT_EQ(Make(), 0);
  EXPECT_EQ(gvtcore_vgpu_region_size(vgpu_, GVTCORE_REGION_BAR0), 16 << 20);
  EXPECT_EQ(gvtcore_vgpu_region_size(vgpu_, GVTCORE_REGION_BAR2), 256 << 20);
  EXPECT_EQ(gvtcore_vgpu_region_size(vgpu_, GVTCORE_REGION_BAR4), 64);
  EXPECT_EQ(gvtcore_vgpu_region_size(vgpu_, GVTCORE_REGION_CONFIG), 4096);
  for (const uint32_t region : {1u, 3u, 5u, 6u, 8u, 0x107u}) {
    EXPECT_EQ(gvtcore_vgpu_region_size(vgpu_, region), GVTCORE_ENOENT);
  }
}

TEST_F(CApi, AccessesStayInsideTheirRegion) {
  ASSERT_EQ(Make(), 0);
  std::array<char, 64> data{};
  EXPECT_EQ(gvtcore_vgpu_read(vgpu_, GVTCORE_REGION_CONFIG, 4092, data.data(), 4), 4);
  EXPECT_EQ(gvtcore_vgpu_read(vgpu_, GVTCORE_REGION_CONFIG, 4093, data.data(), 4), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_read(vgpu_, GVTCORE_REGION_CONFIG, 0, data.data(), 0), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_read(vgpu_, GVTCORE_REGION_CONFIG, ~uint64_t{0}, data.data(), 4),
            GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_write(vgpu_, 9, 0, data.data(), 4), GVTCORE_ENOENT);
  EXPECT_EQ(gvtcore_vgpu_write(vgpu_, GVTCORE_REGION_BAR0, 16 << 20, data.data(), 4),
            GVTCORE_EINVAL);
  uint32_t id = 0;
  EXPECT_EQ(gvtcore_vgpu_read(vgpu_, GVTCORE_REGION_CONFIG, 0, &id, 4), 4);
  EXPECT_EQ(id, 0x19128086u);
}

TEST_F(CApi, MemoryAnswersWithCodes) {
  ASSERT_EQ(Make(), 0);
  alignas(4096) static std::array<char, 8192> page{};
  EXPECT_EQ(gvtcore_vgpu_memory_add(vgpu_, 0, 8192, page.data(), 0), 0);
  EXPECT_EQ(gvtcore_vgpu_memory_add(vgpu_, 4096, 4096, page.data(), 0), GVTCORE_EBUSY);
  EXPECT_EQ(gvtcore_vgpu_memory_add(vgpu_, 8192, 100, page.data(), 0), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_memory_add(vgpu_, 8192, 4096, page.data(), 2), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_memory_add(vgpu_, 8192, 4096, nullptr, 0), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_memory_remove(vgpu_, 0, 1u << 30), 0);
  EXPECT_EQ(gvtcore_vgpu_memory_remove(vgpu_, 1, 4096), GVTCORE_EINVAL);
}

TEST_F(CApi, HoldsALimitedNumberOfVgpus) {
  std::vector<gvtcore_vgpu_t*> all;
  int code = 0;
  while (code == 0 && all.size() < 100) {
    all.push_back(nullptr);
    code = gvtcore_vgpu_create(core_, &config_, &ops_, nullptr, &all.back());
  }
  EXPECT_EQ(code, GVTCORE_ENOSPC);
  EXPECT_EQ(all.size(), 65u);
  for (gvtcore_vgpu_t* vgpu : all) gvtcore_vgpu_destroy(vgpu);
  EXPECT_EQ(Make(), 0);
}

TEST_F(CApi, StatisticsFillWhatTheHostKnows) {
  ASSERT_EQ(Make(), 0);
  gvtcore_vgpu_statistics_t statistics;
  std::memset(&statistics, 0xff, sizeof statistics);
  statistics.size = offsetof(gvtcore_vgpu_statistics_t, segments);
  EXPECT_EQ(gvtcore_vgpu_statistics(vgpu_, &statistics), 0);
  EXPECT_EQ(statistics.submissions, 0u);
  EXPECT_EQ(statistics.segments, ~uint64_t{0});
  statistics.size = 1u << 20;
  EXPECT_EQ(gvtcore_vgpu_statistics(vgpu_, &statistics), 0);
  EXPECT_EQ(statistics.size, sizeof statistics);
  statistics.size = 0;
  EXPECT_EQ(gvtcore_vgpu_statistics(vgpu_, &statistics), GVTCORE_EINVAL);
}

TEST_F(CApi, TheCoreIsMadeAsItsConfigurationSays) {
  gvtcore_t* core = nullptr;
  gvtcore_config_t config = {};
  EXPECT_EQ(gvtcore_create_with(nullptr, &core), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_create_with(&config, &core), GVTCORE_EINVAL) << "no size";
  config.size = sizeof config;
  EXPECT_EQ(gvtcore_create_with(&config, nullptr), GVTCORE_EINVAL);
  config.flags = 2;
  EXPECT_EQ(gvtcore_create_with(&config, &core), GVTCORE_EINVAL) << "unknown flag";
  config.flags = 0;
  config.now_ns = [](void*) { return uint64_t{0}; };
  EXPECT_EQ(gvtcore_create_with(&config, &core), GVTCORE_EINVAL) << "a clock for threads";
  config.flags = GVTCORE_STEPPED;
  config.lease_path = "anything";
  EXPECT_EQ(gvtcore_create_with(&config, &core), GVTCORE_EINVAL) << "a lease without threads";
  config.lease_path = nullptr;
  ASSERT_EQ(gvtcore_create_with(&config, &core), 0);
  EXPECT_EQ(gvtcore_step(core, 0), 0);
  EXPECT_EQ(gvtcore_step(core, 5), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_step(nullptr, 0), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_step(core_, 0), GVTCORE_ENOTSUP);
  gvtcore_destroy(core);
  config = {};
  config.size = sizeof config;
  config.lease_path = "/no/such/file";
  EXPECT_EQ(gvtcore_create_with(&config, &core), GVTCORE_ENOENT);
}

}  // namespace
}  // namespace gvt
