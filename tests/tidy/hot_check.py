"""Every GVT_HOT function says above it which benchmark watches it: `// HOT: bench/scan_bench.cc BM_ScanBatch; ...`."""

import re

import tree

HOT_LINE = re.compile(r"//\s*HOT:\s+(bench/[\w./]+)\s+(BM_\w+)")
DEFINITION_OF_THE_MACRO = re.compile(r"^\s*#\s*define\s+GVT_HOT\b")


def hot(root):
    found = []
    for path in tree.files(root, (".h", ".cc", ".inc")):
        lines = tree.text(path).splitlines()
        name = path.relative_to(root).as_posix()
        for index, line in enumerate(lines):
            code = line.split("//")[0]
            if not re.search(r"\bGVT_HOT\b", code) or DEFINITION_OF_THE_MACRO.match(line):
                continue
            complaint = watched(root, lines, index)
            if complaint:
                found.append(f"{name}:{index + 1}: {complaint}")
    return found


def watched(root, lines, index):
    """Complaint about the comment block that ends above lines[index], template lines between allowed; None when it is in order."""
    above = index - 1
    while above >= 0 and re.match(r"^\s*(//|template\b|requires\b)", lines[above]):
        match = HOT_LINE.search(lines[above])
        if match:
            bench = root / match[1]
            if not bench.is_file():
                return f"{match[1]} does not exist"
            if not re.search(rf"\b{match[2]}\b", tree.text(bench)):
                return f"{match[1]} has no {match[2]}"
            return None
        above -= 1
    return "GVT_HOT without a line `// HOT: bench/FILE BM_NAME` above it"


def self_test():
    bench = {"bench/s_bench.cc": "void BM_Scan(benchmark::State&);\n"}
    good = "// Scans.\n// HOT: bench/s_bench.cc BM_Scan; no alloc\ntemplate <int N>\nGVT_HOT void F();\n"
    tree.expect(hot, {**bench, "hw/a.h": good, "base/check.h": "#define GVT_HOT [[gnu::hot]]\n"}, [])
    tree.expect(hot, {**bench, "hw/a.h": "// Scans.\nGVT_HOT void F();\n"}, ["without a line"])
    tree.expect(hot, {"hw/a.h": good}, ["does not exist"])
    tree.expect(hot, {"bench/s_bench.cc": "BM_Scanner\n", "hw/a.h": good}, ["has no BM_Scan"])


tree.main([hot], self_test)
