// The C contract: arguments, limits, versions.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/event.h"
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

TEST_F(CApi, TypesAreListedWithWhatIsFree) {
  ASSERT_EQ(Make(), 0);
  gvtcore_type_t type = {};
  uint32_t count = 0;
  for (type.size = sizeof type; gvtcore_type(core_, count, &type) == 0; ++count) {
    EXPECT_EQ(type.available, 63u) << type.name;
    EXPECT_EQ(std::string(type.name).rfind("i915-GVTg_V5_", 0), 0u);
    EXPECT_EQ(type.low_gm_mib, 64u << count);
  }
  EXPECT_EQ(count, 4u);
  EXPECT_EQ(gvtcore_type(core_, 4, &type), GVTCORE_ENOENT);
  EXPECT_EQ(gvtcore_type(nullptr, 0, &type), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_type(core_, 0, nullptr), GVTCORE_EINVAL);
  type.size = 0;
  EXPECT_EQ(gvtcore_type(core_, 0, &type), GVTCORE_EINVAL);
}

TEST_F(CApi, WhatIsNotThereSaysSo) {
  ASSERT_EQ(Make(), 0);
  EXPECT_EQ(gvtcore_capabilities(), 0u);
  gvtcore_plane_t plane = {};
  plane.size = sizeof plane;
  EXPECT_EQ(gvtcore_vgpu_query_plane(vgpu_, GVTCORE_PLANE_CURSOR, &plane), GVTCORE_ENOTSUP);
  EXPECT_EQ(gvtcore_vgpu_query_plane(vgpu_, 2, &plane), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_query_plane(vgpu_, 0, nullptr), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_get_dmabuf(vgpu_, 0), GVTCORE_ENOTSUP);
  EXPECT_EQ(gvtcore_vgpu_get_dmabuf(nullptr, 0), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_hotplug(vgpu_, 0, 1), GVTCORE_ENOTSUP);
  EXPECT_EQ(gvtcore_vgpu_hotplug(nullptr, 0, 1), GVTCORE_EINVAL);
}

// Fences are registers that only store.
constexpr uint64_t kFences = 0x100000;

TEST_F(CApi, AStringIsItsAccesses) {
  ASSERT_EQ(Make(), 0);
  const uint16_t memory_on = 2;
  ASSERT_EQ(gvtcore_vgpu_write(vgpu_, GVTCORE_REGION_CONFIG, 4, &memory_on, 2), 2);
  const std::array<uint32_t, 4> wanted = {1, 2, 3, 4};
  std::array<uint32_t, 4> seen = {};
  EXPECT_EQ(gvtcore_vgpu_write_string(vgpu_, 0, kFences, 4, wanted.data(), 4, 4), 16);
  EXPECT_EQ(gvtcore_vgpu_read_string(vgpu_, 0, kFences + 12, -4, seen.data(), 4, 4), 16);
  EXPECT_EQ(seen, (std::array<uint32_t, 4>{4, 3, 2, 1}));
  EXPECT_EQ(gvtcore_vgpu_read_string(vgpu_, 0, kFences + 8, 0, seen.data(), 4, 4), 16);
  EXPECT_EQ(seen, (std::array<uint32_t, 4>{3, 3, 3, 3}));
  const uint32_t posted = 9;
  EXPECT_EQ(gvtcore_vgpu_post(vgpu_, 0, kFences, &posted, sizeof posted), 4);
  EXPECT_EQ(gvtcore_vgpu_read(vgpu_, 0, kFences, seen.data(), 4), 4);
  EXPECT_EQ(seen[0], 9u);
}

TEST_F(CApi, AStringThatLeavesTheRegionDoesNothing) {
  ASSERT_EQ(Make(), 0);
  std::vector<uint64_t> data(4096, ~uint64_t{0});
  const auto write = [&](uint64_t offset, int64_t step, uint32_t size, uint32_t count) {
    return gvtcore_vgpu_write_string(vgpu_, 7, offset, step, data.data(), size, count);
  };
  const std::array<int64_t, 10> codes = {
      write(4096 - 8, 4, 4, 3), write(4, -4, 4, 3),
      write(4096, 0, 4, 1),     write(0, 3, 4, 1),
      write(0, 4, 3, 1),        write(0, 1, 1, 0),
      write(0, 0, 1, 4097),     write(~0ull - 3, 4, 4, 2),
      write(0, 8, 16, 1),       gvtcore_vgpu_read_string(nullptr, 7, 0, 4, data.data(), 4, 1)};
  for (const int64_t code : codes) EXPECT_EQ(code, GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_write_string(vgpu_, 3, 0, 4, data.data(), 4, 1), GVTCORE_ENOENT);
  uint32_t id = 0;
  EXPECT_EQ(gvtcore_vgpu_read(vgpu_, 7, 0, &id, 4), 4);
  EXPECT_EQ(id, 0x19128086u);
}

TEST_F(CApi, EventsHaveNamesNumbersAndABound) {
  ASSERT_EQ(Make(), 0);
  uint32_t kinds = 0;
  while (gvtcore_event_name(kinds) != nullptr) ++kinds;
  EXPECT_EQ(kinds, kEventKinds);
  alignas(4096) static std::array<std::byte, 8192> pages;
  EXPECT_EQ(gvtcore_vgpu_memory_add(vgpu_, 0x5000, 4096, pages.data(), 0), 0);
  EXPECT_EQ(gvtcore_vgpu_memory_move(vgpu_, 0x5000, 4096, pages.data() + 4096), 0);
  EXPECT_EQ(gvtcore_vgpu_memory_move(vgpu_, 0x5000, 8192, pages.data()), GVTCORE_ENOENT);
  EXPECT_EQ(gvtcore_vgpu_memory_remove(vgpu_, 0x5000, 4096), 0);
  EXPECT_EQ(gvtcore_vgpu_reset(vgpu_), 0);
  EXPECT_EQ(gvtcore_vgpu_deactivate(vgpu_), 0);
  EXPECT_EQ(gvtcore_vgpu_deactivate(vgpu_), 0);  // does nothing
  std::array<gvtcore_event_t, 16> events = {};
  ASSERT_EQ(gvtcore_vgpu_events(vgpu_, 0, events.data(), 16), 6);
  std::string names;
  for (uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(events[i].number, i);
    names += std::string(gvtcore_event_name(events[i].kind)) + " ";
  }
  EXPECT_EQ(names, "activated memory-added memory-moved memory-removed reset deactivated ");
  EXPECT_EQ(events[1].detail, 0x5000u);
  EXPECT_EQ(gvtcore_vgpu_events(vgpu_, 6, events.data(), 16), 0);
  EXPECT_EQ(gvtcore_vgpu_events(vgpu_, ~0ull, nullptr, 0), 0);
  EXPECT_EQ(gvtcore_vgpu_events(nullptr, 0, events.data(), 16), GVTCORE_EINVAL);
  EXPECT_EQ(gvtcore_vgpu_events(vgpu_, 0, nullptr, 1), GVTCORE_EINVAL);
  for (int i = 0; i < 300; ++i) gvtcore_vgpu_reset(vgpu_);
  ASSERT_EQ(gvtcore_vgpu_events(vgpu_, 0, events.data(), 16), 16);
  EXPECT_EQ(events[0].number, 306u - GVTCORE_EVENT_SLOTS);  // a gap
}

}  // namespace
}  // namespace gvt
