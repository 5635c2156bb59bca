#!/usr/bin/env python3
"""Measures what hosts cost per call, each figure beside its floor in the same round, and writes the table in docs/hosts.md.

  bench_hosts.py --build build/release            the table, and docs/hosts.md
  bench_hosts.py --build build/release --quick    a short run; writes nothing

Needs /dev/kvm. The figures: bench/README.md, BM_Host.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import bench_table

PAGE = bench_table.ROOT / "docs" / "hosts.md"
# What is measured, in words, and what it must not be above, times its floor.
ROWS = (
    ("mmio.read", "a register is read", "an empty callback", 3),
    ("mmio.write", "a register is written", "an empty callback", 3),
    ("mmio.read_dynamic", "the master interrupt register is read", "an empty callback", 3),
    *((f"read_gpa.{size}", f"guest memory is read: {size} bytes", "memcpy", 1.2 if size >= 4096 else None)
      for size in (8, 64, 256, 1024, 4096, 65536)),
    ("lease", "a slot is found, held and let go", "an empty callback", "15 ns"),
    ("msi", "a message: KVM_SIGNAL_MSI", "a write to an event file", None),
    ("line", "a message through an irqfd", "a write to an event file", None),
    ("track", "the guest writes to a tracked page", "an exit of KVM's", None),
    ("doorbell", "the guest rings a doorbell: ioeventfd", "an exit of KVM's", None),
)


def measure(program, rounds):
    command = [program, "--benchmark_filter=^BM_Host/kvm", f"--rounds={rounds}", "--benchmark_format=json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    benches = json.loads(done.stdout)["benchmarks"] if done.returncode == 0 else []
    failed = [b.get("error_message", "") for b in benches if b.get("error_occurred")]
    if not benches or failed:
        sys.exit(f"bench_hosts: {program} ended with {done.returncode} {failed}")
    return benches[0]


def rows(host):
    lines = []
    for key, what, floor, bound in ROWS:
        ns, ratio, high = (host[f"{key}:{part}"] for part in ("ns", "ratio", "high"))
        lines.append([what, f"{ns:.1f}", floor, f"{ns / ratio:.1f}", f"{ratio:.2f}", f"{high:.2f}", f"{bound}" if bound else "-"])
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="build folder with bin/gvt_bench (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=401, help="rounds of all figures by turns (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="21 rounds, no file is written")
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    rounds = 21 if args.quick else args.rounds
    machine = bench_table.machine_line(build)
    header = ["what happens", "ns", "its floor", "ns", "ratio", "90 %", "must"]
    text = bench_table.table(header, rows(measure(build / "bin" / "gvt_bench", rounds)))
    text += (f"\n\nMedians of {rounds} rounds, in which all figures come by turns; processor time of one thread; the ratio is taken within "
             f"each round. {machine}.\n")
    print(text)
    if not args.quick:
        page = PAGE.read_text()
        begin = page.index("\n", page.index(bench_table.MARKS[0])) + 1
        PAGE.write_text(page[:begin] + text + page[page.index(bench_table.MARKS[1]):])


if __name__ == "__main__":
    main()
