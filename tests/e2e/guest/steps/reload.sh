# Takes the driver out and puts it in again; each time the engines must run user batches.
round=1
while [ $round -le 20 ]; do
  rmmod i915 || break
  insmod /lib/modules/i915.ko || break
  tries=0
  while [ ! -e /dev/dri/renderD128 ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  gvt-guest batches 20 | grep -q FAIL && break
  round=$((round + 1))
done
check reload "$([ $round = 21 ] && echo true)" "$((round - 1)) of 20"
kernel_log reload
