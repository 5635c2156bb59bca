# Stock Mesa: GL by iris and Vulkan by anv. The device completes 3D commands without drawing, so pixels are not looked at.
driver=$(timeout 60 eglinfo 2>&1 | grep -m 1 'EGL driver name')
check eglinfo "$([ "$driver" = 'EGL driver name: iris' ] && echo true)" "$driver"
timeout 120 gl_frames 100
timeout 120 vulkan_submit
wedged=$(cat /sys/kernel/debug/dri/0/i915_wedged)
check not_wedged_after_mesa "$([ "$wedged" = 0 ] && echo true)" "i915_wedged $wedged"
kernel_log mesa
