/* A host that breaks the contract line that GVT_BROKEN_LINE names, and no other on purpose. It is
 * right where the variable is not set. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/mpt/toy_hypervisor.h"
#include "gvtcore/module.h"
#include "tests/conformance/broken_core.h"

#define MAX_VMS 64

static const gvtcore_mpt_ops_t* ops;
static toy_vm_t* vms[MAX_VMS];
static int inits, interrupts;
static bool was_interrupted;
static pthread_t main_thread;

static bool broken(const char* line) {
  const char* wanted = getenv("GVT_BROKEN_LINE");
  return wanted != NULL && strcmp(wanted, line) == 0;
}

static toy_vm_t* vm_of(unsigned long handle) {
  return (toy_vm_t*)handle;
}

static bool is_removed(toy_vm_t* vm, uint64_t gpa) {
  return gpa < (4u << 20) && !toy_has_frame(vm, gpa / TOY_PAGE);
}

static toy_vm_t* first_vm(void) {
  for (int i = 0; i < MAX_VMS; ++i) {
    if (vms[i] != NULL) return vms[i];
  }
  return NULL;
}

/* Not the process that asked first, nor one that did not inherit from it. */
static bool is_later_process(void) {
  char self[16];
  snprintf(self, sizeof self, "%d", (int)getpid());
  setenv("GVT_BROKEN_FIRST", self, 0);
  return strcmp(getenv("GVT_BROKEN_FIRST"), self) != 0;
}

static int host_init(struct device* dev, void* gvt, const void* upward) {
  (void)dev, (void)gvt;
  ops = upward;
  ++inits;
  main_thread = pthread_self();
  if (broken("state.fresh-process") && is_later_process()) return -EBUSY;
  if (broken("host-init.vgpus") && inits > 1) return -EBUSY;
  /* The first are the kit's own, and constant. */
  if (inits > 1) break_core((gvtcore_mpt_ops_t*)(uintptr_t)upward, broken);
  return broken("host-exit.again") && inits > 3 ? -EBUSY : 0;
}

static int inject_msi(unsigned long handle, uint32_t addr, uint16_t data) {
  toy_vm_t* vm = vm_of(handle);
  was_interrupted = true;
  if (vm == NULL) return broken("inject-msi.no-handle") ? 0 : -ESRCH;
  static bool stuck;
  stuck = stuck || addr < 0xfee00000 || addr > 0xfeefffff;
  if (broken("inject-msi.nonsense") && stuck) return -EIO;
  if (broken("workload.runs") && inits > 1) return 0;
  if (broken("workload.two") && inits > 1 && vm != first_vm()) return 0;
  if (broken("inject-msi.concurrent") && ++interrupts > 20) return -EBUSY;
  if (broken("inject-msi.apart")) vm = NULL;
  for (int i = 0; vm == NULL && i < MAX_VMS; ++i) {
    if (vms[i] != NULL && vms[i] != vm_of(handle)) toy_interrupt(vms[i], data & 0xff);
  }
  if (vm == NULL) return toy_interrupt(vm_of(handle), data & 0xff);
  const bool twice =
      broken("inject-msi.one-for-one") || (broken("statistics.counted") && inits > 1);
  if (twice) toy_interrupt(vm, data & 0xff);
  return toy_interrupt(vm, broken("inject-msi.delivered") ? 0x20 : data & 0xff);
}

static unsigned long from_virt_to_mfn(void* p) {
  static unsigned long calls;
  return (uintptr_t)p / TOY_PAGE + (broken("from-virt-to-mfn.stable") ? ++calls : 0);
}

