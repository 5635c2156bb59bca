"""The section of docs/performance.md about the kernel's GVT-g: how many times as fast ours is, over the same batches."""

import json
import os
import subprocess
import sys

from bench_section import Heading, geometric_mean

HEADING = Heading("## Beside the kernel's GVT-g")
BOUNDS = "At first sight, over all captures: queued must be 30 times as fast, 60 is aimed at; single 20 and 30."
# Jobs of gvtg_bench, as columns: those that walk page tables and copy, and those over linear copies.
WALKING = (
    ("walk + copy", "PageWalkCopy"),
    ("interpreter", "WalkCopyInterpreter"),
    ("first sight", "WalkCopyScanFirstSight"),
    ("learned", "WalkCopyScan"),
)
LINEAR = (
    ("memcpy", "Memcpy"),
    ("table loop", "TableLoop"),
    ("interpreter", "Interpreter"),
    ("first sight", "JitFirstSight"),
    ("first sight, queued", "QueuedFirstSight"),
    ("learned", "Jit"),
    ("learned, queued", "Queued"),
)


def measure(program, corpus, rounds):
    """What gvtg_bench says of the captures in the folder `corpus`."""
    done = subprocess.run([program, "--json", f"--rounds={rounds}"], env=dict(os.environ, GVT_CORPUS=str(corpus)),
                          stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"bench_gvtg: {program} ended with {done.returncode}")
    return json.loads(done.stdout)


def line(name, files, columns, gvtg):
    """One row: of one file or of several, as geometric means of the medians."""
    jobs = [f["jobs"] for f in files if f["jobs"]]
    mean = lambda job, key: geometric_mean([j[job][key][0] for j in jobs])
    opened, batches = (sum(f[key] for f in files) for key in ("opened", "batches"))
    return [name, f"{opened} / {batches}", f"{mean(gvtg, 'ns'):.1f}"] + [f"{mean(job, 'times'):.1f}" for _, job in columns]


def class_lines(files, classes, class_of, columns, gvtg):
    lines = []
    for klass in classes:
        members = [f for f in files if class_of(f["name"]) == klass]
        if any(f["jobs"] for f in members):
            lines.append(line(klass, members, columns, gvtg))
    return lines + [line("all", files, columns, gvtg)]


def text(result, classes, class_of, table, machine):
    files = result["files"]
    head = lambda what, columns: [what, "batches", "GVT-g, ns a command"] + [column for column, _ in columns]
    stock, batches = (sum(f[key] for f in files) for key in ("stock", "batches"))
    by_file = [line(f["name"], [f], WALKING, "GvtgScanShadow") for f in files if f["jobs"]]
    none = ", ".join(f["name"] for f in files if not f["jobs"])
    return "\n\n".join([
        HEADING.line,
        f"How many times as fast as GVT-g; geometric means of the medians of {result['rounds']} interleaved rounds, ratios within a "
        "round. Walking page tables, copying and auditing against GVT-g's scan and shadow:",
        table(head("times scan + shadow", WALKING), class_lines(files, classes, class_of, WALKING, "GvtgScanShadow")),
        f"{BOUNDS} At first sight, an engine that has seen nothing takes the capture once, in its order; queued batches "
        "are copied and audited one after the other (docs/decisions/0028-as-much-as-batches-take.md).",
        "Over linear copies, against GVT-g's scan alone:",
        table(head("times scan", LINEAR), class_lines(files, classes, class_of, LINEAR, "GvtgScan")),
        "By capture:",
        table(head("times scan + shadow", WALKING), by_file),
        f"Stock GVT-g accepts {stock} of the {batches} batches"
        + (f"; of {none} it refuses all, whatever registers it is given" if none else "") + f". {result['caveats']}",
        f"Machine: {machine}.",
    ])
