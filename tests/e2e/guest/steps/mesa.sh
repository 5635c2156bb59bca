# Stock Mesa: GL by iris and Vulkan by anv. The device completes 3D commands without drawing, so pixels are not looked at.
out=$(timeout 60 eglinfo -B 2>&1)
renderer=$(echo "$out" | grep -m 1 'renderer: Mesa Intel')
check eglinfo "$([ -n "$renderer" ] && echo true)" "$renderer"
timeout 120 gl_frames 100
timeout 120 vulkan_submit
wedged=$(cat /sys/kernel/debug/dri/0/i915_wedged)
check not_wedged_after_mesa "$([ "$wedged" = 0 ] && echo true)" "i915_wedged $wedged"
kernel_log mesa