static int enable_page_track(unsigned long handle, uint64_t gfn) {
  static int tracked;
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return broken("enable-page-track.no-handle") ? 0 : -ESRCH;
  if (broken("enable-page-track.told")) return 0;
  if (broken("enable-page-track.concurrent") && !pthread_equal(main_thread, pthread_self()))
    return 0;
  if (broken("enable-page-track.many") && ++tracked > 40) return -ENOSPC;
  if (broken("enable-page-track.neighbours")) toy_watch(vm, gfn + 1, true);
  if (broken("enable-page-track.outside") && !toy_has_frame(vm, gfn)) return 0;
  if (broken("enable-page-track.again") && toy_watched(vm, gfn)) return -EEXIST;
  return toy_watch(vm, gfn, true) < 0 ? -EINVAL : 0;
}

static int disable_page_track(unsigned long handle, uint64_t gfn) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return 0;
  if (broken("disable-page-track.gone") && !toy_has_frame(vm, gfn)) return -EINVAL;
  if (broken("disable-page-track.untracked") && !toy_watched(vm, gfn)) return -ENOENT;
  if (!broken("disable-page-track.ends")) toy_watch(vm, gfn, false);
  return 0;
}

static int copy(toy_vm_t* vm, uint64_t gpa, void* buf, uint64_t len, bool write) {
  if (toy_copy(vm, gpa, buf, len, write) == 0) return 0;
  return -EFAULT;
}

static int read_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return broken("read-gpa.no-handle") ? 0 : -ESRCH;
  if (broken("read-gpa.any-thread") && !pthread_equal(main_thread, pthread_self())) return -EPERM;
  if (broken("read-gpa.apart")) vm = first_vm();
  if (broken("read-gpa.neighbours")) ((uint8_t*)buf)[-1] = 0;
  if (broken("read-gpa.round-trip") && gpa % TOY_PAGE + len > TOY_PAGE)
    len = TOY_PAGE - gpa % TOY_PAGE;
  if (broken("read-gpa.outside") && copy(vm, gpa, buf, len, false) < 0) return 0;
  if (broken("write-gpa.gone") && copy(vm, gpa, buf, len, false) < 0 && is_removed(vm, gpa))
    return 0;
  if (broken("write-gpa.going") && is_removed(vm, gpa)) return 0;
  if (broken("read-gpa.whole-words") && len >= 4 && len <= 8) {
    for (unsigned long i = 0; i < len; ++i) {
      if (copy(vm, gpa + i, (uint8_t*)buf + i, 1, false) < 0) return -EFAULT;
      usleep(20);
    }
    return 0;
  }
  const int code = copy(vm, gpa, buf, len, false);
  if (broken("read-gpa.zeroed") && gpa >= 0x100000) memset(buf, 0x5a, len);
  if (broken("read-gpa.sees-guest") && len == 8) memset(buf, 0, len);
  return code;
}

static int write_gpa(unsigned long handle, unsigned long gpa, void* buf, unsigned long len) {
  static struct {
    unsigned long handle, gpa;
    uint32_t value;
    bool waits;
  } late;
  static uint8_t shared[16384];
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return broken("write-gpa.no-handle") ? 0 : -ESRCH;
  if (broken("write-gpa.outside") && copy(vm, gpa, buf, len, true) < 0) return 0;
  if (broken("write-gpa.seen-by-guest") && len == 8) return 0;
  static int stores;
  if (broken("access.strings") && len == 4 && ++stores % 5 == 0) return 0;
  if (broken("access.posted") && len == 4 && ++stores % 7 == 0) return 0;
  if (broken("write-gpa.neighbours") && len == 5) len = 6;
  if (broken("state.moves") && len > TOY_PAGE) len = TOY_PAGE;
  if (broken("state.rolls-back") && len > TOY_PAGE && was_interrupted) return -EBUSY;
  if (broken("enable-page-track.own-writes")) return toy_guest_write(vm, gpa, buf, len);
  if (broken("write-gpa.concurrent") && len < sizeof shared) {
    memcpy(shared, buf, len);
    usleep(50);
    buf = shared;
  }
  if (broken("inject-msi.behind-writes") && len == 4) { /* a word late */
    if (late.waits && late.handle == handle) copy(vm, late.gpa, &late.value, 4, true);
    late.handle = handle;
    late.gpa = gpa;
    late.waits = true;
    memcpy(&late.value, buf, 4);
    return 0;
  }
  return copy(vm, gpa, buf, len, true);
}

