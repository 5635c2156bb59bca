"""Installs a build into a staging folder, moves the folder, and builds and runs both consumers of examples/ from there."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPECTED = "PCI id 8086:1912"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True, **options)


def only(folder, pattern):
    found = sorted(folder.rglob(pattern))
    if len(found) != 1:
        sys.exit(f"{folder}: {len(found)} files named {pattern}, expected one: {found}")
    return found[0]


def judge(program, stage):
    library = only(stage, "libgvtcore.so").parent
    shown = run(program, stdout=subprocess.PIPE, env={**os.environ, "LD_LIBRARY_PATH": str(library)}).stdout
    if EXPECTED not in shown:
        sys.exit(f"{program.name} printed {shown!r}, expected {EXPECTED!r} in it")
    print(f"{program.name}: {shown.strip()}")


def by_pkg_config(stage, work):
    shutil.copytree(ROOT / "examples", work, ignore=shutil.ignore_patterns("consumer_cpp"))
    folder = only(stage, "gvtcore.pc").parent
    run("make", "-s", "-C", work / "consumer_c", env={**os.environ, "PKG_CONFIG_PATH": str(folder)})
    judge(work / "consumer_c/consumer", stage)


def module_by_pkg_config(stage, work):
    folder = only(stage, "gvtcore.pc").parent
    run("make", "-s", "-C", work / "private_hypervisor", env={**os.environ, "PKG_CONFIG_PATH": str(folder)})
    run(stage / "bin/gvtcore", "conformance", work / "private_hypervisor/xxxgt.so", stdout=subprocess.DEVNULL)


def by_find_package(stage, work):
    run("cmake", "-S", ROOT / "examples/consumer_cpp", "-B", work, f"-DCMAKE_PREFIX_PATH={stage}",
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", stdout=subprocess.DEVNULL)
    run("cmake", "--build", work, stdout=subprocess.DEVNULL)
    judge(work / "consumer", stage)


def installed_programs(stage):
    run(stage / "bin/gvtcore", "--version", stdout=subprocess.DEVNULL)
    run(stage / "bin/gvtcore", "conformance", "acrn", stdout=subprocess.DEVNULL)
    for name in ("lib/libgvtcore-vfio.so", "share/man/man1/gvtcore.1"):
        if not (stage / name).is_file():
            sys.exit(f"{name} was not installed")


def conformance_on_xen(build, stage):
    """The module is installed where there is one; and without a Xen below, one sentence says what is missing."""
    module = "lib/gvtcore_xen_domains.so"
    if (build / module).is_file() and not (stage / module).is_file():
        sys.exit(f"{module} was not installed")
    if pathlib.Path("/proc/xen/capabilities").exists():
        return
    shown = subprocess.run([stage / "bin/gvtcore", "conformance", "xen"], capture_output=True, text=True, check=False)
    if shown.returncode != 2 or shown.stderr.count("\n") != 1 or "Xen" not in shown.stderr:
        sys.exit(f"conformance xen: status {shown.returncode}, {shown.stderr!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="gvtcore-package-") as name:
        folder = pathlib.Path(name)
        run("cmake", "--install", build, "--prefix", folder / "staged", stdout=subprocess.DEVNULL)
        stage = folder / "moved"
        (folder / "staged").rename(stage)
        installed_programs(stage)
        conformance_on_xen(build, stage)
        by_pkg_config(stage, folder / "c")
        module_by_pkg_config(stage, folder / "c")
        by_find_package(stage, folder / "cpp")


if __name__ == "__main__":
    main()
