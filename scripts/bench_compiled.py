"""The section of docs/performance.md about the compiled scanner: what the table by capture does not show."""

from bench_section import Heading, Section

SECTION = Section(
    heading=Heading("## The compiled scanner"),
    benchmarks="Compiling|Skeletons|OneBatch|TwoThreads",
    rows=(
        ("making code, share of the scan, all captures once", "BM_Compiling", "share", "%", "-"),
        ("the same, the capture where it is most", "BM_Compiling", "worst", "%", "1"),
        ("the same, a capture until all that is hot is code", "BM_Compiling", "settled", "%", "1"),
        ("a sequence made code of", "BM_Compiling", "each", "ns", "-"),
        ("3D, learned, unaudited dwords random, against the loop", "BM_Skeletons", "ratio", "x", "0.25 / 0.17"),
        ("a batch of 2 to 4 KiB: walk, copy, audit", "BM_OneBatch", "ns", "ns", "-"),
        ("the same, against walk, copy, table loop", "BM_OneBatch", "ratio", "x", "2.0 / 1.3"),
        ("two threads copy so much more than one", "BM_TwoThreads", "memcpy", "x", "-"),
        ("two threads audit so much more, against that", "BM_TwoThreads", "interpreter", "x", "0.9"),
        ("the same, compiled", "BM_TwoThreads", "compiled", "x", "0.9"),
    ),
    intro=(
        "Making code: beside the scan by an engine made just before. Medians of {rounds} "
        "rounds, of a tenth of them for making code; what is compared is done by turns; 10-90 %. Code: bench/compiled_bench.cc."
    ),
)
