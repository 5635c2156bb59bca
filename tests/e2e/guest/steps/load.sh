# Loads the stock i915 and judges what it made of the device.
load_modules() {
  while read -r module; do
    insmod "/lib/modules/$module" || return 1
  done </modules
}

before=$(uptime_ms)
load_modules
tries=0
while [ ! -e /dev/dri/renderD128 ] && [ $tries -lt 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
figure load_i915 $(($(uptime_ms) - before)) ms

card=/sys/class/drm/card0
device=/sys/bus/pci/devices/0000:00:02.0
mount -t debugfs debug /sys/kernel/debug
state=/sys/kernel/debug/dri/0

detected=$(dmesg | grep -m 1 'Virtual GPU for Intel GVT-g detected')
check detected "$([ -n "$detected" ] && echo true)" "$detected"
check render_node "$([ -c /dev/dri/renderD128 ] && echo true)" "$(ls /dev/dri 2>/dev/null | tr '\n' ' ')"
check driver "$([ "$(basename "$(readlink $device/driver)")" = i915 ] && echo true)" "$(cat $device/vendor):$(cat $device/device)"
engines=$(ls $card/engine 2>/dev/null | tr '\n' ' ')
check engines "$([ "$engines" = 'bcs0 rcs0 vcs0 vecs0 ' ] && echo true)" "$engines"
wedged=$(cat $state/i915_wedged)
check not_wedged "$([ "$wedged" = 0 ] && echo true)" "i915_wedged $wedged"
kernel_log load
