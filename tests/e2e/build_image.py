#!/usr/bin/env python3
"""Makes the guest: the stock Debian kernel, and initramfs images of Debian packages and the programs in guest/.

  build_image.py                 build/guest/{vmlinux,core.img}: what the MI workloads and intel-gpu-tools need
  build_image.py --mesa          build/guest/mesa.img as well: Mesa's GL and Vulkan drivers

An image is made of parts, each cached in build/guest/parts under a key of all that it is made from: package versions, the sources
in guest/, and these scripts. Nothing here needs root. A second call asks nobody and takes a fraction of a second.
"""

import argparse
import fcntl
import hashlib
import lzma
import os
import pathlib
import shutil
import subprocess
import tempfile

import apt_packages
import cpio_archive
import shared_libraries

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCES = HERE / "guest"
IGT = "usr/libexec/igt-gpu-tools/benchmarks"
IGT_PROGRAMS = ("gem_busy", "gem_create", "gem_exec_ctx", "gem_exec_fault", "gem_exec_nop", "gem_exec_reloc", "gem_latency", "gem_prw",
                "gem_set_domain")
IGT_PACKAGES = ("intel-gpu-tools",)
MESA_PACKAGES = ("libegl1", "libegl-mesa0", "libgl1-mesa-dri", "libgles2", "libvulkan1", "mesa-utils-bin", "mesa-vulkan-drivers")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
# What Mesa opens by name at run time.
MESA_OPENED = (f"{LIBRARIES}/libEGL_mesa.so.0", f"{LIBRARIES}/dri/iris_dri.so", f"{LIBRARIES}/libvulkan_intel.so")
MESA_DATA = ("usr/share/glvnd/egl_vendor.d/50_mesa.json", "usr/share/vulkan/icd.d/intel_icd.x86_64.json",
             "usr/share/drirc.d/00-mesa-defaults.conf")
LOADER = "lib64/ld-linux-x86-64.so.2"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def digest(*things):
    total = hashlib.sha256()
    for thing in things:
        total.update(thing.read_bytes() if isinstance(thing, pathlib.Path) else repr(thing).encode())
    return total.hexdigest()[:16]


def scripts():
    return sorted(HERE.glob("*_packages.py")) + sorted(HERE.glob("*_archive.py")) + [HERE / "shared_libraries.py", HERE / "build_image.py"]


