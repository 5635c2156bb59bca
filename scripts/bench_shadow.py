"""The section of docs/performance.md about shadow page tables."""

from bench_section import Heading, Section

SECTION = Section(
    heading=Heading("## Shadow page tables"),
    benchmarks="Populate|PopulateScattered|Submission|Lookup|LookupBesideWriter",
    rows=(
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
    ),
    intro=(
        "Populate: 65,536 entries of 4 KiB pages in 128 tables, one walk each; x: times the memcpy of the entries, into memory that "
        "is touched first or was used before, as the tables' is. 510 slots: guest memory in as many pieces as there may be "
        "([decision 0021](decisions/0021-leases-are-slots.md)). Lookups: 4,096 names, nine of ten there; how many times as long TBB's "
        "maps take. Medians of {rounds} rounds, ratios within a round; 10-90 %. Code: bench/shadow_bench.cc."
    ),
)
