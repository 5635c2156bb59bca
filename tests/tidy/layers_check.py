"""Includes only point down: every #include "folder/..." must be allowed by cmake/layers.txt."""

import re

import tree

# Folders that a build may leave out, with all of them that a library below may know then.
OPTIONAL = {"jit": "jit/make_engine.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([a-z_]+(?:/[A-Za-z0-9_.]+)+)[">]')


def rules(root):
    """{folder: set of folders it may include, or None for all}."""
    table = {}
    for line in tree.text(root / "cmake/layers.txt").splitlines():
        match = re.match(r"^([a-z_/]+):(.*)$", line)
        if match:
            allowed = match[2].split()
            table[match[1]] = None if allowed == ["*"] else set(allowed)
    return table


def folder_of(name, table):
    """The longest layer that the path lies in, or None: gpu/soft/x.h belongs to gpu/soft where that has a row."""
    parts = name.split("/")[:-1]
    while parts:
        if "/".join(parts) in table:
            return "/".join(parts)
        parts.pop()
    return None


def layers(root):
    table = rules(root)
    found = []
    for path in tree.files(root, tree.CODE):
        name = path.relative_to(root).as_posix()
        folder = folder_of(name, table)
        top = name.split("/")[0]
        if folder is None:
            if top in tree.LIBRARY_FOLDERS:
                found.append(f"{name}:1: folder {top} has no row in cmake/layers.txt")
            continue
        allowed = table[folder]
        if allowed is None:
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = INCLUDE.match(line)
            target = folder_of(match[1], table) if match else None
            if match and target is None and (root / match[1]).is_file():
                target = match[1].split("/")[0]
            if target and target != folder and target not in allowed:
                found.append(f"{name}:{number}: {folder} may not include {target} ({match[1]})")
            elif target in OPTIONAL and target != folder and match[1] != OPTIONAL[target]:
                found.append(f"{name}:{number}: a build without {target} has no {match[1]}, only {OPTIONAL[target]}")
    return found


def self_test():
    clean = {
        "cmake/layers.txt": "# comment: not a row\nbase:\nhw: base\nscanner: base hw\ntests: *\n",
        "base/a.h": "#include <vector>\n",
        "hw/b.h": '#include "base/a.h"\n#include "hw/c.h"\n#include <sys/mman.h>\n',
        "tests/hw/t.cc": '#include "scanner/s.h"\n',
    }
    tree.expect(layers, clean, [])
    tree.expect(layers, {**clean, "hw/up.cc": '#include "scanner/scan.h"\n'}, ["hw/up.cc:1: hw may not include scanner"])
    tree.expect(layers, {**clean, "base/up.h": '\n#  include <hw/c.h>\n'}, ["base/up.h:2"])
    tree.expect(layers, {**clean, "scanner/t.cc": '#include "tests/hw/t.h"\n'}, ["scanner may not include tests"])
    tree.expect(layers, {**clean, "jit/new.cc": "int x;\n"}, ["jit has no row"])
    rows = {"cmake/layers.txt": "jit:\ncore: jit\n", "jit/make_engine.h": "", "core/a.cc": '#include "jit/make_engine.h"\n'}
    tree.expect(layers, rows, [])
    tree.expect(layers, {**rows, "core/b.cc": '#include "jit/trace.h"\n'}, ["core/b.cc:1: a build without jit has no jit/trace.h"])


tree.main([layers], self_test)
