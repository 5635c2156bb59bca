"""Every .cc and .c of the project is compiled by somebody, and every header and table is included by somebody: no dead files.

What is compiled is read from the CMakeLists.txt files: a folder that gvt_library() or the test rule globs, or a file that is named.
"""

import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def globbed(root):
    """Folders whose *.cc are all compiled: those that call gvt_library(), and the folders below tests/ with a *_test.cc."""
    folders = set()
    for path in tree.files(root, (".txt",)):
        if path.name == "CMakeLists.txt" and re.search(r"^\s*gvt_library\(", tree.text(path), re.MULTILINE):
            folders.add(path.parent)
    folders |= {p.parent for p in tree.files(root, (".cc",)) if p.name.endswith("_test.cc") and p.parent.parent == root / "tests"}
    return folders


def sources(root):
    folders = globbed(root)
    found = []
    for path in tree.files(root, (".cc", ".c")):
        if path.parent in folders:
            continue
        name = path.relative_to(root).as_posix()
        if not named_above(root, path):
            found.append(f"{name}:1: no CMakeLists.txt compiles it")
    return found


def named_above(root, path):
    """True when a CMakeLists.txt or *.cmake between the file's folder and the root names it, globs its kind, or makes its name."""
    folder = path.parent
    while True:
        for file in [folder / "CMakeLists.txt", *folder.glob("*.cmake")]:
            if not file.is_file():
                continue
            rules = tree.text(file)
            relative = path.relative_to(folder).as_posix()
            patterns = [re.escape(relative), r"\bGLOB\b[^)]*\*\.cc"]
            # A loop over names: add_fuzzer(scan) with ${name}_fuzzer.cc in the rule.
            stem, _, kind = path.name.rpartition("_")
            if stem and folder == path.parent:
                patterns.append(rf"(?s)\b{re.escape(stem)}\b(?=.*\}}_{re.escape(kind)})|\}}_{re.escape(kind)}(?=.*\b{re.escape(stem)}\b)")
            if any(re.search(p, rules) for p in patterns):
                return True
        if folder == root:
            return False
        folder = folder.parent


def headers(root):
    included = set()
    for path in tree.files(root, tree.CODE):
        for name in INCLUDE.findall(tree.text(path)):
            included |= {(root / name).resolve(), (path.parent / name).resolve()}
    return [
        f"{path.relative_to(root)}:1: nobody includes it"
        for path in tree.files(root, (".h", ".inc"))
        if path.resolve() not in included and path.relative_to(root).parts[0] != "include"
    ]


def self_test():
    clean = {
        "hw/CMakeLists.txt": "gvt_library(hw)\n", "hw/a.cc": '#include "hw/a.h"\n', "hw/a.h": "",
        "tools/CMakeLists.txt": "gvt_executable(gvtcore main.cc)\n", "tools/main.cc": "",
        "fuzz/CMakeLists.txt": "gvt_fuzzer(scan)\n add_executable(${name} ${name}_fuzzer.cc)\n", "fuzz/scan_fuzzer.cc": "",
        "tests/hw/a_test.cc": "", "tests/hw/helper.cc": "",
    }
    tree.expect(sources, clean, [])
    tree.expect(sources, {**clean, "tools/dead.cc": ""}, ["tools/dead.cc"])
    tree.expect(sources, {**clean, "fuzz/dead_fuzzer.cc": ""}, ["fuzz/dead_fuzzer.cc"])
    tree.expect(sources, {**clean, "tests/lost/x.cc": ""}, ["tests/lost/x.cc"])
    tree.expect(headers, clean, [])
    tree.expect(headers, {**clean, "hw/dead.h": ""}, ["hw/dead.h"])


tree.main([sources, headers], self_test)
