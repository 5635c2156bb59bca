/* libxenctrl's dirty log: its buffers are declared by a macro that is not C++. */
#ifndef GVT_TESTS_XEN_DIRTY_LOG_H
#define GVT_TESTS_XEN_DIRTY_LOG_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct xc_interface_core;

/* Bit N of `bitmap`, words of 64 bits: frame N of `pages` was written since the last call. 0, or
 * -1. */
int gvt_xen_clean_dirty_log(struct xc_interface_core* control, uint32_t domain, uint64_t pages,
                            unsigned long* bitmap);

#ifdef __cplusplus
}
#endif

#endif /* GVT_TESTS_XEN_DIRTY_LOG_H */
