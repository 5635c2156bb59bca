"""Which shared libraries programs need, found in an unpacked tree of packages: by name in each file's dynamic section."""

import re
import subprocess

NEEDED = re.compile(r"\((?:NEEDED)\)\s+Shared library: \[(.+)\]")
FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")


def needed_by(path):
    text = subprocess.run(["readelf", "-d", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return NEEDED.findall(text)


def find(tree, name):
    for folder in FOLDERS:
        if (tree / folder / name).exists():
            return tree / folder / name
    raise SystemExit(f"e2e: no package holds the library {name}")


def closure(tree, files):
    """{library name: file} of all libraries that `files` need, and what these need."""
    found = {}
    open_files = list(files)
    while open_files:
        for name in needed_by(open_files.pop()):
            if name not in found:
                found[name] = find(tree, name).resolve()
                open_files.append(found[name])
    return found
