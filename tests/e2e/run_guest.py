#!/usr/bin/env python3
"""Boots a stock Debian guest on the device under stock QEMU and judges what happens inside.

  run_guest.py --build build/release workloads mesa     plans of plans.toml, one boot each
  run_guest.py --build build/release --proof            a short proof for people: what the guest saw
  run_guest.py --self-test                              the judgement of a console, without a guest

The console of each boot is kept in build/guest/logs. Exit status: 0 all as expected, 1 not, 2 could not be run.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile
import time
import tomllib

import build_image
import guest_report
from console import Console

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GUEST = ROOT / "build/guest"
PLANS = tomllib.loads((HERE / "plans.toml").read_text())
QEMU = "qemu-system-x86_64"


def guest_command(plan, build, scratch, fifo, share=None):
    """The command line that boots the guest; the wrapper adds the device. `share`: the file by which guests share engines."""
    vmlinux, image = build_image.build(GUEST, plan["image"] == "mesa")
    end = plan.get("end", "poweroff")
    kernel = f"console=ttyS0 panic=-1 loglevel=4 plan={','.join(plan['steps'])} end={end}"
    wrapper = [build / "bin/gvtcore", "qemu", "--device", plan.get("device", "skl"), "--stats", scratch / "stats.json"]
    if "type" in plan:
        wrapper += ["--type", plan["type"]]
    if fifo is not None:
        wrapper += ["--control", fifo]
    if share is not None:
        wrapper += ["--share", share, "--weight", plan["weight"]]
    # Nehalem has SSE4.1, which i915 copies with.
    return [*wrapper, "--", QEMU, "-machine", plan.get("machine", "pc"), "-accel", "tcg,thread=multi", "-cpu", "Nehalem", "-smp", "2",
            "-m", plan.get("memory", "1G"), "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
            *([] if end == "reboot" else ["-no-reboot"]), "-kernel", vmlinux, "-initrd", image, "-append", kernel]


def expected_checks(plan):
    return [check for step in plan["steps"] for check in PLANS["steps"][step]]


class Toggle:
    """Scanning on before even blocks of a measurement, off before odd ones, through the device's control FIFO."""

    def __init__(self, fifo):
        self._fifo = os.open(fifo, os.O_RDWR)

    def before_block(self, number):
        os.write(self._fifo, b"scan on\n" if number % 2 == 0 else b"scan off\n")

    def close(self):
        os.close(self._fifo)


def watch(console, toggle, boots):
    """Reads the console to its end; returns a report a boot. After the wanted number of boots the guest is not waited for."""
    reports = []
    for line in console.lines():
        if line.startswith("GVT-UP"):
            reports.append(guest_report.Report())
        if not reports:
            continue
        reports[-1].take(line)
        if line.startswith("GVT-BLOCK-READY") and toggle is not None:
            toggle.before_block(int(line.split()[1]))
            # The device reads its FIFO in a thread of its own.
            time.sleep(0.05)
            console.send_line()
        if reports[-1].done and len(reports) == boots > 1:
            break
    return reports


def run(name, build):
    """Boots one plan; returns (reports, failures, seconds)."""
    plan = PLANS["plans"][name]
    boots = 2 if plan.get("end") == "reboot" else 1
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        toggle = fifo = None
        if "measure" in plan["steps"]:
            fifo = scratch / "control"
            os.mkfifo(fifo)
            toggle = stack.enter_context(contextlib.closing(Toggle(fifo)))
        command = guest_command(plan, build, scratch, fifo)
        with Console(command, GUEST / "logs" / f"{name}.log", plan["limit_s"]) as console:
            reports = watch(console, toggle, boots)
        seconds = console.seconds()
        if (scratch / "stats.json").is_file():
            shutil.copy(scratch / "stats.json", GUEST / "logs" / f"{name}.stats.json")
    failures = [failure for report in reports for failure in report.failures(expected_checks(plan), PLANS["allowed"], plan.get("says", ()))]
    if console.timed_out:
        failures.append(f"time limit of {plan['limit_s']} s")
    elif boots == 1 and console.exit_code != 0:
        failures.append(f"QEMU ended with {console.exit_code}")
    if len(reports) < boots:
        failures.append(f"came up {len(reports)} times of {boots}; exit code {console.exit_code}")
    return reports, failures, seconds


