// The conversation of a VMM with VFIO, in this process and without the preloaded calls.
#include "hostif/vfio_preload/session.h"

#include <gtest/gtest.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "hostif/vfio_preload/names.h"

namespace gvt::hostif::vfio_preload {
namespace {

constexpr uint64_t kConfigAt = uint64_t{VFIO_PCI_CONFIG_REGION_INDEX} << kRegionShift;
constexpr uint64_t kBar2At = uint64_t{VFIO_PCI_BAR2_REGION_INDEX} << kRegionShift;
constexpr uint64_t kMemoryBytes = uint64_t{1} << 20;

void* Number(uintptr_t number) {
  return reinterpret_cast<void*>(number);
}

class SessionTest : public ::testing::Test {
 protected:
  ~SessionTest() override {
    CloseAll();
    munmap(memory_, kMemoryBytes);
  }

  void Close(int* fd, File file) {
    if (*fd < 0) return;
    session_->Closing(*fd, file);
    close(*fd);
    *fd = -1;
  }
  void CloseAll() {
    Close(&device_, File::kDevice);
    Close(&container_, File::kContainer);
    Close(&group_, File::kGroup);
  }

  int Group(unsigned long request, void* argument = nullptr) {
    return session_->Ioctl(File::kGroup, request, argument);
  }
  int Container(unsigned long request, void* argument = nullptr) {
    return session_->Ioctl(File::kContainer, request, argument);
  }
  int Device(unsigned long request, void* argument = nullptr) {
    return session_->Ioctl(File::kDevice, request, argument);
  }

  void OpenContainer() {
    group_ = session_->OpenGroup();
    ASSERT_GE(group_, 0);
    ASSERT_TRUE(session_->WantsContainer());
    container_ = session_->OpenContainer();
    ASSERT_GE(container_, 0);
    ASSERT_EQ(Group(VFIO_GROUP_SET_CONTAINER, &container_), 0);
    ASSERT_EQ(Container(VFIO_SET_IOMMU, Number(VFIO_TYPE1v2_IOMMU)), 0);
  }
  int OpenDevice(const char* name = kDeviceName) {
    return Group(VFIO_GROUP_GET_DEVICE_FD, const_cast<char*>(name));
  }
  void OpenAll() {
    OpenContainer();
    device_ = OpenDevice();
    ASSERT_GE(device_, 0);
  }

  int Map(uint64_t iova, uint64_t size, uint64_t from = 0,
          uint32_t flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE) {
    vfio_iommu_type1_dma_map map = {};
    map.argsz = sizeof map;
    map.flags = flags;
    map.vaddr = reinterpret_cast<uintptr_t>(memory_) + from;
    map.iova = iova;
    map.size = size;
    return Container(VFIO_IOMMU_MAP_DMA, &map);
  }
  int Unmap(uint64_t iova, uint64_t size, uint32_t flags = 0, uint64_t* removed = nullptr) {
    vfio_iommu_type1_dma_unmap unmap = {};
    unmap.argsz = sizeof unmap;
    unmap.flags = flags;
    unmap.iova = iova;
    unmap.size = size;
    const int answer = Container(VFIO_IOMMU_UNMAP_DMA, &unmap);
    if (removed != nullptr) *removed = unmap.size;
    return answer;
  }

  uint32_t ReadAt(uint64_t offset) {
    uint32_t value = 0x5a5a5a5a;
    EXPECT_EQ(session_->Read(offset, &value, sizeof value), 4);
    return value;
  }
  template <typename T>
  void WriteAt(uint64_t offset, T value) {
    EXPECT_EQ(session_->Write(offset, &value, sizeof value), static_cast<int64_t>(sizeof value));
  }
  // Decoding on, and the first page of the GGTT at `iova`.
  void MapAperture(uint64_t iova) {
    WriteAt<uint16_t>(kConfigAt + 4, 0x6);
    WriteAt<uint64_t>(uint64_t{8} << 20, iova | 1);
  }

  int SetIrqs(uint32_t flags, uint32_t index, uint32_t start, uint32_t count, int32_t fd,
              uint32_t argsz = sizeof(vfio_irq_set) + 4) {
    alignas(vfio_irq_set) unsigned char bytes[sizeof(vfio_irq_set) + sizeof fd] = {};
    const vfio_irq_set set = {argsz, flags, index, start, count};
    std::memcpy(bytes, &set, sizeof set);
    std::memcpy(bytes + sizeof set, &fd, sizeof fd);
    return Device(VFIO_DEVICE_SET_IRQS, bytes);
  }