static unsigned long gfn_to_mfn(unsigned long handle, unsigned long gfn) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return broken("gfn-to-mfn.no-handle") ? gfn : GVTCORE_INVALID_MFN;
  if (!toy_has_frame(vm, gfn)) return broken("gfn-to-mfn.outside") ? gfn : GVTCORE_INVALID_MFN;
  return broken("gfn-to-mfn.distinct") ? 1 : gfn;
}

static int dma_map_guest_page(unsigned long handle, unsigned long gfn, unsigned long size,
                              uint64_t* dma_addr) {
  toy_vm_t* vm = vm_of(handle);
  *dma_addr = (uint64_t)gfn * TOY_PAGE;
  if (vm == NULL) return broken("dma-map.no-handle") ? 0 : -ESRCH;
  if (size != TOY_PAGE) return broken("dma-map.size") ? 0 : -EINVAL;
  if (broken("dma-map.nests") && toy_pins(vm, gfn) > 0) return 0;
  if (broken("dma-map.one-to-one")) *dma_addr = TOY_PAGE;
  if (toy_pin(vm, gfn, 1) < 0) return broken("dma-map.outside") ? 0 : -EFAULT;
  return 0;
}

static void dma_unmap_guest_page(unsigned long handle, uint64_t dma_addr) {
  static bool spoilt;
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return;
  if (toy_pin(vm, dma_addr / TOY_PAGE, -1) < 0) spoilt = true;
  if (broken("dma-unmap.nonsense") && spoilt) ops->set_handle(toy_vm_context(vm), 0);
}

static int dma_pin_guest_page(unsigned long handle, uint64_t dma_addr) {
  toy_vm_t* vm = vm_of(handle);
  if (vm == NULL) return broken("dma-pin.unmapped") ? 0 : -ENODEV;
  if (toy_pins(vm, dma_addr / TOY_PAGE) <= 0) return broken("dma-pin.unmapped") ? 0 : -ENOMEM;
  if (broken("dma-pin.holds")) return 0;
  return toy_pin(vm, dma_addr / TOY_PAGE, 1) > 0 ? 0 : -ENOMEM;
}

static int map_gfn_to_mfn(unsigned long handle, unsigned long gfn, unsigned long mfn,
                          unsigned int nr, bool map) {
  (void)gfn, (void)mfn, (void)nr;
  if (vm_of(handle) == NULL) return broken("map-gfn.no-handle") ? 0 : -EINVAL;
  return broken("map-gfn.frames") && !map ? -EINVAL : 0;
}

static int set_trap_area(unsigned long handle, uint64_t start, uint64_t end, bool map) {
  (void)start, (void)end;
  if (vm_of(handle) == NULL) return broken("set-trap-area.no-handle") ? 0 : -EINVAL;
  return broken("set-trap-area.moves") && !map ? -EEXIST : 0;
}

static int set_opregion(void* vgpu) {
  (void)vgpu;
  return broken("set-opregion.taken") ? -ENOMEM : 0;
}

static int set_edid(void* vgpu, int port_num) {
  (void)vgpu;
  return broken("set-edid.taken") && port_num == 3 ? -EINVAL : 0;
}

static int held;

static int get_vfio_device(void* vgpu) {
  (void)vgpu;
  if (broken("get-vfio-device.nests") && held > 0) return -EBUSY;
  if (broken("put-vfio-device.reverse") && held > 1) return -EBUSY;
  ++held;
  return 0;
}

static void put_vfio_device(void* vgpu) {
  (void)vgpu;
  if (!broken("put-vfio-device.reverse")) --held;
}

static bool is_valid_gfn(unsigned long handle, unsigned long gfn) {
  if (vm_of(handle) == NULL) return broken("is-valid-gfn.no-handle");
  return broken("is-valid-gfn.memory") || toy_has_frame(vm_of(handle), gfn);
}

