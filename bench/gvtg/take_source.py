#!/usr/bin/env python3
"""Takes GVT-g's source out of the tarball of Debian's package linux-source-6.1, for this build only.

  take_source.py TARBALL OUT

OUT/i915 gets the files below as they are; OUT/empty gets an empty file for each header that they include and that is neither there nor in
stubs/. What those headers would declare is in stubs/linux.h and stubs/i915.h, which every file is compiled with.
"""

import pathlib
import re
import shutil
import sys
import tarfile

I915 = "linux-source-6.1/drivers/gpu/drm/i915/"
SOURCES = ("gvt/cmd_parser.c", "gvt/gtt.c", "gvt/handlers.c", "gvt/page_track.c", "intel_gvt_mmio_table.c")
HEADERS = tuple(f"gvt/{name}.h" for name in (
    "cmd_parser", "debug", "display", "dmabuf", "edid", "execlist", "fb_decoder", "gtt", "gvt", "interrupt", "mmio", "mmio_context",
    "page_track", "reg", "sched_policy", "scheduler",
)) + (
    "display/intel_audio_regs.h", "display/intel_backlight_regs.h", "display/intel_dmc_regs.h", "display/intel_display.h",
    "display/vlv_dsi_pll_regs.h", "display/vlv_dsi_regs.h",
    "gt/intel_engine_regs.h", "gt/intel_gpu_commands.h", "gt/intel_gt_regs.h", "gt/intel_lrc_reg.h", "gt/uc/intel_guc_reg.h",
    "i915_pvinfo.h", "i915_reg.h", "i915_reg_defs.h", "intel_gvt.h", "intel_mchbar_regs.h",
)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def extract(tarball, target):
    """The wanted files, in one pass over the tarball."""
    wanted = {I915 + name for name in SOURCES + HEADERS}
    with tarfile.open(tarball) as archive:
        for member in archive:
            if member.name not in wanted:
                continue
            path = target / member.name.removeprefix(I915)
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.extractfile(member) as source:
                path.write_bytes(source.read())
            wanted.remove(member.name)
            if not wanted:
                return
    sys.exit(f"take_source: {tarball} has no {min(wanted)}")


def make_empty(taken, target):
    """Headers that nobody has, as empty files."""
    for path in [p for p in taken.rglob("*") if p.is_file()]:
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if (taken / name).exists() or (path.parent / name).exists():
                continue
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).touch()


def main():
    tarball, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for folder in ("i915", "empty"):
        shutil.rmtree(out / folder, ignore_errors=True)
    extract(tarball, out / "i915")
    make_empty(out / "i915", out / "empty")


if __name__ == "__main__":
    main()
