#!/usr/bin/env python3
"""Two stock Debian guests in two QEMUs on engines that they share by weight; one of them is then killed.

  run_pair.py --build build/release     boots both, measures, kills the lighter one, lets the other go on
  run_pair.py --self-test               the arithmetic, without guests

Both want all of the render engine at the same time: the heavier guest has to get its part of it. Then the lighter one's QEMU is killed
in the middle of a batch: the other has to have all of the engine, and everything that it does afterwards has to be right.
The consoles are kept in build/guest/logs. Exit status: 0 all as expected, 1 not, 2 could not be run.
"""

import argparse
import contextlib
import pathlib
import shutil
import sys
import tempfile
import threading

import guest_report
import run_guest
from console import Console

# A part that is due may be missed by so much: guests, engines and emulation share two processors.
TOLERANCE = 0.25
# Rounds that count: both are at it from the first report on.
FIRST, LAST = 1, 5


class Guest(threading.Thread):
    """Reads one guest's console to its end. Events tell how far it is."""

    def __init__(self, name, console):
        super().__init__(daemon=True)
        self.plan = run_guest.PLANS["plans"][name]
        self.console = console
        self.report = guest_report.Report()
        self.ready = [threading.Event(), threading.Event()]  # for the first and the second time
        self.ended = threading.Event()
        self.counted = threading.Event()  # the last round that counts, of the first time
        self.rounds = []  # a list for each time: (seconds, turns)

    def run(self):
        for line in self.console.lines():
            self.report.take(line)
            if line.startswith("GVT-SHARE-READY"):
                self.rounds.append([])
                self.ready[min(len(self.rounds), 2) - 1].set()
            elif line.startswith("GVT-SHARE "):
                _, number, seconds, turns = line.split()
                self.rounds[-1].append((float(seconds), int(turns)))
                if int(number) >= LAST:
                    self.counted.set()
        self.ended.set()
        for event in (*self.ready, self.counted):
            event.set()

    def rate(self, time):
        """Turns a second, the `time`-th time that it wanted the engine; None: it did not get so far."""
        return rate_of(self.rounds[time]) if len(self.rounds) > time else None


def rate_of(rounds):
    if len(rounds) < LAST:
        return None
    (begin, before), (end, after) = rounds[FIRST - 1], rounds[LAST - 1]
    return ((after - before) % (1 << 32)) / (end - begin)


def verdicts(shared, alone, other, weights):
    """(name, good, detail) of the rates of the heavier guest beside the other one and alone, and of the other one."""
    if None in (shared, alone, other):
        return [("rates", False, f"{shared}, alone {alone}, the other {other}")]
    due = weights[0] / sum(weights)
    part = shared / (shared + other)
    return [("part", abs(part - due) <= TOLERANCE * due, f"{part:.3f} of the engine, due {due:.3f}"),
            ("survivor", alone > shared, f"{alone / shared:.2f} times as much of it once it is alone")]


def run(build):
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        guests = []
        for name in ("share", "neighbour"):
            folder = scratch / name
            folder.mkdir()
            plan = run_guest.PLANS["plans"][name]
            command = run_guest.guest_command(plan, build, folder, None, scratch / "engines")
            console = stack.enter_context(Console(command, run_guest.GUEST / "logs" / f"{name}.log", plan["limit_s"]))
            guests.append(Guest(name, console))
        heavy, light = guests
        for guest in guests:
            guest.start()
        for guest in guests:
            guest.ready[0].wait()
        for guest in guests:
            guest.console.send_line()
        for guest in guests:
            guest.counted.wait()
        light.console.kill()
        heavy.ready[1].wait()
        if not heavy.ended.is_set():
            heavy.console.send_line()
        heavy.ended.wait()
    failures = heavy.report.failures(run_guest.expected_checks(heavy.plan), run_guest.PLANS["allowed"])
    if heavy.console.timed_out or heavy.console.exit_code != 0:
        failures.append(f"the survivor's QEMU ended with {heavy.console.exit_code}")
    weights = [guest.plan["weight"] for guest in guests]
    return heavy, verdicts(heavy.rate(0), heavy.rate(1), light.rate(0), weights), failures


def self_test():
    assert rate_of([(1.0, 10)]) is None
    assert rate_of([(1.0, 10), (2.0, 0), (3.0, 0), (4.0, 0), (5.0, 410)]) == 100
    assert rate_of([(1.0, (1 << 32) - 10), (2.0, 0), (3.0, 0), (4.0, 0), (5.0, 390)]) == 100
    assert [good for _, good, _ in verdicts(200, 300, 100, (16, 8))] == [True, True]
    assert [good for _, good, _ in verdicts(100, 100, 100, (16, 8))] == [True, False]
    assert [good for _, good, _ in verdicts(90, 180, 110, (16, 8))] == [False, True]
    assert [good for _, good, _ in verdicts(None, 1, 1, (16, 8))] == [False]
    print("self-test passed")


def main():
    parser = argparse.ArgumentParser(description="Two guests that share engines by weight; one of them is killed.")
    parser.add_argument("--build", type=pathlib.Path, default=run_guest.ROOT / "build/release")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        return 0
    for program in (options.build / "bin/gvtcore", run_guest.QEMU):
        if shutil.which(program) is None:
            print(f"run_pair: no program {program}", file=sys.stderr)
            return 2
    heavy, found, failures = run(options.build.resolve())
    for name, good, detail in [*heavy.report.checks, *found]:
        print(f"{'ok' if good else 'FAIL':4}  {name:22} {detail}")
    print("\n".join(f"  {failure}" for failure in failures), end="\n" if failures else "")
    good = not failures and all(good for _, good, _ in found)
    print(f"{'pass' if good else 'FAIL':4}  pair", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
