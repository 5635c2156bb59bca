"""The section of docs/performance.md about workloads that are as small as they can be."""

from bench_section import Heading, Section

SECTION = Section(
    heading=Heading("## Small workloads"),
    benchmarks="EmptyWorkload|SmallWorkload|Dispatch",
    rows=(
        ("empty workloads, render engine", "BM_EmptyWorkload/rcs", "workloads/s", "a second", "500,000 / 1,000,000"),
        ("empty workloads, blitter", "BM_EmptyWorkload/bcs", "workloads/s", "a second", "500,000 / 1,000,000"),
        ("a batch of 100 bytes, 8 tables mapped", "BM_SmallWorkload/100/8", "ns", "ns", "5,000 / 2,000"),
        ("the same, 2,048 tables mapped", "BM_SmallWorkload/100/2048", "ns", "ns", "5,000 / 2,000"),
        ("a batch of 800 bytes, 8 tables mapped", "BM_SmallWorkload/800/8", "ns", "ns", "5,000 / 2,000"),
        ("the same, 2,048 tables mapped", "BM_SmallWorkload/800/2048", "ns", "ns", "5,000 / 2,000"),
        ("submit to dispatch, p50, against a futex wake's", "BM_Dispatch", "p50:ratio", "x", "-"),
        ("the same, p99", "BM_Dispatch", "p99:ratio", "x", "1.5"),
    ),
    intro=(
        "All of it on one core, the guest's own part included: ring, execution list, audit, dispatch, context load and save, "
        "status entries, message, acknowledgement. Dispatch: until an engine's thread that sleeps runs the first command, beside a thread "
        "that sleeps in a futex, by turns, each by the woken thread's own clock; percentiles of the whole run. Medians of {rounds} rounds; 10-90 %. Code: bench/workload_bench.cc."
    ),
)
