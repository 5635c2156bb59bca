# An HVM guest with the device of `gvtcore serve` beside that of the device model: the toolstack makes it, it loads its stock i915.
# Its own lines for the runner come through its console.
mkdir -p /etc/xen /dev/pts /run/xen /run/xenstored /var/log/xen/console /var/lib/xen /var/lib/xenstored /var/lock
ln -s /run /var/run
touch /etc/xen/xl.conf
mount -t devpts devpts /dev/pts
xenstored --pid-file /run/xenstored.pid
until xenstore read / >/dev/null 2>&1; do sleep 0.2; done
/usr/lib/xen-4.17/bin/xen-init-dom0 >/dev/null
xenconsoled --log=guest --log-dir=/var/log/xen/console

cat >/run/guest.cfg <<END
name = "guest"
type = "hvm"
memory = 384
kernel = "/guest/vmlinuz"
ramdisk = "/guest/initrd"
extra = "console=hvc0 panic=-1 loglevel=4 plan=$(cat /guest/plan) nowatchdog end=poweroff"
device_model_override = "/usr/libexec/xen-qemu-system-i386"
xen_platform_pci = 0
vga = "none"
on_poweroff = "destroy"
on_crash = "destroy"
on_reboot = "destroy"
END

if xl create -p /run/guest.cfg >/run/xl 2>&1; then good=true; else good=false; fi
domain=$(xl domid guest)
check hvm_created $good "domain $domain"
# The kernel knows that it runs under Xen: its i915 writes its whole GGTT when it loads, and each entry is a trap. 32 MiB have 8,192.
gvtcore serve --xen "$domain" --addr 02.0 --type 16+16 >/run/serve 2>&1 &
server=$!
until [ -s /run/serve ] || ! kill -0 $server 2>/dev/null; do sleep 0.2; done
grep -q server /run/serve && good=true || good=false
check hvm_served $good "$(head -1 /run/serve)"
start=$(date +%s)
xl unpause guest
log=/var/log/xen/console/guest-guest.log
touch $log
tail -f $log 2>/dev/null | sed 's/\r$//; s/^GVT-UP/guest up/; s/^GVT-DONE/guest done/' &
# The domain is not asked for by `xl`, which takes a tenth of the machine's time: the server knows.
if wait $server; then good=true; else good=false; fi
sleep 1
check hvm_ended "$(grep -q GVT-DONE $log && echo true)" "$(($(date +%s) - start)) s"
check hvm_left $good "$(tail -1 /run/serve)"
[ $good = true ] || cat /run/xl /run/serve /var/log/xen/*.log 2>/dev/null | tail -40
