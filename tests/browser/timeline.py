#!/usr/bin/env python3
"""Looks at the demo's page in a real browser.

  timeline.py --build build/release     runs `gvtcore demo --html` and opens the page in headless Chromium
  timeline.py --self-test               the judgement, without a browser

Nothing may leave the drawing, cover a lane's name or have no size; each lane has bars; and the picture shows each guest's colour.
"""

import argparse
import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURES = ("skl-iris-glxgears", "skl-igt-multiengine-nop")
BROWSER = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
           "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--window-size=1700,1300"]
LIMIT_S = 120
# What the browser made of the page, in units of the drawing; appended to a copy, for the page itself has no script.
PROBE = """
<script>
const svg = document.querySelector("svg");
const box = element => { const b = element.getBBox(); return [b.x, b.y, b.width, b.height]; };
const found = {
  drawing: [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height],
  shown: [svg.getBoundingClientRect().width, svg.getBoundingClientRect().height],
  page: [document.documentElement.scrollWidth, window.innerWidth],
  texts: [...svg.querySelectorAll("text")].map(t => ({box: box(t), text: t.textContent})),
  bars: [...svg.querySelectorAll("rect")].map(r => ({box: box(r), colour: r.getAttribute("fill")})),
  report: document.querySelector("pre").textContent.length,
};
document.title = "measured";
const out = document.createElement("textarea");
out.id = "found";
out.textContent = JSON.stringify(found);
document.body.append(out);
</script>
"""


def judge(found):
    """What is wrong with a page, as sentences."""
    wrong = []
    width, height = found["drawing"]
    lanes = [text for text in found["texts"] if text["box"][0] == 0]
    if not lanes:
        wrong.append("no lane has a name")
    for text in found["texts"]:
        x, y, w, h = text["box"]
        if w <= 0 or x < -1 or x + w > width + 1 or y < -1 or y + h > height + 1:
            wrong.append(f"the text {text['text']!r} is not within the drawing: {text['box']}")
    for bar in found["bars"]:
        x, y, w, h = bar["box"]
        if w <= 0 or h <= 0 or x + w > width or y + h > height:
            wrong.append(f"a bar is not within the drawing: {bar['box']}")
            break
    starts = [bar["box"][0] for bar in found["bars"]]
    for lane in lanes:
        if starts and lane["box"][2] > min(starts):
            wrong.append(f"bars cover the name {lane['text']!r}")
        middle = lane["box"][1] + lane["box"][3] / 2
        if not any(bar["box"][1] <= middle <= bar["box"][1] + bar["box"][3] for bar in found["bars"]):
            wrong.append(f"the lane {lane['text']!r} is empty")
    if min(found["shown"]) < 50:
        wrong.append(f"the drawing is shown in {found['shown']} pixels")
    if found["page"][0] > found["page"][1]:
        wrong.append("the page is wider than the window")
    if found["report"] < 200:
        wrong.append("the report is missing")
    return wrong


def pixels(png):
    """The colours of an 8-bit RGB or RGBA picture without interlace, as a set."""
    data, at, packed = png.read_bytes(), 8, b""
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    if depth != 8 or kind not in (2, 6):
        raise SystemExit(f"{png}: not a picture of 8-bit colours")
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at:at + 8])
        if name == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += length + 12
    size = 3 if kind == 2 else 4
    raw, stride = zlib.decompress(packed), width * size
    colours, above = set(), bytearray(stride)
    for row in range(height):
        filtered = raw[row * (stride + 1)]
        line = bytearray(raw[row * (stride + 1) + 1:(row + 1) * (stride + 1)])
        unfilter(filtered, line, above, size)
        colours.update(bytes(line[i:i + 3]) for i in range(0, stride, size))
        above = line
    return colours


def unfilter(kind, line, above, size):
    """One row of a PNG, in place. Source: PNG specification, section 9."""
    for i in range(len(line)):
        left = line[i - size] if i >= size else 0
        up, corner = above[i], above[i - size] if i >= size else 0
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 2:
            line[i] = (line[i] + up) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda value: abs(guess - value))
            line[i] = (line[i] + nearest) & 255


def browse(page, profile, *options):
    return subprocess.run([*BROWSER, f"--user-data-dir={profile}", *options, page.as_uri()], check=True, timeout=LIMIT_S,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def look(build, scratch):
    page, probed, picture = scratch / "demo.html", scratch / "probed.html", scratch / "demo.png"
    subprocess.run([build / "bin/gvtcore", "demo", "--seconds", "1", "--vgpus", "2", "--html", page,
                    *(ROOT / f"bench/corpora/{name}.aub.xz" for name in CAPTURES)], check=True, stdout=subprocess.DEVNULL)
    probed.write_text(page.read_text() + PROBE)
    dom = browse(probed, scratch / "profile", "--dump-dom")
    measured = re.search(r'<textarea id="found">(.*?)</textarea>', dom, re.DOTALL)
    if measured is None:
        return ["the browser ran no script"]
    found = json.loads(measured[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    wrong = judge(found)
    browse(page, scratch / "profile", f"--screenshot={picture}")
    seen = pixels(picture)
    for colour in {bar["colour"] for bar in found["bars"]}:
        if bytes.fromhex(colour[1:]) not in seen:
            wrong.append(f"nothing in the picture has the colour {colour}")
    if not wrong:
        print(f"timeline: {len(found['bars'])} bars in {found['shown'][0]:.0f} x {found['shown'][1]:.0f} pixels, nothing wrong")
    return wrong


def self_test():
    bar = {"box": [300, 40, 5, 16], "colour": "#000000"}
    good = {"drawing": [1690, 84], "shown": [1600, 80], "page": [1700, 1700], "report": 900,
            "texts": [{"box": [0, 38, 90, 14], "text": "lane"}], "bars": [bar]}
    assert judge(good) == [], judge(good)
    for key, value in {"shown": [0, 0], "page": [1800, 1700], "report": 0, "texts": [], "bars": []}.items():
        assert judge({**good, key: value}), key
    for box in ([200, 40, 1600, 16], [300, 40, 0, 16], [40, 40, 5, 16]):
        assert judge({**good, "bars": [{**bar, "box": box}]}), box
    assert judge({**good, "texts": [{"box": [0, 80, 90, 14], "text": "lane"}]})
    line = bytearray([1, 2, 3, 1, 1, 1])
    unfilter(1, line, bytearray(6), 3)
    assert line == bytearray([1, 2, 3, 2, 3, 4])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test or options.build is None:
        return self_test()
    with tempfile.TemporaryDirectory(prefix="gvtcore-timeline-") as name:
        wrong = look(options.build.resolve(), pathlib.Path(name))
    for sentence in wrong:
        print(f"timeline: {sentence}", file=sys.stderr)
    return 1 if wrong else None


if __name__ == "__main__":
    sys.exit(main())
