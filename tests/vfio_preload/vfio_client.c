/* A VMM in miniature: what it needs of VFIO, called as any program calls it. Runs with
 * libgvtcore-vfio.so preloaded.
 *
 *   vfio_client conversation   opens the device and uses it
 *   vfio_client children       starts children of every kind while the device is open
 *   vfio_client stranger       never opens the group: nothing may be different for it
 *
 * Exit status 0: all is as it should be; else a line says what is not.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP "/dev/vfio/4776544"
#define DEVICE_NAME "gvtcore0"
#define CONFIG_AT ((off_t)VFIO_PCI_CONFIG_REGION_INDEX << 40)

#define EXPECT(condition)                                                                          \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "vfio_client:%d: not so: %s (%s)\n", __LINE__, #condition, strerror(errno)); \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

extern char** environ;

static int entries(const char* folder) {
  DIR* open_folder = opendir(folder);
  EXPECT(open_folder != NULL);
  int count = 0;
  while (readdir(open_folder) != NULL) ++count;
  closedir(open_folder);
  return count;
}

static int threads(void) {
  return entries("/proc/self/task") - 2;
}

struct files {
  int group;
  int container;
  int device;
};

/* `threads_before`: of this process. */
static struct files open_device(int threads_before) {
  struct files files;
  files.group = open(GROUP, O_RDWR | O_CLOEXEC);
  EXPECT(files.group >= 0);
  EXPECT(open(GROUP, O_RDWR) == -1 && errno == EBUSY);
  files.container = openat(AT_FDCWD, "/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
  EXPECT(files.container >= 0);
  EXPECT(threads() == threads_before);
  EXPECT(ioctl(files.group, VFIO_GROUP_SET_CONTAINER, &files.container) == 0);
  EXPECT(ioctl(files.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0);
  files.device = ioctl(files.group, VFIO_GROUP_GET_DEVICE_FD, DEVICE_NAME);
  EXPECT(files.device >= 0);
  EXPECT(threads() > 1);
  return files;
}

static uint32_t pci_id(const struct files* files) {
  uint32_t id = 0;
  return pread(files->device, &id, sizeof id, CONFIG_AT) == sizeof id ? id : 0;
}

static void conversation(void) {
  struct files files = open_device(1);
  EXPECT(pci_id(&files) == 0x19128086);
  uint32_t id = 0;
  EXPECT(pread64(files.device, &id, 2, CONFIG_AT) == 2 && id == 0x8086);
  const uint16_t command = 6;
  EXPECT(pwrite(files.device, &command, sizeof command, CONFIG_AT + 4) == 2);
  uint64_t magic = 0;
  EXPECT(pread(files.device, &magic, sizeof magic, 0x78000) == 8);
  EXPECT(magic == 0x4776544776544776);
  uint32_t fences = 0;  // i915 with few of them and no display oopses when all are in use
  EXPECT(pread(files.device, &fences, sizeof fences, 0x78050) == 4 && fences == 32);
  EXPECT(pread(files.device, &id, 4, -4) == -1 && errno == EINVAL);
  EXPECT(ioctl(files.device, VFIO_DEVICE_GET_INFO, NULL) == -1 && errno == EFAULT);
  EXPECT(ioctl(files.device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, NULL) == -1 && errno == ENOTTY);
  close(files.device);
  EXPECT(pread(files.device, &id, 4, CONFIG_AT) == -1 && errno == EBADF);
  close(files.container);
  close(files.group);
  files = open_device(threads());
  EXPECT(pci_id(&files) == 0x19128086);
}

static void wait_for(pid_t child) {
  int status = -1;
  EXPECT(waitpid(child, &status, 0) == child);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void children(void) {
  const struct files files = open_device(1);
  pid_t child = fork();
  if (child == 0) {
    if (threads() != 1) _exit(1);
    if (pci_id(&files) != 0) _exit(2);
    if (open(GROUP, O_RDWR) < 0) _exit(3);
    close(files.device);
    exit(0); /* with all that runs at an exit */
  }
  wait_for(child);
  EXPECT(pci_id(&files) == 0x19128086);

  child = vfork();
  if (child == 0) {
    close(files.device);
    close(files.group);
    execl("/bin/sh", "sh", "-c", "exit 0", (char*)NULL);
    _exit(1);
  }
  wait_for(child);
  EXPECT(pci_id(&files) == 0x19128086);

  char* const words[] = {"sh", "-c", "test $(echo a | cat) = a", NULL};
  EXPECT(posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ) == 0);
  wait_for(child);
  EXPECT(pci_id(&files) == 0x19128086);
}

static void stranger(void) {
  EXPECT(threads() == 1);
  const int before = entries("/proc/self/fd");
  const int file = memfd_create("file", 0);
  EXPECT(file >= 0);
  EXPECT(pwrite(file, "abcd", 4, 1) == 4);
  char text[8] = {0};
  EXPECT(pread(file, text, sizeof text, 2) == 3 && strcmp(text, "bcd") == 0);
  EXPECT(ioctl(file, VFIO_GET_API_VERSION) == -1 && errno == ENOTTY);
  EXPECT(open("/dev/vfio/no-such-group", O_RDWR) == -1 && errno == ENOENT);
  EXPECT(open("/no-such-folder/file", O_RDWR | O_CREAT, 0600) == -1 && errno == ENOENT);
  close(file);
  EXPECT(pread(-1, text, 1, 0) == -1 && errno == EBADF);
  EXPECT(entries("/proc/self/fd") == before);
  EXPECT(threads() == 1);
}

int main(int argc, char** argv) {
  EXPECT(argc == 2);
  if (strcmp(argv[1], "conversation") == 0) {
    conversation();
  } else if (strcmp(argv[1], "children") == 0) {
    children();
  } else {
    EXPECT(strcmp(argv[1], "stranger") == 0);
    stranger();
  }
  printf("%s: ok\n", argv[1]);
  return 0;
}
