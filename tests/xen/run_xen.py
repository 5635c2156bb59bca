#!/usr/bin/env python3
"""Boots Debian's Xen with Debian's kernel as its control domain under QEMU, and judges what our programs do there.

  run_xen.py --build build/release            the host's contract, and what the kit does not ask
  run_xen.py --build build/release --guest    a stock Debian HVM guest whose i915 drives the device of `gvtcore serve`

QEMU emulates the processor with AMD's virtualisation; the flags leave out what it emulates wrongly (README.md). The console of the
boot is kept in build/guest/logs. Exit status: 0 all as expected, 1 not, 2 could not be run.
"""

import argparse
import gzip
import inspect
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "e2e"))

import apt_packages  # noqa: E402
import build_image  # noqa: E402
import cpio_archive  # noqa: E402
import guest_report  # noqa: E402
import hvm_guest  # noqa: E402
import shared_libraries  # noqa: E402
from console import Console  # noqa: E402
from run_guest import PLANS  # noqa: E402

GUEST = ROOT / "build/guest"
QEMU = "qemu-system-x86_64"
HYPERVISOR = "xen-hypervisor-4.17-amd64"
MODULES = ("xen-privcmd", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xenfs")
LOADER = "lib64/ld-linux-x86-64.so.2"
PROGRAMS = ("bin/gvtcore", "bin/xen_host_check", "bin/xen_serve_check")
MODULE = "lib/gvtcore_xen_domains.so"
CHECKS = ("control_domain", "conformance", "accesses", "strings", "config", "restricted", "dirty_marks", "killed", "adopted", "ended", "serve",
          "serve_killed", "serve_adopted", "serve_ended", "serve_left")
# Of tests/e2e: what the HVM guest runs.
GUEST_STEPS = ("load", "few", "interrupts")
GUEST_CHECKS = ("control_domain", "hvm_created", "hvm_served", *(check for step in GUEST_STEPS for check in PLANS["steps"][step]),
                "hvm_ended", "hvm_left")
# Step of dom0/: its limit in seconds, what must appear, and the memory of the whole and of the control domain in MiB.
STEPS = {"checks": (540, CHECKS, 1536, 768), "guest": (2400, GUEST_CHECKS, 2048, 1024)}


# A line of the kit's report, as the control domain prints it.
OUTCOME = re.compile(r"^ +(passed|failed|default|not tried) +([a-z0-9-]+\.[a-z0-9-]+) ")


def claims(page, host):
    """{member: (claim, patterns of lines)} of a column of the table of docs/hosts.md."""
    head, found = None, {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            head = None
        elif cells[0] == "member" and host in cells:
            head = cells.index(host)
        elif head is not None and len(cells) > head and cells[0].startswith("`") and cells[0] != "`type`":
            found[cells[0].strip("`")] = (cells[head], re.findall("`([^`]+)`", cells[-1]))
    return found


def untrue(found, outcomes):
    """What the table claims and the kit does not report: native lines pass, defaults are tried as such, "-" is not tried."""
    wrong = []
    for member, (claim, patterns) in found.items():
        named = [outcome for line, outcome in outcomes.items() if any(re.fullmatch(p.replace("*", ".*"), line) for p in patterns)]
        is_true = ("passed" in named) == claim.startswith("**native**") and ("default" in named) == (claim == "*default*")
        if not is_true or not named or "failed" in named:
            wrong.append(f"docs/hosts.md: {member}: {claim}, but its lines: {', '.join(named)}")
    return wrong


def make_base(kernel):
    """make(path, work) for a folder with xen.elf, vmlinuz and modules.cpio."""
    def make(path, work):
        apt_packages.unpack(apt_packages.fetch_one(HYPERVISOR, work), work / "tree")
        apt_packages.unpack(apt_packages.fetch_one(kernel, work), work / "tree")
        release = kernel.removeprefix("linux-image-")
        path.mkdir()
        # QEMU's loader takes the 32-bit ELF inside.
        (path / "xen.elf").write_bytes(gzip.decompress(next((work / "tree/boot").glob("xen-*.gz")).read_bytes()))
        shutil.copy(work / f"tree/boot/vmlinuz-{release}", path / "vmlinuz")
        with (path / "modules.cpio").open("wb") as stream:
            writer = cpio_archive.Writer(stream)
            for module in MODULES:
                file = next((work / f"tree/lib/modules/{release}/kernel/drivers/xen").rglob(f"{module}.ko"))
                writer.file(f"lib/modules/{module}.ko", file.read_bytes())
            writer.file("modules", "".join(f"{module}.ko\n" for module in MODULES).encode())
            writer.close()
    return make


def write_programs(path, build):
    """Busybox, /init, our programs with the libraries that they need of this machine's."""
    files = [build / name for name in (*PROGRAMS, MODULE)]
    with path.open("wb") as stream:
        writer = cpio_archive.Writer(stream)
        for folder in ("dev", "proc", "sys", "tmp", "run"):
            writer.folder(folder)
        writer.file("init", (HERE / "dom0/init").read_bytes(), executable=True)
        for step in STEPS:
            writer.file(f"steps/{step}.sh", (HERE / f"dom0/{step}.sh").read_bytes())
        writer.file("bin/busybox", pathlib.Path(shutil.which("busybox", path=build_image.PATH)).read_bytes(), executable=True)
        writer.link("bin/sh", "busybox")
        for file in files:
            writer.file(str(file.relative_to(build)), file.read_bytes(), executable=True)
        for name, library in sorted(shared_libraries.closure(pathlib.Path("/"), files).items()):
            writer.file(f"usr/lib/x86_64-linux-gnu/{name}", library.read_bytes())
        writer.file(LOADER, pathlib.Path("/", LOADER).resolve().read_bytes(), executable=True)
        writer.close()


def image(build, step):
    """The folder of make_base, and the control domain's archive for a step."""
    builder = build_image.Builder(GUEST)
    kernel, version = builder.archive.kernel()
    versions = builder.archive.versions([HYPERVISOR])
    key = build_image.digest(kernel, version, versions, MODULES, inspect.getsource(make_base), *build_image.scripts())
    base = builder.part("xen", key, make_base(kernel))
    programs = GUEST / "xen-programs.cpio"
    write_programs(programs, build)
    parts = [programs, base / "modules.cpio"]
    if step == "guest":
        guest = GUEST / "xen-guest.cpio"
        hvm_guest.write_guest(guest, builder, base / "vmlinuz", GUEST_STEPS)
        parts += [hvm_guest.tools(builder), guest]
    whole = GUEST / f"xen-{step}.img"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    return base, whole


def command(base, whole, step):
    _, _, memory, dom0_memory = STEPS[step]
    return [QEMU, "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "EPYC,+svm,+npt,-smap,-monitor,-rdtscp", "-smp", "1", "-m", memory,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", base / "xen.elf",
            "-append", f"console=com1 com1=115200,8n1 dom0_mem={dom0_memory}M,max:{dom0_memory}M dom0_max_vcpus=1 loglvl=warning guest_loglvl=warning",
            "-initrd", f"{base / 'vmlinuz'} console=hvc0 loglevel=4 step={step},{whole}"]


def run(build, step):
    """Boots; returns (report, failures, seconds)."""
    base, whole = image(build, step)
    limit_s, checks, _, _ = STEPS[step]
    report = guest_report.Report()
    outcomes = {}
    with Console(command(base, whole, step), GUEST / f"logs/xen-{step}.log", limit_s) as console:
        for line in console.lines():
            report.take(line)
            if match := OUTCOME.match(line):
                outcomes[match[2]] = match[1]
    failures = report.failures(checks, PLANS["allowed"])
    if "conformance" in checks:
        failures += untrue(claims((ROOT / "docs/hosts.md").read_text(), "xen"), outcomes)
    if console.timed_out:
        failures.append(f"time limit of {limit_s} s")
    elif console.exit_code != 0:
        failures.append(f"QEMU ended with {console.exit_code}")
    return report, failures, console.seconds()


def self_test():
    report = guest_report.Report()
    for line in [*(f"GVT-CHECK {check} ok fine" for check in CHECKS), "GVT-DONE"]:
        report.take(line)
    assert report.failures(CHECKS, []) == []
    assert report.failures([*CHECKS, "another"], []) != []
    page = "| member | xen | line |\n|---|---|---|\n| `a_b` | **native** | `a-b.*` |\n| `c` | *default* | `c.d` |\n| `e` | - | `e.f` |\n"
    found = claims(page, "xen")
    assert set(found) == {"a_b", "c", "e"}
    good = {"a-b.x": "passed", "c.d": "default", "e.f": "not tried"}
    assert untrue(found, good) == []
    for line, outcome in (("a-b.x", "default"), ("a-b.x", "failed"), ("c.d", "passed"), ("e.f", "passed")):
        assert len(untrue(found, {**good, line: outcome})) == 1
    assert len(claims((ROOT / "docs/hosts.md").read_text(), "xen")) == 21
    assert OUTCOME.match("  not tried  set-edid.taken                the vGPU's is taken")[1] == "not tried"


def main():
    parser = argparse.ArgumentParser(description="Boots a real Xen and judges our programs in its control domain.")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--guest", action="store_true", help="a stock HVM guest in place of the checks")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        print("self-test passed")
        return 0
    if shutil.which(QEMU) is None or not (options.build / MODULE).is_file():
        print(f"run_xen: no {QEMU}, or no {options.build / MODULE}, which needs libxen-dev; scripts/setup.sh guest installs", file=sys.stderr)
        return 2
    step = "guest" if options.guest else "checks"
    report, failures, seconds = run(options.build.resolve(), step)
    for check, good, detail in report.checks:
        print(f"{'ok' if good else 'FAIL':4}  {check:22} {detail}")
    for figure, (value, unit) in report.figures.items():
        print(f"      {figure:22} {value:.1f} {unit}")
    print(f"{'pass' if not failures else 'FAIL':4}  xen {step}: {seconds:.0f} s", flush=True)
    if failures:
        print("\n".join(f"  {failure}" for failure in failures))
        print(f"--- the end of the console, build/guest/logs/xen-{step}.log:")
        print("\n".join((GUEST / f"logs/xen-{step}.log").read_text(errors="replace").splitlines()[-80:]), flush=True)
    return 0 if not failures else 1


if __name__ == "__main__":
    sys.exit(main())