def print_report(name, reports, failures, seconds):
    for report in reports:
        for check, good, detail in report.checks:
            print(f"{'ok' if good else 'FAIL':4}  {check:22} {detail}")
        for figure, (value, unit) in report.figures.items():
            print(f"      {figure:22} {value:.1f} {unit}")
        if report.blocks:
            small, large = report.block_ratios()
            print(f"      scan on / off          {small:.3f} one command, {large:.3f} 500 stores, {len(report.blocks)} blocks")
    print(f"{'pass' if not failures else 'FAIL':4}  {name}: {seconds:.0f} s", flush=True)
    if failures:
        log = GUEST / "logs" / f"{name}.log"
        print("\n".join(f"  {failure}" for failure in failures))
        print(f"--- the end of the console, {log.relative_to(ROOT)}:")
        print("\n".join(log.read_text(errors="replace").splitlines()[-60:]), flush=True)


def print_proof(build):
    reports, failures, seconds = run("proof", build)
    if failures:
        print_report("proof", reports, failures, seconds)
        return False
    checks = {name: detail for name, _, detail in reports[0].checks}
    print(f"An unmodified Debian guest ran on the device under {QEMU}, {seconds:.0f} s from start to power-off. Its kernel said:\n")
    for line in reports[0].excerpt(r"\[drm\]", 8):
        print(f"  {line}")
    print(f"\nIts user space found {checks['render_node'].strip()} and the engines {checks['engines'].strip()}, and ran:\n")
    for name in PLANS["steps"]["short"]:
        print(f"  {name:15} {checks[name]}")
    return True


def self_test():
    def failures(*lines, says=()):
        report = guest_report.Report()
        for line in lines:
            report.take(line)
        return report.failures(["a"], [{"pattern": "firmware"}, {"stage": "hang", "pattern": "GPU HANG"}], says)

    def log(stage, line):
        return (f"GVT-LOG-BEGIN {stage}", line, "GVT-LOG-END")

    good = ("GVT-CHECK a ok b c", "GVT-DONE")
    assert failures(*good) == []
    assert failures("GVT-CHECK a FAIL b c", "GVT-DONE") == ["a: b c"]
    assert failures("GVT-DONE") == ["a: no verdict"]
    assert failures("GVT-CHECK a ok") == ["the guest did not come to its end"]
    assert failures(*log("load", "<4>[    1.0] i915 0000:00:02.0: no firmware"), *good) == []
    assert failures(*log("load", "<3>[    1.0] i915 0000:00:02.0: [drm] *ERROR* x"), *good) != []
    assert failures(*log("load", "<6>[    1.0] i915 0000:00:02.0: [drm] fine"), *good) == []
    assert failures(*log("load", "<4>[    1.0] mtrr: inconsistent"), *good) == []
    assert failures(*log("load", "<6>[    1.0] [drm] base 0x10"), *good, says=["base 0x10$"]) == []
    assert failures(*log("load", "<6>[    1.0] [drm] base 0x0"), *good, says=["base 0x10$"]) != []
    assert failures(*log("hang", "<6>[    1.0] GPU HANG: ecode"), *good) == []
    assert failures(*log("load", "<6>[    1.0] GPU HANG: ecode"), *good) != []
    report = guest_report.Report()
    for line in ("GVT-BLOCK 0 110 210", "GVT-BLOCK 1 100 200", "GVT-BLOCK 2 120 220", "GVT-BLOCK 3 100 200"):
        report.take(line)
    assert [round(ratio, 3) for ratio in report.block_ratios()] == [1.15, 1.075]
    for plan in PLANS["plans"].values():
        assert all(step in PLANS["steps"] and (HERE / f"guest/steps/{step}.sh").is_file() for step in plan["steps"])


def main():
    parser = argparse.ArgumentParser(description="Boots a stock Debian guest on the device and judges what happens inside.")
    parser.add_argument("plans", nargs="*", metavar="PLAN", help=", ".join(PLANS["plans"]))
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--proof", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    for name in options.plans:
        if name not in PLANS["plans"]:
            parser.error(f"no plan {name}; there are {', '.join(PLANS['plans'])}")
    if options.self_test:
        self_test()
        print("self-test passed")
        return 0
    for program in (options.build / "bin/gvtcore", QEMU):
        if shutil.which(program) is None:
            print(f"run_guest: no program {program}; ./run --build-only builds, scripts/setup.sh guest installs", file=sys.stderr)
            return 2
    build = options.build.resolve()
    if options.proof:
        return 0 if print_proof(build) else 1
    good = True
    for name in options.plans:
        reports, failures, seconds = run(name, build)
        print_report(name, reports, failures, seconds)
        good = good and not failures
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
