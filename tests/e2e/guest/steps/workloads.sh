# Command streams from user space, and what comes of them; then the driver must still be well.
gvt-guest batches 4000
gvt-guest spinner chain call semaphore registers
kernel_log workloads
gvt-guest hang
wedged=$(cat /sys/kernel/debug/dri/0/i915_wedged)
check not_wedged_after_hang "$([ "$wedged" = 0 ] && echo true)" "i915_wedged $wedged"
kernel_log hang
gvt-guest access 200000