  std::unique_ptr<Session> session_ = std::make_unique<Session>();
  std::byte* const memory_ = static_cast<std::byte*>(
      mmap(nullptr, kMemoryBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  int group_ = -1;
  int container_ = -1;
  int device_ = -1;
};

TEST_F(SessionTest, AnswersAWholeConversation) {
  OpenAll();
  vfio_group_status status = {sizeof status, 0};
  EXPECT_EQ(Group(VFIO_GROUP_GET_STATUS, &status), 0);
  EXPECT_EQ(status.flags, VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET);
  EXPECT_EQ(Container(VFIO_GET_API_VERSION), VFIO_API_VERSION);
  EXPECT_EQ(Container(VFIO_CHECK_EXTENSION, Number(VFIO_TYPE1v2_IOMMU)), 1);
  EXPECT_EQ(Container(VFIO_CHECK_EXTENSION, Number(VFIO_UNMAP_ALL)), 1);
  EXPECT_EQ(Container(VFIO_CHECK_EXTENSION, Number(VFIO_SPAPR_TCE_IOMMU)), 0);
  vfio_device_info info = {};
  info.argsz = sizeof info;
  EXPECT_EQ(Device(VFIO_DEVICE_GET_INFO, &info), 0);
  EXPECT_EQ(info.flags, uint32_t{VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET});
  EXPECT_EQ(info.num_regions, uint32_t{VFIO_PCI_NUM_REGIONS});
  EXPECT_EQ(info.num_irqs, uint32_t{VFIO_PCI_NUM_IRQS});
  EXPECT_EQ(ReadAt(kConfigAt), 0x19128086u);
  EXPECT_EQ(Device(VFIO_DEVICE_RESET), 0);
  EXPECT_EQ(session_->FileOf(group_), File::kGroup);
  EXPECT_EQ(session_->FileOf(container_), File::kContainer);
  EXPECT_EQ(session_->FileOf(device_), File::kDevice);
  EXPECT_EQ(session_->FileOf(0), File::kNone);
  EXPECT_EQ(session_->FileOf(-1), File::kNone);
}

TEST_F(SessionTest, ShowsTheRegionsOfAPciDevice) {
  OpenAll();
  const std::vector<uint64_t> sizes = {16u << 20, 0, 256u << 20, 0, 64, 0, 0, 4096, 0};
  for (uint32_t i = 0; i < sizes.size(); ++i) {
    vfio_region_info info = {};
    info.argsz = sizeof info;
    info.index = i;
    ASSERT_EQ(Device(VFIO_DEVICE_GET_REGION_INFO, &info), 0);
    EXPECT_EQ(info.size, sizes[i]) << i;
    EXPECT_EQ(info.offset, uint64_t{i} << kRegionShift);
    EXPECT_EQ(info.flags & VFIO_REGION_INFO_FLAG_MMAP, 0u);
  }
  vfio_region_info none = {};
  none.argsz = sizeof none;
  none.index = VFIO_PCI_NUM_REGIONS;
  EXPECT_EQ(Device(VFIO_DEVICE_GET_REGION_INFO, &none), -EINVAL);
}

TEST_F(SessionTest, ShowsThePlaceOfATypeOfGvtg) {
  setenv(kTypeVariable, "V5_4:2", 1);
  OpenAll();
  unsetenv(kTypeVariable);
  vfio_region_info region = {};
  region.argsz = sizeof region;
  region.index = VFIO_PCI_BAR2_REGION_INDEX;
  EXPECT_EQ(Device(VFIO_DEVICE_GET_REGION_INFO, &region), 0);
  EXPECT_EQ(region.size, 512u << 20);
  WriteAt<uint16_t>(kConfigAt + 4, 0x6);
  constexpr uint64_t kBalloon = 0x78040;  // bases and sizes of the low and the high part
  EXPECT_EQ(ReadAt(kBalloon), 256u << 20);
  EXPECT_EQ(ReadAt(kBalloon + 4), 128u << 20);
  EXPECT_EQ(ReadAt(kBalloon + 8), 1408u << 20);
  EXPECT_EQ(ReadAt(kBalloon + 12), 512u << 20);
}

TEST_F(SessionTest, HasNoDeviceOfATypeThatIsNotThere) {
  OpenContainer();
  for (const char* type : {"V5_3", "V5_4:4"}) {
    setenv(kTypeVariable, type, 1);
    EXPECT_EQ(OpenDevice(), -ENODEV) << type;
  }
  unsetenv(kTypeVariable);
}

TEST_F(SessionTest, AnswersNothingBehindARegion) {
  OpenAll();
  uint64_t value = 0;
  EXPECT_EQ(session_->Read(kConfigAt + 4096, &value, 1), -EINVAL);
  EXPECT_EQ(session_->Read(kConfigAt + 4092, &value, 8), -EINVAL);
  EXPECT_EQ(session_->Read(uint64_t{6} << kRegionShift, &value, 4), -EINVAL);
  EXPECT_EQ(session_->Read(uint64_t{9} << kRegionShift, &value, 4), -EINVAL);
  EXPECT_EQ(session_->Read(~uint64_t{0}, &value, 8), -EINVAL);
  EXPECT_EQ(session_->Write(uint64_t{16} << 20, &value, 4), -EINVAL);
  EXPECT_EQ(session_->Read(0, &value, 0), 0);
}

TEST_F(SessionTest, KeepsTheOrderOfTheConversation) {
  group_ = session_->OpenGroup();
  EXPECT_EQ(session_->OpenGroup(), -EBUSY);
  EXPECT_EQ(OpenDevice(), -EINVAL);
  container_ = session_->OpenContainer();
  EXPECT_FALSE(session_->WantsContainer());
  EXPECT_EQ(Container(VFIO_SET_IOMMU, Number(VFIO_TYPE1v2_IOMMU)), -EINVAL);
  EXPECT_EQ(Map(0, kDmaPageBytes), -EINVAL);
  int stranger = 0;
  EXPECT_EQ(Group(VFIO_GROUP_SET_CONTAINER, &stranger), -EINVAL);
  EXPECT_EQ(Group(VFIO_GROUP_UNSET_CONTAINER), -EINVAL);
  ASSERT_EQ(Group(VFIO_GROUP_SET_CONTAINER, &container_), 0);
  EXPECT_EQ(Group(VFIO_GROUP_SET_CONTAINER, &container_), -EINVAL);
  EXPECT_EQ(OpenDevice(), -EINVAL);
  EXPECT_EQ(Container(VFIO_SET_IOMMU, Number(VFIO_SPAPR_TCE_IOMMU)), -ENODEV);
  ASSERT_EQ(Container(VFIO_SET_IOMMU, Number(VFIO_TYPE1_IOMMU)), 0);
  EXPECT_EQ(OpenDevice("another"), -ENODEV);
  device_ = OpenDevice();
  ASSERT_GE(device_, 0);
  EXPECT_EQ(OpenDevice(), -EBUSY);
  EXPECT_EQ(Group(VFIO_GROUP_UNSET_CONTAINER), -EBUSY);
}

TEST_F(SessionTest, GivesTheDeviceWhatWasMappedBeforeAndAfterItWasOpened) {
  OpenContainer();
  ASSERT_EQ(Map(0x10000, 0x10000), 0);
  device_ = OpenDevice();
  ASSERT_GE(device_, 0);
  ASSERT_EQ(Map(0x40000, 0x10000, 0x10000), 0);
  std::memset(memory_, 0x11, 0x10000);
  std::memset(memory_ + 0x10000, 0x22, 0x10000);
  MapAperture(0x10000);
  EXPECT_EQ(ReadAt(kBar2At), 0x11111111u);
  MapAperture(0x40000);
  EXPECT_EQ(ReadAt(kBar2At), 0x22222222u);
}

TEST_F(SessionTest, TakesMemoryAwayAndGivesItBackInOtherPieces) {
  OpenAll();
  std::memset(memory_, 0x33, kMemoryBytes);
  ASSERT_EQ(Map(0, kMemoryBytes), 0);
  MapAperture(0xc0000);
  EXPECT_EQ(ReadAt(kBar2At), 0x33333333u);
  uint64_t removed = 0;
  ASSERT_EQ(Unmap(0, kMemoryBytes, 0, &removed), 0);
  EXPECT_EQ(removed, kMemoryBytes);
  EXPECT_EQ(ReadAt(kBar2At), 0u);
  // As firmware does with the area below 1 MiB: a part of it read-only.
  ASSERT_EQ(Map(0, 0xc0000), 0);
  ASSERT_EQ(Map(0xc0000, 0x20000, 0xc0000, VFIO_DMA_MAP_FLAG_READ), 0);
  EXPECT_EQ(ReadAt(kBar2At), 0x33333333u);
  WriteAt<uint32_t>(kBar2At, 0);
  EXPECT_EQ(ReadAt(kBar2At), 0x33333333u);
  EXPECT_EQ(Unmap(0, 0x1000), -EINVAL);
  ASSERT_EQ(Unmap(0, 0, VFIO_DMA_UNMAP_FLAG_ALL, &removed), 0);
  EXPECT_EQ(removed, 0xe0000u);
  EXPECT_EQ(ReadAt(kBar2At), 0u);
}

TEST_F(SessionTest, TakesTheUpperHalfOfTheAddressSpaceAway) {
  OpenAll();
  const uint64_t half = uint64_t{1} << 63;
  ASSERT_EQ(Map(half, kDmaPageBytes), 0);
  EXPECT_EQ(Unmap(half, half), 0);
  EXPECT_EQ(Map(half, kDmaPageBytes), 0);
}

TEST_F(SessionTest, RefusesMappingsThatMakeNoSense) {
  OpenAll();
  EXPECT_EQ(Map(0, kDmaPageBytes, 0, 0), -EINVAL);
  EXPECT_EQ(Map(0, kDmaPageBytes, 0, VFIO_DMA_MAP_FLAG_VADDR), -EINVAL);
  EXPECT_EQ(Map(0, kDmaPageBytes, 0, ~0u), -EINVAL);
  EXPECT_EQ(Map(0, 0), -EINVAL);
  EXPECT_EQ(Unmap(0, kDmaPageBytes, VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP), -EINVAL);
  EXPECT_EQ(Unmap(0, kDmaPageBytes, VFIO_DMA_UNMAP_FLAG_ALL), -EINVAL);
  EXPECT_EQ(Unmap(kDmaPageBytes, 0, VFIO_DMA_UNMAP_FLAG_ALL), -EINVAL);
}

TEST_F(SessionTest, HasOneMessageAndOneRequestInterrupt) {
  OpenAll();
  const std::vector<int> counts = {0, 1, 0, -EINVAL, 1, -EINVAL};
  for (uint32_t i = 0; i < counts.size(); ++i) {
    vfio_irq_info info = {sizeof info, 0, i, 0};
    const int answer = Device(VFIO_DEVICE_GET_IRQ_INFO, &info);
    EXPECT_EQ(answer < 0 ? answer : static_cast<int>(info.count), counts[i]) << i;
  }
}

TEST_F(SessionTest, DeliversMessagesThroughAnEventfd) {
  OpenAll();
  constexpr uint32_t kSet = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
  constexpr uint32_t kNone = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
  const int fd = eventfd(0, EFD_NONBLOCK);
  ASSERT_EQ(SetIrqs(kSet, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, fd), 0);
  ASSERT_EQ(SetIrqs(kNone, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, 0), 0);
  uint64_t count = 0;
  EXPECT_EQ(read(fd, &count, sizeof count), 8);
  EXPECT_EQ(SetIrqs(kSet, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, -1), 0);
  EXPECT_EQ(SetIrqs(kNone, VFIO_PCI_MSI_IRQ_INDEX, 0, 0, 0), 0);
  EXPECT_EQ(SetIrqs(kSet, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, fd), 0);
  close(fd);
}

TEST_F(SessionTest, RefusesInterruptSetsThatMakeNoSense) {
  OpenAll();
  constexpr uint32_t kSet = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
  constexpr uint32_t kMsi = VFIO_PCI_MSI_IRQ_INDEX;
  EXPECT_EQ(SetIrqs(kSet, 99, 0, 1, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, kMsi, 0, 2, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, kMsi, ~0u, 1, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, kMsi, 1, ~0u, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, kMsi, 0, 0, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(~0u, kMsi, 0, 1, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(0, kMsi, 0, 1, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet | VFIO_IRQ_SET_DATA_BOOL, kMsi, 0, 1, 0), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, kMsi, 0, 1, 0, sizeof(vfio_irq_set)), -EINVAL);
  EXPECT_EQ(SetIrqs(kSet, kMsi, 0, 1, 0, 3), -EINVAL);
  EXPECT_EQ(SetIrqs(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, kMsi, 0, 1, 0), -ENOTTY);
}

TEST_F(SessionTest, ChecksTheSizeOfEveryArgument) {
  OpenAll();
  uint32_t words[64] = {};
  words[0] = 4;
  for (const unsigned long request : {VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO,
                                      VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_SET_IRQS}) {
    EXPECT_EQ(Device(request, words), -EINVAL) << request;
    EXPECT_EQ(Device(request), -EFAULT) << request;
  }
  for (const unsigned long request :
       {VFIO_IOMMU_GET_INFO, VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA}) {
    EXPECT_EQ(Container(request, words), -EINVAL) << request;
    EXPECT_EQ(Container(request), -EFAULT) << request;
  }
  EXPECT_EQ(Group(VFIO_GROUP_GET_STATUS, words), -EINVAL);
  EXPECT_EQ(Group(VFIO_GROUP_GET_STATUS), -EFAULT);
  EXPECT_EQ(Group(VFIO_GROUP_SET_CONTAINER), -EFAULT);
  EXPECT_EQ(Group(VFIO_GROUP_GET_DEVICE_FD), -EFAULT);
}

TEST_F(SessionTest, SurvivesIoctlsOfNoise) {
  OpenAll();
  std::mt19937 engine(7);
  const auto random = [&engine] { return static_cast<uint32_t>(engine()); };
  for (int turn = 0; turn < 20'000; ++turn) {
    uint32_t words[16];
    for (uint32_t& word : words) word = random() % 3 == 0 ? random() : random() % 8;
    words[0] = random() % 80;
    const auto file = static_cast<File>(1 + random() % 3);
    unsigned long request = _IO(VFIO_TYPE, VFIO_BASE + random() % 24);
    // It would give real memory at an invented address; the mapping rules have their own test.
    if (request == VFIO_IOMMU_MAP_DMA || request == VFIO_GROUP_GET_DEVICE_FD) continue;
    if (request == VFIO_GROUP_UNSET_CONTAINER) continue;
    session_->Ioctl(file, request, words);
  }
  EXPECT_EQ(ReadAt(kConfigAt), 0x19128086u);
}

TEST_F(SessionTest, StartsAnewAfterEverythingWasClosed) {
  OpenAll();
  ASSERT_EQ(Map(0, kMemoryBytes), 0);
  MapAperture(0);
  std::memset(memory_, 0x44, kDmaPageBytes);
  EXPECT_EQ(ReadAt(kBar2At), 0x44444444u);
  CloseAll();
  EXPECT_EQ(session_->FileOf(device_), File::kNone);
  OpenAll();
  EXPECT_EQ(ReadAt(kConfigAt + 4) & 0xffff, 0u);
  MapAperture(0);
  EXPECT_EQ(ReadAt(kBar2At), 0u);
  ASSERT_EQ(Map(0, kMemoryBytes), 0);
  EXPECT_EQ(ReadAt(kBar2At), 0x44444444u);
}

TEST_F(SessionTest, MayBeClosedInAnyOrder) {
  std::array<File, 3> order{File::kGroup, File::kContainer, File::kDevice};
  std::sort(order.begin(), order.end());
  do {
    OpenAll();
    ASSERT_EQ(Map(0, kMemoryBytes), 0);
    MapAperture(0);
    std::memset(memory_, 0x33, kDmaPageBytes);
    EXPECT_EQ(ReadAt(kBar2At), 0x33333333u);
    for (const File file : order) {
      int* fd = file == File::kGroup ? &group_ : file == File::kContainer ? &container_ : &device_;
      Close(fd, file);
      if (device_ >= 0) ReadAt(kBar2At);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  OpenAll();
  MapAperture(0);
  EXPECT_EQ(ReadAt(kBar2At), 0u);
}

TEST_F(SessionTest, ForgetsEverythingInAChild) {
  OpenAll();
  EXPECT_TRUE(session_->IsOwner());
  session_->Forget();
  EXPECT_FALSE(session_->IsOwner());
  EXPECT_EQ(session_->FileOf(device_), File::kNone);
  EXPECT_FALSE(session_->WantsContainer());
}

}  // namespace
}  // namespace gvt::hostif::vfio_preload
