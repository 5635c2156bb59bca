#!/usr/bin/env python3
"""Measures a build over real command streams and prints one readable table.

  bench_table.py --build build/release            the table, and docs/performance.md
  bench_table.py --build build/release --quick    a short run for a first impression; writes nothing
  bench_table.py --build build/release --readme   also the block of figures in README.md
  bench_table.py --build build/release --section workloads   only one section of the page, in a minute

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
from bench_section import Heading, geometric_mean

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
# Columns in ns a command: (heading, what gvt_bench calls it). First sight: by an engine that has seen nothing.
COLUMNS = (
    ("memcpy", "Memcpy"),
    ("walk + copy", "PageWalkCopy"),
    ("table loop", "TableLoop"),
    ("interpreter", "Interpreter"),
    ("first sight", "JitFirstSight"),
    ("learned", "Jit"),
    ("walk + copy + audit, first sight", "WalkCopyScanFirstSight"),
    ("the same, learned", "WalkCopyScan"),
)
# Ratios of times: (what, value of a row, must / aim of 3D, must of the worst 3D file).
RATIOS = (
    ("interpreter / table loop", lambda r: r["Interpreter/TableLoop"], "1.5 / 1.2", "-"),
    ("first sight / table loop", lambda r: r["JitFirstSight/TableLoop"], "0.4 / 0.25", "1.1"),
    ("first sight, four queued / table loop", lambda r: r["QueuedFirstSight/TableLoop"], "0.5 / 0.36", "0.71"),
    ("first sight / interpreter's first sight", lambda r: r["JitFirstSight/InterpreterFirstSight"], "1.1", "-"),
    ("learned / table loop", lambda r: r["Jit/TableLoop"], "-", "-"),
    ("learned / memcpy", lambda r: r["Jit"] / r["Memcpy"], "-", "-"),
    ("walk + copy + audit, first sight / walk + copy + table loop",
     lambda r: r["WalkCopyScanFirstSight"] / (r["PageWalkCopy"] + r["TableLoop"]), "2.0 / 1.3", "-"),
    ("the same, learned", lambda r: r["WalkCopyScan"] / (r["PageWalkCopy"] + r["TableLoop"]), "-", "-"),
    ("walk + copy + audit, first sight / walk + copy", lambda r: r["WalkCopyScanFirstSight/PageWalkCopy"], "4 / 2.5", "-"),
    ("the same, learned", lambda r: r["WalkCopyScan/PageWalkCopy"], "-", "-"),
)
# Of those, what the table by capture shows, and the one whose spread it shows.
SHOWN = ("Interpreter/TableLoop", "JitFirstSight/TableLoop", "QueuedFirstSight/TableLoop", "Jit/TableLoop")
SHOWN_HEADINGS = ("interpreter / loop", "first sight / loop", "queued / loop", "learned / loop")
SPREAD = "JitFirstSight/TableLoop"

# Class of a stream by the driver in the file's name, in the order of the tables.
CLASSES = (
    ("3D", "Mesa GL and GL over Vulkan", ("iris", "zinkanv", "zinkhasvk", "anv")),
    ("OpenCL", "compute-runtime", ("neo", "neonative")),
    ("video", "VA-API decoders", ("ihd", "i965va")),
    ("IGT", "one or two commands a batch", ("igt",)),
)
QUICK_ROUNDS = 7
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


def members_of(rows):
    """[(class, what it is, its rows)], of classes that have any."""
    found = [(klass, what, [r for r in rows if r["klass"] == klass]) for klass, what, _ in CLASSES]
    return [each for each in found if each[2]]


def table(header, rows):
    """A Markdown table that is also readable as text; first column left, others right."""
    widths = [max(len(str(row[i])) for row in [header] + rows) for i in range(len(header))]

    def line(cells):
        parts = [str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(cells, widths))]
        return "| " + " | ".join(parts) + " |"

    rule = ["-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join([line(header), line(rule)] + [line(row) for row in rows])


def ns_cells(rows):
    return [f"{geometric_mean([r[key] for r in rows]):.2f}" for _, key in COLUMNS]


def full_table(rows):
    lines = []
    for _, _, members in members_of(rows):
        for r in members:
            lines.append([r["name"], f"{r['commands']:.0f}", f"{r['commands'] / r['segments']:.0f}",
                          f"{r['bytes'] / r['commands']:.0f}", *ns_cells([r]), *[f"{r[key]:.2f}" for key in SHOWN],
                          f"{r[SPREAD + ':low']:.2f}-{r[SPREAD + ':high']:.2f}"])
    return table(["capture", "commands", "a batch", "B each", *[heading for heading, _ in COLUMNS], *SHOWN_HEADINGS,
                  f"{SHOWN_HEADINGS[SHOWN.index(SPREAD)]}, 10-90 %"], lines)


def class_table(rows, what="ns a command, geometric mean"):
    lines = [[f"{klass}: {what}", len(members), f"{sum(r['commands'] for r in members):.0f}", *ns_cells(members)]
             for klass, what, members in members_of(rows)]
    return table([what, "files", "commands", *[heading for heading, _ in COLUMNS]], lines)


def ratio_table(rows):
    """A row for each ratio: its geometric mean by class, and what is asked of 3D streams."""
    classes = members_of(rows)
    first = classes[0][2]
    lines = []
    for what, value, bound, worst_bound in RATIOS:
        values = [value(r) for r in first]
        lines.append([what, *[f"{geometric_mean([value(r) for r in members]):.2f}" for _, _, members in classes],
                      f"{min(values):.2f}", f"{max(values):.2f}", bound, worst_bound])
    name = classes[0][0]
    return table(["ratios of times, lower is better", *[klass for klass, _, _ in classes], f"best {name} file", f"worst {name} file",
                  f"must / aim, {name}", "must, worst"], lines)


def dense_text(rows):
    """How fast dense streams are beside those of the first class."""
    first, *others = members_of(rows)
    speed = lambda key, members: geometric_mean([r[key] for r in first[2]]) / geometric_mean([r[key] for r in members])
    said = [f"{klass} {speed('JitFirstSight', members):.2f} and {speed('Jit', members):.2f}" for klass, _, members in others]
    return f"Of {first[0]}'s speed a command, at first sight and learned: {', '.join(said)} (OpenCL and video must have 0.5)."


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


READING = (
    "The jobs: [bench/README.md](../bench/README.md). At first sight, a new engine takes the capture once, in its order; learned, it has "
    "seen it before. First sight includes that memory is touched first, which is most of it for captures of some hundred commands. "
    "The table loop waits for each command's length before it can load the next header; in short batches it runs ahead into the "
    "next one, and what the audit does for each batch and each command with an effect is all visible. OpenCL, video and IGT are dense: "
    "much of them has to be looked at. Queued batches are audited one after the other today (bench/queued.h).")


def batches_text(args, build):
    bench = build / "bin" / "gvt_bench"
    rows = run_bench(bench, args.corpus, args.rounds, "BM_Together")
    machine = machine_line(build)
    if args.readme:
        write_readme(rows, args.rounds, machine)
    around = run_bench(bench, args.corpus, max(7, args.rounds // 4), "BM_Around")
    return "\n\n".join([
        BATCHES.line,
        class_table(rows),
        READING,
        ratio_table(rows),
        dense_text(rows),
        "### By capture",
        f"ns a command, medians of {args.rounds} interleaved rounds; processor time of one thread. A ratio is taken within each "
        "round; then its median, and of one its 10th and 90th percentile.",
        full_table(rows),
        "### Rings and context buffers",
        "What the guest's kernel driver puts around each batch, audited as privileged; every command of it has an effect.",
        class_table(around, "rings and context buffers"),
        f"Machine: {machine}.",
    ])


def gvtg_text(args, build):
    program = build / "bin" / "gvtg_bench"
    if not program.exists():
        return ""
    measured = bench_gvtg.measure(program, args.corpus, args.rounds)
    return bench_gvtg.text(measured, [c[0] for c in CLASSES], class_of, table, machine_line(build))


def process_text(args, build):
    program = build / "bin" / "gvtcore"
    return PROCESS.line + "\n\n" + whole_text(whole_process(program, pathlib.Path(args.corpus))) if program.exists() else ""


def of_gvt_bench(section):
    """What a section of bench_section.py says."""
    def text(args, build):
        rounds = max(args.rounds, 61)
        return section.text(section.measure(build / "bin" / "gvt_bench", rounds), table, machine_line(build), rounds)
    return section.heading, text


BATCHES = Heading("## Batches")
PROCESS = Heading("## The whole program")
# In the order of the page: (heading, what measures it and makes its text; empty where a program is missing).
SECTIONS = {
    "batches": (BATCHES, batches_text),
    "gvtg": (bench_gvtg.HEADING, gvtg_text),
    "process": (PROCESS, process_text),
    "compiled": of_gvt_bench(bench_compiled.SECTION),
    "shadow": of_gvt_bench(bench_shadow.SECTION),
    "workloads": of_gvt_bench(bench_workloads.SECTION),
}
INTRO = ("# Performance\n\nMade by `python3 scripts/bench_table.py`; do not edit. Absolute times of different machines and runs cannot be "
         "compared; the ratios of one run can.")


def write_page(args, build, wanted):
    """The page with the sections that are wanted measured anew. The others, and those that cannot be measured, stay as they are."""
    page = PAGE.read_text()
    parts = [INTRO]
    for name, (heading, text) in SECTIONS.items():
        measured = text(args, build) if name in wanted else ""
        if measured:
            print(measured + "\n")
        elif name in wanted:
            print(f"bench_table: {name} is left as it was: {build} has not the program for it", file=sys.stderr)
        parts.append(measured or heading.of(page))
    PAGE.write_text("\n\n".join(part for part in parts if part) + "\n")


def write_readme(rows, rounds, machine):
    path = ROOT / "README.md"
    text = path.read_text()
    begin, end = text.index(MARKS[0]), text.index(MARKS[1])
    begin = text.index("\n", begin) + 1
    block = (f"{class_table(rows)}\n\n{ratio_table(rows)}\n\n{len(rows)} captures, {rounds} interleaved rounds; {machine}. What the columns "
             "mean, every capture, and the kernel's GVT-g beside them: [docs/performance.md](docs/performance.md).\n")
    path.write_text(text[:begin] + block + text[end:])


def print_quick(args, build):
    started = time.monotonic()
    rows = run_bench(build / "bin" / "gvt_bench", args.corpus, QUICK_ROUNDS, "BM_Together")
    print("\n\n".join([class_table(rows), ratio_table(rows), dense_text(rows)]))
    print(f"\n{machine_line(build)}\n{len(rows)} captures, {QUICK_ROUNDS} rounds, {time.monotonic() - started:.0f} s. First sight: by an "
          "engine that has seen nothing; learned: that has seen the capture. More: docs/performance.md.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="build folder with bin/gvt_bench (default: %(default)s)")
    parser.add_argument("--corpus", default=os.environ.get("GVT_CORPUS", ROOT / "bench" / "corpora"), help="folder of captures")
    parser.add_argument("--rounds", type=int, default=61, help="interleaved rounds a capture (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds, batches only, no file is written")
    parser.add_argument("--readme", action="store_true", help="write the figures of batches into README.md, too")
    parser.add_argument("--section", choices=SECTIONS, help="measure and write only this one")
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    if not (build / "bin" / "gvt_bench").exists():
        sys.exit(f"bench_table: {build} has no bin/gvt_bench; build it first: ./run --build-only")
    if args.quick:
        print_quick(args, build)
    else:
        write_page(args, build, [args.section] if args.section else list(SECTIONS))


if __name__ == "__main__":
    main()
