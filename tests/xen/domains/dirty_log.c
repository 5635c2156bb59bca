#include "tests/xen/domains/dirty_log.h"

#include <string.h>
#include <xenctrl.h>

int gvt_xen_clean_dirty_log(struct xc_interface_core* control, uint32_t domain, uint64_t pages,
                            unsigned long* bitmap) {
  const size_t bytes = (pages + 63) / 64 * 8;
  const int buffer_pages = (int)((bytes + 4095) / 4096);
  DECLARE_HYPERCALL_BUFFER(unsigned long, buffer);
  buffer = xc_hypercall_buffer_alloc_pages(control, buffer, buffer_pages);
  if (buffer == NULL) return -1;
  const long long seen =
      xc_logdirty_control(control, domain, XEN_DOMCTL_SHADOW_OP_CLEAN, HYPERCALL_BUFFER(buffer),
                          (unsigned long)pages, 0, NULL);
  memcpy(bitmap, buffer, bytes);
  xc_hypercall_buffer_free_pages(control, buffer, buffer_pages);
  return seen >= 0 ? 0 : -1;
}
