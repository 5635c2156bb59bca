"""clang-format has nothing to change in a .h or .cc; tables (.inc) are laid out by hand. Skipped where there is no clang-format-14."""

import shutil
import subprocess
import sys

import tree

TOOL = shutil.which("clang-format-14")


def formatted(root):
    paths = tree.files(root, (".h", ".cc", ".c"))
    if not paths:
        return []
    result = subprocess.run([TOOL, "--dry-run", *map(str, paths)], capture_output=True, text=True, check=False)
    files = sorted({line.split(":")[0] for line in result.stderr.splitlines() if "[-Wclang-format-violations]" in line})
    return [f"{name}:1: clang-format-14 -i would change it" for name in files]


def self_test():
    style = {".clang-format": tree.text(tree.ROOT / ".clang-format")}
    tree.expect(formatted, {**style, "a.cc": "int main() {\n  return 0;\n}\n"}, [])
    tree.expect(formatted, {**style, "a.cc": "int  main( )\n{ return 0;}\n"}, ["a.cc"])


if TOOL is None:
    print("skipped: no clang-format-14")
    sys.exit(77)
tree.main([formatted], self_test)
