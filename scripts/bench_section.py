"""A section of docs/performance.md: figures of gvt_bench beside what must be reached."""

import dataclasses
import json
import math
import re
import subprocess
import sys


def cell(value):
    if value >= 10000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def geometric_mean(values):
    return math.exp(sum(math.log(v) for v in values) / len(values))


@dataclasses.dataclass(frozen=True)
class Heading:
    """Where a section of a page begins; it ends where the next of its level does."""

    line: str

    def of(self, page):
        """The section of the page, without the newlines behind it; empty if it has none."""
        begin = page.find(self.line + "\n")
        end = page.find("\n## ", begin)
        return "" if begin < 0 else page[begin:end if end >= 0 else len(page)].rstrip("\n")


@dataclasses.dataclass(frozen=True)
class Section:
    heading: Heading
    benchmarks: str  # alternatives of a regular expression
    rows: tuple  # of (what is measured, benchmark, its counter, unit, must / aim)
    intro: str  # with {rounds}

    def measure(self, program, rounds):
        """{benchmark: its counters}."""
        command = [program, f"--benchmark_filter=^BM_({self.benchmarks})(/|$)", f"--rounds={rounds}", "--benchmark_format=json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            sys.exit(f"bench_section: {program} ended with {done.returncode}")
        return {re.sub(r"/iterations:\d+", "", b["name"]): b for b in json.loads(done.stdout)["benchmarks"]}

    def text(self, measured, table, machine, rounds):
        lines = []
        for what, bench, counter, unit, bound in self.rows:
            at = measured[bench]
            spread = "-"
            if f"{counter}:low" in at:
                spread = f"{cell(at[f'{counter}:low'])}-{cell(at[f'{counter}:high'])}"
            lines.append([what, cell(at[counter]), spread, unit, bound])
        header = ["what", "median", "10-90 %", "unit", "must / aim"]
        return "\n\n".join([self.heading.line, self.intro.format(rounds=rounds), table(header, lines), f"Machine: {machine}."])
