"""A section of docs/performance.md: figures of gvt_bench beside what must be reached."""

import dataclasses
import json
import re
import subprocess
import sys


def cell(value):
    if value >= 10000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


@dataclasses.dataclass(frozen=True)
class Section:
    heading: str
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
        return "\n\n".join([self.heading, self.intro.format(rounds=rounds), table(header, lines), f"Machine: {machine}."])

    def replace(self, page, section):
        """The page with the section in place of the one it has, or behind all others."""
        begin = page.find(self.heading)
        if begin < 0:
            return page.rstrip("\n") + "\n\n" + section + "\n"
        end = page.find("\n## ", begin)
        return page[:begin] + section + ("\n" if end < 0 else "\n" + page[end:])
