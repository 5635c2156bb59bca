"""What a control domain needs to run an HVM guest: Xen's toolstack and its device model, and a stock Debian kernel with i915 as the guest."""

import gzip

import apt_packages
import build_image
import cpio_archive
import shared_libraries

PACKAGES = ("xen-utils-4.17", "xenstore-utils", "qemu-system-xen", "seabios")
XEN = "usr/lib/xen-4.17"
# Where the toolstack looks for each, and where the packages have it.
PROGRAMS = {
    "usr/sbin/xl": f"{XEN}/bin/xl",
    "usr/sbin/xenstored": f"{XEN}/bin/xenstored",
    "usr/sbin/xenconsoled": f"{XEN}/bin/xenconsoled",
    f"{XEN}/bin/xen-init-dom0": f"{XEN}/bin/xen-init-dom0",
    "usr/bin/xenstore": "usr/bin/xenstore",
    "usr/libexec/xen-qemu-system-i386": "usr/libexec/xen-qemu-system-i386",
}
DATA = {
    f"{XEN}/boot/hvmloader": f"{XEN}/boot/hvmloader",
    "usr/share/seabios/bios-256k.bin": "usr/share/seabios/bios-256k.bin",
    "usr/share/qemu/bios-256k.bin": "usr/share/seabios/bios-256k.bin",
    "usr/share/qemu/linuxboot.bin": "usr/share/qemu/linuxboot.bin",
    "usr/share/qemu/linuxboot_dma.bin": "usr/share/qemu/linuxboot_dma.bin",
    "usr/share/qemu/kvmvapic.bin": "usr/share/qemu/kvmvapic.bin",
    "usr/share/qemu/keymaps/en-us": "usr/share/qemu/keymaps/en-us",
}
OPENED = ("libgcc_s.so.1",)  # pthread_cancel looks for it by name


def make_tools(path, work):
    """The archive of toolstack and device model."""
    tree = build_image.unpack_closure(PACKAGES, work)
    programs = {name: (tree / file).resolve() for name, file in PROGRAMS.items()}
    with path.open("wb") as stream:
        writer = cpio_archive.Writer(stream)
        for name, file in programs.items():
            writer.file(name, file.read_bytes(), executable=True)
        for name, file in DATA.items():
            writer.file(name, (tree / file).resolve().read_bytes())
        opened = [shared_libraries.find(tree, name).resolve() for name in OPENED]
        libraries = shared_libraries.closure(tree, [*programs.values(), *opened]) | dict(zip(OPENED, opened))
        for name, library in sorted(libraries.items()):
            writer.file(f"{build_image.LIBRARIES}/{name}", library.read_bytes())
        writer.close()


def tools(builder):
    key = build_image.digest(builder.archive.versions(PACKAGES), PROGRAMS, DATA, OPENED, *build_image.scripts())
    return builder.part("xen-tools.cpio", key, make_tools)


def write_guest(path, builder, vmlinuz, steps):
    """The archive with what the guest boots, and the steps of tests/e2e that it runs.

    Its disk is its memory; compressed, for the BIOS loads it a byte at a time.
    """
    kernel, static = build_image.kernel_and_static(builder)
    initrd = (kernel / "modules.cpio").read_bytes() + static.read_bytes()
    with path.open("wb") as stream:
        writer = cpio_archive.Writer(stream)
        writer.file("guest/vmlinuz", vmlinuz.read_bytes())
        writer.file("guest/plan", ",".join(steps).encode())
        writer.file("guest/initrd", gzip.compress(initrd, 6, mtime=0))
        writer.close()
