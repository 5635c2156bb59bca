#!/usr/bin/env python3
"""Measures a build over real command streams and prints one readable table.

  bench_table.py --build build/release            the table, and docs/performance.md
  bench_table.py --build build/release --quick    a short run for a first impression; writes nothing
  bench_table.py --build build/release --readme   also the block of figures in README.md
  bench_table.py --build build/release --section workloads   only one section (compiled, shadow, workloads, gvtg), in a minute

All jobs of one file are measured by turns in one run (gvt_bench, BM_Together), so that ratios mean something on a
noisy machine. What is compared is written next to the limits that it cannot beat: copying the bytes, walking page
tables to them, stepping from header to header. GVT_CORPUS or --corpus names another folder of captures.
"""

import argparse
import json
import lzma
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

import bench_compiled
import bench_gvtg
import bench_shadow
import bench_workloads
from bench_section import geometric_mean

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
JOBS = ("Memcpy", "PageWalkCopy", "TableLoop", "Interpreter", "Jit", "WalkCopyScan")
RATIO = "Interpreter/TableLoop"
JIT_RATIOS = ("Jit/TableLoop", "JitFirstSight/TableLoop", "JitFirstSight/InterpreterFirstSight")
HEADINGS = ("memcpy", "walk + copy", "table loop", "full audit", "compiled audit", "walk + copy + audit")
JIT_HEADINGS = ("compiled / loop", "first sight / loop", "first sight / audit's")
LATENCY_HEADING = "walk + copy + audit / loop"

# Class of a stream by the driver in the file's name, in the order of the tables; bound = audit against table loop:
# what must be reached, and what is aimed at.
CLASSES = (
    ("3D", "Mesa GL and GL over Vulkan", ("iris", "zinkanv", "zinkhasvk", "anv"), (1.5, 1.2)),
    ("OpenCL", "compute-runtime", ("neo", "neonative"), (2.5, 2.0)),
    ("video", "VA-API decoders", ("ihd", "i965va"), (2.5, 2.0)),
    ("IGT", "one or two commands a batch", ("igt",), None),
)
MARKS = ("<!-- figures:begin", "<!-- figures:end -->")


def class_of(name):
    driver = name.split("-")[1] if "-" in name else ""
    return next((c[0] for c in CLASSES if driver in c[2]), CLASSES[0][0])


def run_bench(program, corpus, rounds, part):
    command = [program, f"--benchmark_filter=^{part}/", f"--rounds={rounds}", "--benchmark_format=json"]
    environment = dict(os.environ, GVT_CORPUS=str(corpus))
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        sys.exit(f"bench_table: {program} ended with {done.returncode}")
    rows = []
    for bench in json.loads(done.stdout)["benchmarks"]:
        name = bench["name"].split("/")[1]
        if bench.get("error_occurred"):
            if bench["error_message"] != "no such segments":
                print(f"bench_table: {name}: {bench['error_message']}", file=sys.stderr)
            continue
        rows.append(dict(bench, name=name, klass=class_of(name)))
    if not rows:
        sys.exit("bench_table: no capture could be measured")
    return rows


def latency(row):
    """One batch from guest memory to its verdict, against the same with the plain loop instead of the audit."""
    return row["WalkCopyScan"] / (row["PageWalkCopy"] + row["TableLoop"])


def mean_row(name, rows):
    """Geometric means; bytes and commands are sums, from which rates follow."""
    mean = {key: geometric_mean([r[key] for r in rows]) for key in JOBS}
    for key in (RATIO, RATIO + ":low", RATIO + ":high", *JIT_RATIOS):
        mean[key] = geometric_mean([r[key] for r in rows])
    for key in ("commands", "segments", "bytes"):
        mean[key] = sum(r[key] for r in rows)
    return dict(mean, name=name, worst=max(r[RATIO] for r in rows), files=len(rows),
                latency=geometric_mean([latency(r) for r in rows]))


