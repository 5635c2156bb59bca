"""Runs clang-tidy-14 with .clang-tidy over the sources of the library folders and tools/, from the compile database of --build.

Most of its time goes into the standard library's headers, so sources are read together, as one source that includes them, as
far as their names leave each other in peace. Where that has any complaint, each of them is read by itself, and what is said then
counts.
A text that was clean before, with its configuration, is not read again (stamps in BUILD/tidy-stamps).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import tree

FOLDERS = tree.LIBRARY_FOLDERS + ("tools",)
# How many sources are read together at most; of tools/, with its large libraries, fewer: finding out which go together takes longer.
TOGETHER = 32
TOOLS_TOGETHER = 12
# Complaints about the sources, which are no main file then, and about the headers that .clang-tidy names.
HEADERS = re.search(r"^HeaderFilterRegex: '(.*)'$", (tree.ROOT / ".clang-tidy").read_text(), re.MULTILINE)[1]
OURS = rf"{HEADERS}|\.cc$"


def commands(build):
    """[(source, its compiler's options)] for the sources that are checked."""
    database = json.loads((build / "compile_commands.json").read_text())
    wanted = {}
    for entry in database:
        source = pathlib.Path(entry["file"])
        if source.is_relative_to(tree.ROOT) and source.relative_to(tree.ROOT).parts[0] in FOLDERS:
            words = shlex.split(entry["command"])
            first = next(i for i, word in enumerate(words) if pathlib.Path(word).name.startswith("clang"))
            wanted[source] = tuple(words[first:words.index("-o")])
    return sorted(wanted.items())


def groups(work):
    """[([source], options)]: sources with the same options, many first. Those of tools/ are neighbours; the others are dealt out, so
    that those of one folder, which use the same names for different things, come together seldom."""
    alike = {}
    for source, options in work:
        alike.setdefault((options, source.suffix, source.relative_to(tree.ROOT).parts[0] == "tools"), []).append(source)
    result = []
    for (options, _, of_tools), sources in alike.items():
        if of_tools:
            result += [(sources[i:i + TOOLS_TOGETHER], options) for i in range(0, len(sources), TOOLS_TOGETHER)]
        else:
            count = -(-len(sources) // TOGETHER)
            result += [(sources[i::count], options) for i in range(count)]
    return sorted(result, key=lambda group: -len(group[0]))


def joined(build, sources):
    """A source that includes all of them; it is written where stamps are."""
    text = "".join(f'#include "{source}"  // NOLINT(bugprone-suspicious-include)\n' for source in sources)
    one = build / "tidy-stamps" / (hashlib.sha256(text.encode()).hexdigest()[:16] + sources[0].suffix)
    one.write_text(text)
    return one


def apart(build, sources, options):
    """The sources as groups each of which compiles as one: a name that two of them have for themselves parts them."""
    if len(sources) == 1:
        return [sources]
    command = [*options, "-fsyntax-only", "-ferror-limit=0", str(joined(build, sources))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return [sources]
    errors = {line.split(":")[0] for line in result.stderr.splitlines() if ": error: " in line}
    out = [source for source in sources if str(source) in errors]
    if not out or len(out) == len(sources):
        out = sources[len(sources) // 2:]
    return apart(build, [source for source in sources if source not in out], options) + apart(build, out, options)


def check(build, sources, options):
    """The complaints of clang-tidy about some sources; empty when they are clean."""
    one = joined(build, sources)
    # With comments, which hold NOLINT.
    whole = subprocess.run([*options, "-E", "-CC", str(one)], capture_output=True, check=False).stdout
    stamp = build / "tidy-stamps" / hashlib.sha256(whole + (tree.ROOT / ".clang-tidy").read_bytes()).hexdigest()
    if stamp.exists():
        return ""
    parts = apart(build, sources, options)
    if len(parts) > 1:
        report = "".join(check(build, part, options) for part in parts)
        if not report:
            stamp.touch()
        return report
    alone = len(sources) == 1
    rules = [] if alone else [f"--header-filter={OURS}", f"--config-file={tree.ROOT}/.clang-tidy"]
    command = ["clang-tidy-14", "--quiet", "--warnings-as-errors=*", *rules, str(sources[0] if alone else one), "--", *options[1:]]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    # A configuration that does not parse is reported, yet exits with 0.
    if result.returncode == 0 and "Error parsing" not in result.stderr:
        stamp.touch()
        return ""
    return result.stdout + result.stderr if alone else "".join(check(build, [source], options) for source in sources)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a build folder configured with clang")
    parser.add_argument("folders", nargs="*", help="only these folders")
    options = parser.parse_args()
    build = options.build.resolve()
    (build / "tidy-stamps").mkdir(exist_ok=True)
    work = [(s, o) for s, o in commands(build) if not options.folders or s.relative_to(tree.ROOT).parts[0] in options.folders]
    if not work:
        sys.exit("clang_tidy: no source to check in the compile database")
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for report in pool.map(lambda group: check(build, *group), groups(work)):
            if report:
                print(report)
                bad += 1
    print(f"clang-tidy: {len(work)} sources, {bad} with complaints")
    sys.exit(1 if bad else 0)


main()
