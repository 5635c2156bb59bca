"""Runs clang-tidy-14 with .clang-tidy over the sources of the library folders and tools/, from the compile database of --build.

A source whose preprocessed text and configuration were clean before is not read again (stamps in BUILD/tidy-stamps).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

import tree

FOLDERS = tree.LIBRARY_FOLDERS + ("tools",)


def commands(build):
    """[(source, compile command)] for the sources that are checked."""
    database = json.loads((build / "compile_commands.json").read_text())
    wanted = {}
    for entry in database:
        source = pathlib.Path(entry["file"])
        if source.is_relative_to(tree.ROOT) and source.relative_to(tree.ROOT).parts[0] in FOLDERS:
            wanted[source] = entry
    return sorted(wanted.items())


def stamp_of(build, entry):
    """Where the stamp of this exact input lies: preprocessed text with comments (they hold NOLINT) and the configuration."""
    arguments = shlex.split(entry["command"])
    arguments = [a for a in arguments if "ccache" not in a]
    cut = arguments.index("-o")
    arguments = arguments[:cut] + arguments[cut + 2:]
    text = subprocess.run([*[a for a in arguments if a != "-c"], "-E", "-CC"], cwd=entry["directory"], capture_output=True, check=False).stdout
    digest = hashlib.sha256(text + (tree.ROOT / ".clang-tidy").read_bytes()).hexdigest()
    return build / "tidy-stamps" / digest


def check(build, source, entry):
    """The complaints of clang-tidy about one source; empty when it is clean."""
    stamp = stamp_of(build, entry)
    if stamp.exists():
        return ""
    result = subprocess.run(
        ["clang-tidy-14", "--quiet", "--warnings-as-errors=*", "-p", str(build), str(source)], capture_output=True, text=True, check=False)
    # A configuration that does not parse is reported, yet exits with 0.
    if result.returncode == 0 and "Error parsing" not in result.stderr:
        stamp.touch()
        return ""
    return result.stdout + result.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a build folder configured with clang")
    parser.add_argument("folders", nargs="*", help="only these folders")
    options = parser.parse_args()
    build = options.build.resolve()
    (build / "tidy-stamps").mkdir(exist_ok=True)
    work = [(s, e) for s, e in commands(build) if not options.folders or s.relative_to(tree.ROOT).parts[0] in options.folders]
    if not work:
        sys.exit("clang_tidy: no source to check in the compile database")
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for report in pool.map(lambda item: check(build, *item), work):
            if report:
                print(report)
                bad += 1
    print(f"clang-tidy: {len(work)} sources, {bad} with complaints")
    sys.exit(1 if bad else 0)


main()
