#!/usr/bin/env python3
"""foreign_trace.py ACCESSES.csv OUT.trace.xz [--tolerances ROWS.csv]: makes a boundary trace (docs/boundary-trace.md) of a guest's
accesses to some other device, so that `gvtcore replay` holds ours to the answers that it got. ACCESSES.csv has the columns region (cfg, bar0,
bar2, bar4), rw, size, offset, value; ROWS.csv region, first, last, reason: reads of these offsets may differ."""
import argparse
import csv
import lzma
import struct

REGIONS = {"cfg": 7, "bar0": 0, "bar2": 2, "bar4": 4}
READ, WRITE, TOLERANCE, END = 1, 2, 8, 0


def number(value):
    """LEB128."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def data(content):
    return number(len(content)) + content


def header(device):
    aperture = 256
    return b"GVTTRACE" + struct.pack("<10I", 1, 3, device, aperture, 0, aperture, aperture, 4096 - aperture, 4, 0)


def tolerances(path):
    for row in csv.DictReader(open(path, encoding="ascii")):
        first, last = int(row["first"], 16), int(row["last"], 16)
        yield bytes([TOLERANCE, REGIONS[row["region"]]]) + number(first) + number(last + 4 - first) + data(row["reason"].encode())


def accesses(path):
    for row in csv.DictReader(open(path, encoding="ascii")):
        kind = WRITE if row["rw"] == "w" else READ
        value = int(row["value"], 16).to_bytes(int(row["size"]), "little")
        yield bytes([kind, REGIONS[row["region"]]]) + number(int(row["offset"], 16)) + data(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("accesses")
    parser.add_argument("out")
    parser.add_argument("--device", type=lambda text: int(text, 16), default=0x1912)
    parser.add_argument("--tolerances")
    options = parser.parse_args()
    events = list(tolerances(options.tolerances)) if options.tolerances else []
    events += accesses(options.accesses)
    with open(options.out, "wb") as out:
        out.write(lzma.compress(header(options.device) + b"".join(events) + bytes([END]), preset=9))


if __name__ == "__main__":
    main()
