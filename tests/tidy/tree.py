"""What the tidy checks share: the project's own files, and one main() for check and self-test.

A check is a function root -> list of complaints (strings, "path:line: text"). Each check script also plants its defect in a small tree
of its own and proves that it is found: `python3 X_check.py --self-test`.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = (".h", ".cc", ".c", ".inc")
LIBRARY_FOLDERS = ("base", "hw", "capture", "scanner", "recall", "jit", "hostif", "shadow", "gpu", "sched", "vgpu", "core")


def files(root, suffixes=None):
    """The files under root that belong to the project: what git tracks or would track; all files where root is no git repository."""
    root = pathlib.Path(root)
    try:
        if not (root / ".git").exists():
            raise OSError
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            check=True, capture_output=True).stdout.decode().split("\0")
        paths = [root / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [p for p in root.rglob("*") if "build" not in p.relative_to(root).parts[:1]]
    paths = [p for p in sorted(set(paths)) if p.is_file()]
    return [p for p in paths if suffixes is None or p.suffix in suffixes]


def text(path):
    """A file's text; bytes that are no UTF-8 are replaced, for captures and other binary files are read as well."""
    return path.read_text(encoding="utf-8", errors="replace")


def plant(tree):
    """A temporary directory with the files of `tree`, {path: content}. Use as a context manager."""
    holder = tempfile.TemporaryDirectory()
    for name, content in tree.items():
        path = pathlib.Path(holder.name) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return holder


def expect(check, tree, wanted):
    """Fails unless check() on the planted tree complains exactly once per substring in `wanted`, in any order."""
    with plant(tree) as root:
        found = check(pathlib.Path(root))
    ok = len(found) == len(wanted) and all(any(w in f for f in found) for w in wanted)
    if not ok:
        sys.exit(f"self-test of {check.__name__}: wanted complaints about {wanted}, got {found}")


def main(checks, self_test):
    """Runs the checks on --root and exits 1 with their complaints, or runs the self-test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
        print("self-test passed")
        return
    complaints = [c for check in checks for c in check(options.root)]
    for complaint in complaints:
        print(complaint)
    if complaints:
        sys.exit(f"{len(complaints)} complaint(s)")