def means(rows):
    result = []
    for klass, what, _, bound in CLASSES:
        members = [r for r in rows if r["klass"] == klass]
        if members:
            result.append(dict(mean_row(klass, members), what=what, bound=bound))
    return result


def table(header, rows):
    """A Markdown table that is also readable as text; first column left, others right."""
    widths = [max(len(str(row[i])) for row in [header] + rows) for i in range(len(header))]

    def line(cells):
        parts = [str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(cells, widths))]
        return "| " + " | ".join(parts) + " |"

    rule = ["-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join([line(header), line(rule)] + [line(row) for row in rows])


def cells(row):
    ns_audit = row["Interpreter"]
    bytes_each = row["bytes"] / row["commands"]
    return [f"{row['commands']:.0f}", f"{row['commands'] / row['segments']:.0f}", f"{bytes_each:.0f}"] + [
        f"{row[job]:.2f}" for job in JOBS
    ] + [f"{row[key]:.2f}" for key in JIT_RATIOS] + [
         f"{row[RATIO]:.2f}", f"{row[RATIO + ':low']:.2f}-{row[RATIO + ':high']:.2f}", f"{1e3 / ns_audit:.0f}",
         f"{bytes_each / ns_audit:.1f}"]


COLUMNS = ["commands", "a batch", "B each", *HEADINGS, *JIT_HEADINGS, "audit / loop", "10-90 %", "M cmd/s", "GB/s"]


def full_table(rows):
    lines = [[r["name"], *cells(r)] for klass in CLASSES for r in rows if r["klass"] == klass[0]]
    return table(["capture"] + COLUMNS, lines)


def class_table(summary):
    lines = []
    for row in summary:
        bound = f"{row['bound'][0]} / {row['bound'][1]}" if row["bound"] else "-"
        lines.append([f"{row['name']}: {row['what']}", row["files"], *[f"{row[j]:.2f}" for j in JOBS],
                      *[f"{row[key]:.2f}" for key in JIT_RATIOS], f"{row['latency']:.2f}", f"{row[RATIO]:.2f}",
                      f"{row['worst']:.2f}", bound])
    return table(["ns a command, geometric mean", "files", *HEADINGS, *JIT_HEADINGS, LATENCY_HEADING, "audit / loop",
                  "worst file", "must / aim"], lines)


def around_table(rows):
    summary = means(rows)
    return table(["rings and context buffers", "commands", *HEADINGS, "audit / loop"],
                 [[r["name"], f"{r['commands']:.0f}", *[f"{r[j]:.2f}" for j in JOBS], f"{r[RATIO]:.2f}"] for r in summary])


def machine_line(build):
    model = "unknown processor"
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        model = found[1].strip() if found else model
    cache = (build / "CMakeCache.txt").read_text()
    value = lambda key: (re.search(rf"^{key}:\w+=(.*)$", cache, re.M) or [None, ""])[1]
    compiler = subprocess.run([value("CMAKE_CXX_COMPILER"), "--version"], stdout=subprocess.PIPE, text=True, check=False)
    kind = value("CMAKE_BUILD_TYPE")
    flags = value(f"CMAKE_CXX_FLAGS_{kind.upper()}")
    return (f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.system()} {platform.release()}; "
            f"{compiler.stdout.splitlines()[0]}, {kind} ({flags})")


def plain_copies(corpus, folder):
    """Uncompressed copies of the captures: a scan of them spends no time on decompression."""
    files = []
    for path in sorted(corpus.glob("*.aub*")):
        target = folder / path.name.removesuffix(".xz")
        opener = lzma.open if path.suffix == ".xz" else open
        with opener(path, "rb") as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        files.append(target)
    return files


