#!/usr/bin/env python3
"""make_seeds.py --build BUILD [--out FOLDER]: makes the seeds of fuzz/seeds that are not found by fuzzing.

Runs gvt_make_seeds over the bundled captures, then adds what is easier said in Python: error states, and compressed AUB files. Inputs
that fuzzing found are added by scripts/fuzz_merge.sh and have the SHA-1 of their content as name.
"""

import argparse
import gzip
import lzma
import pathlib
import shutil
import struct
import subprocess
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
NOOP, BATCH_END, BATCH_START = 0, 0x05000000, 0x18800101


def ascii85(data):
    """The kernel's ASCII85: little-endian words, most significant digit first, 'z' for zero."""
    data += bytes(-len(data) % 4)
    text = ""
    for (word,) in struct.iter_unpack("<I", data):
        digits = ""
        for _ in range(5):
            digits = chr(33 + word % 85) + digits
            word //= 85
        text += "z" if digits == "!!!!!" else digits
    return text


def plain(*dwords):
    return "~" + ascii85(struct.pack(f"<{len(dwords)}I", *dwords))


def deflated(*dwords, pages=1):
    data = struct.pack(f"<{len(dwords)}I", *dwords)
    return ":" + ascii85(zlib.compress(data + bytes(4096 * pages - len(data))))


def block(engine, ring=0x1000, head=0, request_head=0, tail=16, suffix=""):
    return (f"{engine} command stream:{suffix}\n  START: 0x{ring:08x}\n  HEAD:  0x{head:08x} [0x{request_head:08x}]\n"
            f"  TAIL:  0x{tail:08x} [0x00000000, 0x00000010]\n  CTL:   0x00000001\n"
            f"  batch: [0x00000000_00100000, 0x00000000_00102000]\n  PDP0: 0x0000000000001000\n")


def item(engine, name, address, contents, extra=""):
    return f"{engine} --- {name} = 0x{address >> 32:08x} {address & 0xffffffff:08x}\n{extra}{contents}\n"


RING = plain(BATCH_START, 0x100000, 0, NOOP, *[0] * 1020)
HEAD = "Kernel: 6.1.0 x86_64\nPCI ID: 0x1912\n"


def error_states():
    """Name -> text: what kernels of all ages write, and what is wrong in one way each."""
    good = HEAD + block("rcs0") + item("rcs0", "ring", 0x1000, RING) + item("rcs0", "batch", 0x100000, deflated(NOOP, BATCH_END))
    old = ("PCI ID: 0x1616\n" + block("render") + item("render ring", "ringbuffer", 0x1000, RING) +
           item("render ring", "gtt_offset", 0x100000, deflated(BATCH_END)) + block("blt") +
           item("blt ring", "WA batchbuffer", 0x5000, deflated(BATCH_END)))
    engines = HEAD + "".join(
        block(e, ring=0x1000 * (i + 1)) + item(e, "ring", 0x1000 * (i + 1), RING) + item(e, "HW context", 0x20000 + 0x10000 * i,
        deflated(pages=2)) for i, e in enumerate(["bcs0", "vcs0", "vcs1", "vecs0", "guc0"]))
    return {
        "all-engines": engines,
        "batch-only": HEAD + block("rcs0") + item("rcs0", "batch", 0x100000, deflated(NOOP, BATCH_END)),
        "nothing-to-run": HEAD + block("rcs0"),
        "old-names": old,
        "page-sizes": HEAD + block("rcs0") + item("rcs0", "batch", 0x200000, deflated(BATCH_END), "gtt_page_sizes = 0x00200000\n"),
        "no-contents": HEAD + item("rcs0", "user", 0x200000, "") + item("rcs0", "semaphores", 0x3000, plain(1)),
        "carriage-returns": good.replace("\n", "\r\n"),
        "foreign-ring-registers": good.replace("START: 0x00001000", "START: 0x00009000"),
        "head-outside": good.replace("HEAD:  0x00000000 [0x00000000]", "HEAD:  0x00000000 [0x0000ff00]"),
        "unknown-gpu": "PCI ID: 0x0166\n" + block("rcs0"),
        "no-pci-id": block("rcs0"),
        "object-first": item("rcs0", "ring", 0x1000, RING) + HEAD,
        "bad-digit": HEAD + item("rcs0", "ring", 0x1000, "~abc{e"),
        "cut-group": HEAD + item("rcs0", "ring", 0x1000, "~zzabc"),
        "largest-word": HEAD + item("rcs0", "ring", 0x1000, "~s8W-!z"),
        "overflowing-word": HEAD + item("rcs0", "ring", 0x1000, "~s8W-\"z"),
        "cut-stream": HEAD + item("rcs0", "batch", 0x100000, deflated(1, 2, 3)[:40]),
        "bad-stream": HEAD + item("rcs0", "batch", 0x100000, ":" + ascii85(bytes(range(64)))),
        "large-object": HEAD + item("rcs0", "batch", 0x100000, deflated(pages=80)),
        "many-pages": HEAD + "".join(item("rcs0", "user", 0x100000 * (i + 1), deflated(pages=60)) for i in range(6)),
        "outside-ggtt": HEAD + item("rcs0", "ring", 0xfffff000, deflated(pages=2)),
        "file-cut": good[:-40],
    }


def compressed(aub):
    """Name -> bytes: each format whole, twice, cut, and damaged."""
    forms = {"xz": lzma.compress(aub), "gz": gzip.compress(aub, mtime=0)}
    zstd = shutil.which("zstd")
    if zstd:
        forms["zst"] = subprocess.run([zstd, "-q", "-c"], input=aub, stdout=subprocess.PIPE, check=True).stdout
    seeds = {}
    for kind, data in forms.items():
        seeds[f"whole-{kind}"] = data
        seeds[f"twice-{kind}"] = data + data
        seeds[f"cut-{kind}"] = data[:-9]
        middle = len(data) // 2
        seeds[f"damaged-{kind}"] = data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1:]
    return seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a build folder with bin/gvt_make_seeds")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "fuzz/seeds")
    options = parser.parse_args()
    captures = sorted((ROOT / "bench/corpora").glob("*.aub.xz"))
    subprocess.run([options.build / "bin/gvt_make_seeds", options.out, *captures], check=True)
    folder = options.out / "error_state"
    folder.mkdir(parents=True, exist_ok=True)
    sample = ROOT / "tests/capture/data/sample-error-state.txt"
    (folder / "sample").write_bytes(sample.read_bytes())
    for name, text in error_states().items():
        (folder / name).write_bytes(text.encode())
    for name, data in compressed((options.out / "aub/two-elements").read_bytes()).items():
        (options.out / "aub" / name).write_bytes(data)


main()
