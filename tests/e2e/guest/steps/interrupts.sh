# The device's messages, as the kernel counts them.
line=$(grep i915 /proc/interrupts)
count=$(echo "$line" | sed 's/^ *[0-9]*: *//; s/ .*//')
check msi "$([ "${count:-0}" -gt 0 ] && echo true)" "$count: $(echo "$line" | sed 's/^ *[0-9]*: *[0-9]* *//; s/  */ /g')"
