"""The section of docs/performance.md about shadow page tables: what gvt_bench measures of them, beside what must be reached."""

import json
import re
import subprocess
import sys

HEADING = "## Shadow page tables"
FILTER = "^BM_(Populate|PopulateScattered|Submission|Lookup|LookupBesideWriter)(/|$)"
# What is measured, benchmark, its counter, unit, must / aim.
ROWS = (
    ("populate into memory that is touched first, in sequence", "BM_Populate/sequential", "first/memcpy", "x", "4 / 2.5"),
    ("the same, shuffled", "BM_Populate/shuffled", "first/memcpy", "x", "4 / 2.5"),
    ("populate into memory that was used before, in sequence", "BM_Populate/sequential", "warm/memcpy", "x", "2.5 / 1.5"),
    ("the same, shuffled", "BM_Populate/shuffled", "warm/memcpy", "x", "2.5 / 1.5"),
    ("populate from 510 slots, memory touched first, in sequence", "BM_PopulateScattered/sequential", "first:M/s", "M/s", "60 / 100"),
    ("the same, shuffled", "BM_PopulateScattered/shuffled", "first:M/s", "M/s", "40 / 80"),
    ("populate from 510 slots, memory used before, in sequence", "BM_PopulateScattered/sequential", "warm:M/s", "M/s", "60 / 100"),
    ("the same, shuffled", "BM_PopulateScattered/shuffled", "warm:M/s", "M/s", "40 / 80"),
    ("one changed entry, seen behind the next consistency point", "BM_Submission/128", "changed-entry:ns", "ns", "300"),
    ("a point and eight pages, 8 tables mapped", "BM_Submission/8", "submission:ns", "ns", "5,000 / 2,000"),
    ("the same, 2,048 tables mapped", "BM_Submission/2048", "submission:ns", "ns", "5,000 / 2,000"),
    ("table by name, tbb::concurrent_hash_map against it", "BM_Lookup", "hash_map/lookup", "x", "2.5 / 4"),
    ("the same, tbb::concurrent_unordered_map", "BM_Lookup", "unordered_map/lookup", "x", "1.5"),
    ("kept of its speed beside a thread that makes tables", "BM_LookupBesideWriter/tables", "kept", "x", "0.9"),
    ("kept beside one that only inserts and removes", "BM_LookupBesideWriter/bare", "kept", "x", "-"),
)


def measure(program, rounds):
    """{benchmark: its counters}."""
    command = [program, f"--benchmark_filter={FILTER}", f"--rounds={rounds}", "--benchmark_format=json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        sys.exit(f"bench_shadow: {program} ended with {done.returncode}")
    return {re.sub(r"/iterations:\d+", "", b["name"]): b for b in json.loads(done.stdout)["benchmarks"]}


def text(measured, table, machine, rounds):
    def cell(value):
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"

    lines = []
    for what, bench, counter, unit, bound in ROWS:
        at = measured[bench]
        low, high = (at[f"{counter}:{end}"] for end in ("low", "high"))
        lines.append([what, cell(at[counter]), f"{cell(low)}-{cell(high)}", unit, bound])
    return "\n\n".join([
        HEADING,
        "Populate: 65,536 entries of 4 KiB pages in 128 tables, one walk each; x: times the memcpy of the entries, into memory that "
        "is touched first or was used before, as the tables' is. 510 slots: guest memory in as many pieces as there may be "
        "([decision 0021](decisions/0021-leases-are-slots.md)). Lookups: 4,096 names, nine of ten there; how many times as long TBB's "
        f"maps take. Medians of {rounds} rounds, ratios within a round; 10-90 %. Code: bench/shadow_bench.cc.",
        table(["what", "median", "10-90 %", "unit", "must / aim"], lines),
        f"Machine: {machine}.",
    ])


def replace(page, section):
    """The page with the section in place of the one it has, or behind all others."""
    begin = page.find(HEADING)
    if begin < 0:
        return page.rstrip("\n") + "\n\n" + section + "\n"
    end = page.find("\n## ", begin)
    return page[:begin] + section + ("\n" if end < 0 else "\n" + page[end:])