# Starts a program from a process that is small itself: the kernel counts the memory of whoever forked as the child's.
SMALL_PARENT = """
import os, sys
pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def scan_once(program, files):
    """Runs `gvtcore scan --json`; returns its report and the most memory it held, in bytes."""
    command = [sys.executable, "-S", "-c", SMALL_PARENT, str(program), "scan", "--json", "--threads", "1"]
    done = subprocess.run(command + [str(f) for f in files], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"bench_table: {program} scan failed: {done.stderr.decode()}")
    return json.loads(done.stdout), int(done.stderr.split()[-1]) * 1024


def whole_process(program, corpus):
    """`gvtcore scan` over all captures, and over each alone for its memory."""
    with tempfile.TemporaryDirectory() as folder:
        files = plain_copies(corpus, pathlib.Path(folder))
        runs = [scan_once(program, files) for _ in range(5)]
        idle = scan_once(program, [min(files, key=lambda f: f.stat().st_size)])[1]
        most = max((scan_once(program, [f]) for f in files), key=lambda run: run[0]["total"]["live_bytes_peak"])
    median = lambda key: sorted(run[0]["total"]["seconds"][key] for run in runs)[len(runs) // 2]
    total = runs[0][0]["total"]
    return {"files": len(files), "read": median("read"), "scan": median("scan"), "statistics": median("statistics"),
            "wall": median("wall"), "stream_bytes": total["stream_bytes"],
            "commands": sum(total[k] for k in ("ring_commands", "batch_commands", "context_commands")),
            "memory_all": runs[0][1], "memory_one": most[1], "live_one": most[0]["total"]["live_bytes_peak"], "idle": idle}


def whole_text(whole):
    busy = whole["read"] + whole["scan"]
    mib = lambda count: f"{count / 2**20:.1f} MiB"
    return "\n".join([
        f"`gvtcore scan` of {whole['files']} uncompressed captures ({mib(whole['stream_bytes'])}, "
        f"{whole['commands']} commands, one thread), median of 5:",
        "",
        f"* rebuilding pages {whole['read'] * 1e3:.1f} ms, copying and auditing {whole['scan'] * 1e3:.1f} ms "
        f"({100 * whole['scan'] / busy:.0f} % of both), statistics for the report {whole['statistics'] * 1e3:.1f} ms, "
        f"wall clock {whole['wall'] * 1e3:.0f} ms;",
        f"* memory for the capture with the most live pages: peak {mib(whole['memory_one'])} resident for "
        f"{mib(whole['live_one'])} of live pages ({whole['memory_one'] / whole['live_one']:.2f} times; bound 2); all "
        f"captures in one process: {mib(whole['memory_all'])}; the program with hardly any page: {mib(whole['idle'])}.",
    ])


GVTG = "gvtg"
SECTIONS = {"compiled": bench_compiled.SECTION, "shadow": bench_shadow.SECTION, "workloads": bench_workloads.SECTION}


def gvtg_text(args, build):
    """Measured where the program is there; else what the page has, which names its machine."""
    program = build / "bin" / "gvtg_bench"
    if not program.exists():
        return bench_gvtg.HEADING.of(PAGE.read_text())
    measured = bench_gvtg.measure(program, args.corpus, args.rounds)
    return bench_gvtg.text(measured, [c[0] for c in CLASSES], class_of, table, machine_line(build))


def section_text(name, args, build):
    rounds = max(args.rounds, 61)
    if name == GVTG:
        return gvtg_text(args, build)
    section = SECTIONS[name]
    return section.text(section.measure(build / "bin" / "gvt_bench", rounds), table, machine_line(build), rounds)


def report(args, build):
    corpus = pathlib.Path(args.corpus)
    rounds = 7 if args.quick else args.rounds
    bench = build / "bin" / "gvt_bench"
    rows = run_bench(bench, corpus, rounds, "BM_Together")
    result = {"machine": machine_line(build), "rounds": rounds, "files": rows, "classes": means(rows)}
    if not args.quick:
        result["sections"] = [section_text(name, args, build) for name in SECTIONS]
        result["around"] = run_bench(bench, corpus, max(7, rounds // 4), "BM_Around")
        result["gvtg"] = gvtg_text(args, build)
        program = build / "bin" / "gvtcore"
        if program.exists():
            result["process"] = whole_process(program, corpus)
    return result


def performance_page(result, command):
    parts = [
        "# Performance",
        f"Made by `{command}`; do not edit. Absolute times of different machines and runs cannot be compared; the ratios "
        "of one run can.",
        f"Machine: {result['machine']}.",
        "## Batches, by class",
        class_table(result["classes"]),
        "## Batches, by capture",
        f"ns a command, medians of {result['rounds']} interleaved rounds; processor time of one thread. The ratio is taken within each "
        "round; then its median, and its 10th and 90th percentile. GB/s and commands/s are those of the full audit.",
        full_table(result["files"]),
        "The compiled audit has seen the capture before; at first sight, an engine that has seen nothing takes the capture "
        "once, while its thread learns.",
        "The jobs: [bench/README.md](../bench/README.md). How to read the ratio: the table loop waits for each command's "
        "length before it can load the next header. The audit waits, too, but in long segments of 3D streams for four commands "
        "at a time. In short segments the loop runs ahead into the next segment, and what the audit does for each segment "
        "and each command with an effect is all visible. First sight is also given beside an interpreter made just before.",
        "## Rings and context buffers",
        "What the guest's kernel driver puts around each batch, audited as privileged; every command of it has an effect.",
        around_table(result["around"]),
    ]
    if result["gvtg"]:
        parts.append(result["gvtg"])
    if "process" in result:
        parts += ["## The whole program", whole_text(result["process"])]
    parts += result["sections"]
    return "\n\n".join(parts) + "\n"


def write_readme(result):
    path = ROOT / "README.md"
    text = path.read_text()
    begin, end = text.index(MARKS[0]), text.index(MARKS[1])
    begin = text.index("\n", begin) + 1
    block = (f"{class_table(result['classes'])}\n\n{len(result['files'])} captures, {result['rounds']} interleaved rounds; "
             f"{result['machine']}. Every capture: [docs/performance.md](docs/performance.md).\n")
    path.write_text(text[:begin] + block + text[end:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="build folder with bin/gvt_bench (default: %(default)s)")
    parser.add_argument("--corpus", default=os.environ.get("GVT_CORPUS", ROOT / "bench" / "corpora"), help="folder of captures")
    parser.add_argument("--rounds", type=int, default=61, help="interleaved rounds a capture (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="7 rounds, batches only, no file is written")
    parser.add_argument("--readme", action="store_true", help="write the figures into README.md, too")
    parser.add_argument("--section", choices=(*SECTIONS, GVTG), help="measure and write only this one")
    parser.add_argument("--json", metavar="OUT", help="write everything that was measured as JSON")
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    if not (build / "bin" / "gvt_bench").exists():
        sys.exit(f"bench_table: {build} has no bin/gvt_bench; build it first: ./run --build-only")

    if args.section == GVTG and not (build / "bin" / "gvtg_bench").exists():
        sys.exit(f"bench_table: {build} has no bin/gvtg_bench; bench/gvtg/README.md says how to build it")
    if args.section:
        text = section_text(args.section, args, build)
        print(text)
        heading = bench_gvtg.HEADING if args.section == GVTG else SECTIONS[args.section].heading
        PAGE.write_text(heading.replace(PAGE.read_text(), text))
        return
    started = time.monotonic()
    result = report(args, build)
    print(full_table(result["files"]))
    print()
    print(class_table(result["classes"]))
    if result.get("gvtg"):
        print("\n" + result["gvtg"])
    if "process" in result:
        print("\n" + whole_text(result["process"]))
    print(f"\n{result['machine']}\n{len(result['files'])} captures, {result['rounds']} rounds, "
          f"{time.monotonic() - started:.0f} s. ns a command; ratios within a round: median, 10-90 %.")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(result, indent=1) + "\n")
    if not args.quick:
        PAGE.write_text(performance_page(result, "python3 scripts/bench_table.py"))
    if args.readme and not args.quick:
        write_readme(result)


if __name__ == "__main__":
    main()
