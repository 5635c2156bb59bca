"""The section of docs/performance.md about the compiled scanner: what the table by capture does not show."""

from bench_section import Heading, Section

SECTION = Section(
    heading=Heading("## The compiled scanner"),
    benchmarks="Compiling|FirstSight|Skeletons|FromMemory|OneBatch|TwoThreads",
    rows=(
        ("making code, share of the scan, all captures once", "BM_Compiling", "share", "%", "-"),
        ("the same, the capture where it is most", "BM_Compiling", "worst", "%", "1"),
        ("the same, a capture until all that is hot is code", "BM_Compiling", "settled", "%", "1"),
        ("a sequence made code of", "BM_Compiling", "each", "ns", "-"),
        ("3D, each capture once, all captures between, against the loop", "BM_FirstSight", "audit", "x", "0.4 / 0.25"),
        ("the same, four queued", "BM_FirstSight", "queued", "x", "0.5 / 0.36"),
        ("the same, interpreter", "BM_FirstSight", "interpreter", "x", "-"),
        ("3D, learned, unaudited dwords random, in cache, against the loop", "BM_Skeletons", "in_cache", "x", "0.25 / 0.17"),
        ("its floor: memcpy against the loop", "BM_Skeletons", "in_cache_memcpy", "x", "-"),
        ("the same in no cache, against the loop", "BM_Skeletons", "cold", "x", "-"),
        ("its floor: memcpy against the loop", "BM_Skeletons", "cold_memcpy", "x", "-"),
        ("3D, walk + copy + audit, first sight: speed kept of walk + copy", "BM_FromMemory", "in_cache_first_sight", "x", "0.25 / 0.4"),
        ("the same, learned", "BM_FromMemory", "in_cache_learned", "x", "-"),
        ("first sight, guest memory in no cache", "BM_FromMemory", "cold_first_sight", "x", "0.5 / 0.65"),
        ("the same, learned", "BM_FromMemory", "cold_learned", "x", "-"),
        ("a batch of 2 to 4 KiB: walk, copy, audit", "BM_OneBatch", "ns", "ns", "-"),
        ("the same, against walk, copy, table loop", "BM_OneBatch", "ratio", "x", "2.0 / 1.3"),
        ("the same at first sight", "BM_OneBatch", "first_sight", "x", "2.0 / 1.3"),
        ("two threads copy so much more than one", "BM_TwoThreads", "memcpy", "x", "-"),
        ("two threads audit so much more, against that", "BM_TwoThreads", "interpreter", "x", "0.9"),
        ("the same, compiled", "BM_TwoThreads", "compiled", "x", "0.9"),
    ),
    intro=(
        "Making code: beside the scan by an engine made just before. Each capture once: by a new engine, on a processor that has had "
        "all other captures since it last saw this one. In cache: each batch is copied just before it is audited or "
        "stepped through, as a mediator does, and what copying alone takes is taken off; in no cache: evicted just before. "
        "Medians of {rounds} rounds, of a tenth of them for making code; what is compared is done by turns; 10-90 %. "
        "Code: bench/compiled_bench.cc, bench/sight_bench.cc."
    ),
)