class Builder:
    """Parts by name and key below `folder`; a part of an older key is deleted when its successor is made. One at a time has the folder."""

    def __init__(self, folder):
        self.folder = folder
        self.parts = folder / "parts"
        self.parts.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.archive = apt_packages.Archive(folder / "apt.json")

    def part(self, name, key, make):
        """Path of the part; make(path, scratch folder) writes it where it is missing."""
        path = self.parts / f"{name}-{key}"
        if path.exists():
            return path
        print(f"e2e: making {name}", flush=True)
        with tempfile.TemporaryDirectory(dir=self.parts) as scratch:
            unfinished = pathlib.Path(scratch) / "part"
            make(unfinished, pathlib.Path(scratch) / "work")
            for old in self.parts.glob(f"{name}-*"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            unfinished.rename(path)
        return path


def unpacked_kernel(image):
    """The ELF in a bzImage, whose payload is one XZ stream; QEMU boots it by PVH, twice as fast as it boots a bzImage."""
    start = image.find(b"\xfd7zXZ\0")
    if start < 0:
        raise SystemExit("e2e: the kernel image holds no XZ stream")
    return lzma.LZMADecompressor().decompress(image[start:])


def modules_of(tree, release):
    """Paths of i915 and what it needs, in the order of loading."""
    environment = dict(os.environ, PATH=PATH)
    apt_packages.output("depmod", "-b", tree, release, env=environment)
    listed = apt_packages.output("modprobe", "-d", tree, "-S", release, "--show-depends", "i915", env=environment)
    return [pathlib.Path(line.split()[1]) for line in listed.splitlines() if line.startswith("insmod")]


def make_kernel(package, path, work):
    """A folder with vmlinux and modules.cpio, whose /modules names the modules in the order of loading."""
    apt_packages.unpack(apt_packages.fetch_one(package, work), work / "tree")
    release = package.removeprefix("linux-image-")
    path.mkdir()
    (path / "vmlinux").write_bytes(unpacked_kernel((work / "tree/boot" / f"vmlinuz-{release}").read_bytes()))
    with (path / "modules.cpio").open("wb") as stream:
        writer = cpio_archive.Writer(stream)
        modules = modules_of(work / "tree", release)
        for module in modules:
            writer.file(f"lib/modules/{module.name}", module.read_bytes())
        writer.file("modules", "".join(f"{module.name}\n" for module in modules).encode())
        writer.close()


def make_static(path, work):
    """Busybox, /init, and guest/*.c as one static program: nothing else is needed to boot and to run the workloads."""
    work.mkdir()
    program = work / "gvt-guest"
    apt_packages.output("gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-I/usr/include/libdrm", "-o", program,
                        *sorted(SOURCES.glob("*.c")))
    with path.open("wb") as stream:
        writer = cpio_archive.Writer(stream)
        for folder in ("dev", "proc", "sys", "tmp", "run"):
            writer.folder(folder)
        writer.file("init", (SOURCES / "init").read_bytes(), executable=True)
        for step in sorted((SOURCES / "steps").glob("*.sh")):
            writer.file(f"steps/{step.name}", step.read_bytes())
        writer.file("bin/busybox", pathlib.Path(shutil.which("busybox", path=PATH)).read_bytes(), executable=True)
        writer.link("bin/sh", "busybox")
        writer.file("bin/gvt-guest", program.read_bytes(), executable=True)
        writer.close()


def write_tree(path, tree, programs, opened=(), data=()):
    """An archive of programs {guest path: file}, files opened at run time, their libraries, and data."""
    with path.open("wb") as stream:
        writer = cpio_archive.Writer(stream)
        for name, file in programs.items():
            writer.file(name, file.read_bytes(), executable=True)
        for name in opened:
            writer.file(name, (tree / name).resolve().read_bytes())
        roots = list(programs.values()) + [(tree / name).resolve() for name in opened]
        for name, file in sorted(shared_libraries.closure(tree, roots).items()):
            writer.file(f"{LIBRARIES}/{name}", file.read_bytes())
        loader = shared_libraries.find(tree, pathlib.Path(LOADER).name)
        writer.file(LOADER, loader.resolve().read_bytes(), executable=True)
        for name in data:
            writer.file(name, (tree / name).read_bytes())
        writer.close()


def unpack_closure(packages, work):
    for package in apt_packages.fetch_closure(packages, work / "archives"):
        apt_packages.unpack(package, work / "tree")
    return work / "tree"


def make_igt(path, work):
    tree = unpack_closure(IGT_PACKAGES, work)
    write_tree(path, tree, {f"igt/{name}": tree / IGT / name for name in IGT_PROGRAMS})


def compile_mesa_programs(work):
    """The programs in guest/mesa against the host's headers, {guest path: file}."""
    spirv = work / "fill_spirv.h"
    apt_packages.output("glslangValidator", "-V", "--vn", "fill_spirv", "-o", spirv, SOURCES / "mesa/fill.comp")
    programs = {}
    for name, libraries in (("gl_frames", ["-lEGL", "-lGLESv2"]), ("vulkan_submit", ["-lvulkan"])):
        programs[f"bin/{name}"] = work / name
        apt_packages.output("gcc", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{work}", "-o", work / name, SOURCES / f"mesa/{name}.c",
                            *libraries)
    return programs


def make_mesa(path, work):
    tree = unpack_closure(MESA_PACKAGES, work)
    programs = {"bin/eglinfo": tree / "usr/bin/eglinfo.x86_64-linux-gnu", **compile_mesa_programs(work)}
    write_tree(path, tree, programs, MESA_OPENED, MESA_DATA)


def join(path, parts):
    """The image made of these parts, written again when one of them changed."""
    names = "".join(f"{part}\n" for part in parts)
    stamp = path.with_suffix(".parts")
    if path.exists() and stamp.exists() and stamp.read_text() == names:
        return path
    with path.open("wb") as stream:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, stream)
    stamp.write_text(names)
    return path


def kernel_and_static(builder):
    """The two parts that every guest has: the folder of make_kernel, and make_static's archive."""
    package, version = builder.archive.kernel()
    kernel = builder.part("kernel", digest(package, version, *scripts()), lambda path, work: make_kernel(package, path, work))
    busybox = builder.archive.versions(["busybox-static"])
    static_sources = sorted(SOURCES.glob("*.[ch]")) + [SOURCES / "init"] + sorted((SOURCES / "steps").glob("*.sh"))
    return kernel, builder.part("static.cpio", digest(busybox, *scripts(), *static_sources), make_static)


def build(folder, mesa):
    """Returns (vmlinux, image) below `folder`."""
    builder = Builder(folder)
    kernel, static = kernel_and_static(builder)
    parts = [kernel / "modules.cpio", static]
    if mesa:
        versions = builder.archive.versions(MESA_PACKAGES)
        sources = sorted((SOURCES / "mesa").iterdir())
        parts.append(builder.part("mesa.cpio", digest(versions, *scripts(), *sources), make_mesa))
    else:
        versions = builder.archive.versions(IGT_PACKAGES)
        parts.append(builder.part("igt.cpio", digest(versions, *scripts()), make_igt))
    return kernel / "vmlinux", join(folder / ("mesa.img" if mesa else "core.img"), parts)


def main():
    parser = argparse.ArgumentParser(description="Makes the guest of the end-to-end tests.")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/guest")
    parser.add_argument("--mesa", action="store_true", help="the image with Mesa's drivers instead of intel-gpu-tools")
    options = parser.parse_args()
    for path in build(options.out, options.mesa):
        print(path)


if __name__ == "__main__":
    main()