static const gvtcore_mpt_t table = {
    .type = GVTCORE_HYPERVISOR_PRIVATE,
    .host_init = host_init,
    .inject_msi = inject_msi,
    .from_virt_to_mfn = from_virt_to_mfn,
    .enable_page_track = enable_page_track,
    .disable_page_track = disable_page_track,
    .read_gpa = read_gpa,
    .write_gpa = write_gpa,
    .gfn_to_mfn = gfn_to_mfn,
    .dma_map_guest_page = dma_map_guest_page,
    .dma_unmap_guest_page = dma_unmap_guest_page,
    .dma_pin_guest_page = dma_pin_guest_page,
    .map_gfn_to_mfn = map_gfn_to_mfn,
    .set_trap_area = set_trap_area,
    .set_opregion = set_opregion,
    .set_edid = set_edid,
    .get_vfio_device = get_vfio_device,
    .put_vfio_device = put_vfio_device,
    .is_valid_gfn = is_valid_gfn,
};

static void watcher(void* vgpu, uint64_t gpa, void* data, unsigned int bytes) {
  ops->write_protect_handler(vgpu, gpa, data, bytes);
}

static int vm_create(void* vgpu, uint64_t memory_bytes, void** out) {
  static int machines;
  if (broken("attach-vgpu.again") && ++machines > 5) return -ENOSPC;
  int slot = 0;
  while (slot < MAX_VMS && vms[slot] != NULL) ++slot;
  toy_vm_t* vm = slot < MAX_VMS ? toy_vm_create(memory_bytes, true, watcher, vgpu) : NULL;
  if (vm == NULL) return -ENOMEM;
  vms[slot] = vm;
  *out = vm;
  if (broken("events.in-order") && inits > 1) ops->vgpu_reset(vgpu);
  return ops->set_handle(vgpu, (unsigned long)(broken("attach-vgpu.handles") ? first_vm() : vm));
}

static void vm_destroy(void* vm) {
  if (broken("set-handle.at-work")) return; /* it lives on, and its handle is kept */
  if (!broken("detach-vgpu.handle")) ops->set_handle(toy_vm_context(vm), 0);
  for (int i = 0; i < MAX_VMS; ++i) {
    if (vms[i] == vm) {
      vms[i] = NULL;
    } else if (vms[i] != NULL && broken("detach-vgpu.others")) {
      toy_memory_remove(vms[i], 0, 0x10000);
    }
  }
  toy_vm_destroy(vm);
}

/* What lives on ends with the module. */
__attribute__((destructor)) static void destroy_rest(void) {
  for (int i = 0; i < MAX_VMS; ++i) {
    if (vms[i] != NULL) toy_vm_destroy(vms[i]);
  }
}

static int guest_read(void* vm, uint64_t gpa, void* data, size_t length) {
  if (broken("enable-page-track.reads") && toy_watched(vm, gpa / TOY_PAGE)) return -1;
  return toy_guest_read(vm, gpa, data, length);
}

static int guest_write(void* vm, uint64_t gpa, const void* data, size_t length) {
  if (broken("enable-page-track.stored") && toy_watched(vm, gpa / TOY_PAGE)) return 0;
  return toy_guest_write(vm, gpa, data, length);
}

static int memory_remove(void* vm, uint64_t gpa, uint64_t length) {
  return broken("workload.removal") ? -EBUSY : toy_memory_remove(vm, gpa, length);
}

const gvtcore_module_t* gvtcore_module(uint32_t version) {
  static const gvtcore_module_t module = {
      .size = sizeof module,
      .version = GVTCORE_MODULE_VERSION,
      .name = "broken",
      .table = &table,
      .vm_create = vm_create,
      .vm_destroy = vm_destroy,
      .guest_read = guest_read,
      .guest_write = guest_write,
      .guest_interrupt = toy_guest_interrupt,
      .memory_remove = memory_remove,
  };
  return version == GVTCORE_MODULE_VERSION ? &module : NULL;
}
