#!/usr/bin/env python3
"""Compares the speed of two commits: builds both, runs both by turns, reports ratios with their spread.

  ab_bench.py main HEAD
  ab_bench.py HEAD~3 HEAD --filter 'BM_(Interpreter|WalkCopyScan)/skl-' --rounds 21

A revision `.` is the work tree as it is. Ratio = time of HEAD / time of BASE in the same round; below 1 is faster.
Each round runs one program, then the other, in an order that changes from round to round. Programs are kept in
build/ab/ by commit. Both revisions need bench/; GVT_CORPUS names another folder of captures, for both.
"""

import argparse
import hashlib
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STORE = ROOT / "build" / "ab"


def git(*arguments):
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def run(step):
    done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nab_bench: failed: {' '.join(step)}")


def compile_bench(source, binary_dir, cmake_options):
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    run(["cmake", "-S", str(source), "-B", str(binary_dir), "-DCMAKE_BUILD_TYPE=Release", "-DGVT_BUILD_TESTS=OFF",
         *generator, *cmake_options])
    run(["cmake", "--build", str(binary_dir), "--parallel", str(os.cpu_count()), "--target", "gvt_bench"])


def build(revision, cmake_options):
    """The gvt_bench of a revision, and the name it is reported by. What was built once for a commit is kept."""
    if revision == ".":
        compile_bench(ROOT, STORE / "worktree", cmake_options)
        return STORE / "worktree" / "bin" / "gvt_bench", "work tree"
    commit = git("rev-parse", "--short=12", f"{revision}^{{commit}}")
    kind = hashlib.sha256(" ".join(cmake_options).encode()).hexdigest()[:8] if cmake_options else "release"
    kept = STORE / f"{commit}-{kind}" / "gvt_bench"
    name = f"{revision} ({commit})"
    if not kept.exists():
        print(f"ab_bench: building {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="gvt_ab_") as folder:
            source = pathlib.Path(folder) / "source"
            git("worktree", "add", "--detach", str(source), commit)
            try:
                compile_bench(source, pathlib.Path(folder) / "build", cmake_options)
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(pathlib.Path(folder) / "build" / "bin" / "gvt_bench", kept)
            finally:
                git("worktree", "remove", "--force", str(source))
    return kept, name


def measure(program, pattern, seconds, environment):
    """Benchmark name -> processor time of one iteration, in nanoseconds."""
    command = [str(program), f"--benchmark_filter={pattern}", f"--benchmark_min_time={seconds}", "--benchmark_format=json"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        sys.exit(f"ab_bench: {program} ended with {done.returncode}")
    unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
    rows = json.loads(done.stdout)["benchmarks"] if done.stdout.strip() else []
    return {b["name"]: b["cpu_time"] * unit[b["time_unit"]] for b in rows if not b.get("error_occurred")}


def percentile(values, fraction):
    ordered = sorted(values)
    at = fraction * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(math.log(v) for v in values) / len(values))


def rounds_of(programs, args, environment):
    """Benchmark name -> ratios head / base, one a round; only benchmarks that both programs have."""
    ratios = {}
    for number in range(args.rounds):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        times = {index: measure(programs[index], args.filter, args.seconds, environment) for index in order}
        for name in times[0].keys() & times[1].keys():
            ratios.setdefault(name, []).append(times[1][name] / times[0][name])
        print(f"ab_bench: round {number + 1} of {args.rounds}", file=sys.stderr)
    return ratios


def print_report(ratios, base, head, rounds):
    width = max(len(name) for name in ratios)
    print(f"time of {head} / time of {base}, {rounds} rounds\n")
    print(f"{'benchmark'.ljust(width)}  median   10-90 %")
    for name in sorted(ratios):
        low, middle, high = (percentile(ratios[name], f) for f in (0.1, 0.5, 0.9))
        note = "" if low <= 1 <= high else "  faster" if high < 1 else "  slower"
        print(f"{name.ljust(width)}  {middle:6.3f}   {low:.3f}-{high:.3f}{note}")
    families = sorted({name.split("/")[0] for name in ratios})
    print()
    for family in families:
        members = [values for name, values in ratios.items() if name.split("/")[0] == family]
        a_round = [geometric_mean(v[i] for v in members) for i in range(min(len(v) for v in members))]
        low, middle, high = (percentile(a_round, f) for f in (0.1, 0.5, 0.9))
        print(f"{('geometric mean ' + family).ljust(width)}  {middle:6.3f}   {low:.3f}-{high:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("head")
    parser.add_argument("--filter", default="BM_(TableLoop|Interpreter|WalkCopyScan)/", help="benchmarks (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=11, help="runs of each program (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.02, help="time of each benchmark in each run (default: %(default)s)")
    parser.add_argument("--cmake", action="append", default=[], metavar="-DX=Y", help="option for both builds; may be repeated")
    args = parser.parse_args()
    (base, base_name), (head, head_name) = build(args.base, args.cmake), build(args.head, args.cmake)
    # Both read the same captures, also where they would differ between the revisions.
    environment = dict(os.environ)
    environment.setdefault("GVT_CORPUS", str(ROOT / "bench" / "corpora"))
    ratios = rounds_of((base, head), args, environment)
    if not ratios:
        sys.exit(f"ab_bench: no benchmark of both matches {args.filter}")
    print_report(ratios, base_name, head_name, args.rounds)


if __name__ == "__main__":
    main()
