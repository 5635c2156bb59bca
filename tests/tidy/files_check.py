"""What every file keeps to: length, words that promise later work, no machine's paths, a README a folder."""

import re

import tree

MAX_LINES = 600
MAX_README_LINES = 40
TEXT = tree.CODE + (".py", ".sh", ".cmake", ".txt", ".md", ".json", ".gvt", ".1", "")
# Put together from halves, so that this file does not contain them.
WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(work|home|root|tmp|build)" r"/[A-Za-z0-9_.]+")
SOURCE_FOLDERS = tree.LIBRARY_FOLDERS + ("tools", "bench", "fuzz", "tests")


def length(root):
    """Hand-written source has at most MAX_LINES lines; tables (.inc) are exempt."""
    found = []
    for path in tree.files(root, (".h", ".cc", ".c", ".py", ".sh")):
        count = len(tree.text(path).splitlines())
        if count > MAX_LINES:
            found.append(f"{path.relative_to(root)}:{count}: {count} lines, at most {MAX_LINES}")
    return found


def words(root):
    found = []
    for path in tree.files(root, TEXT):
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = WORDS.search(line)
            if match:
                found.append(f"{path.relative_to(root)}:{number}: the word {match[0]}: do it, or file it")
    return found


def machine_paths(root):
    """No absolute path of somebody's machine. Scratch paths in tests come from the test framework."""
    found = []
    for path in tree.files(root, TEXT):
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = MACHINE_PATH.search(line)
            if match:
                found.append(f"{path.relative_to(root)}:{number}: a machine's path: {match[0]}")
    return found


def readmes(root):
    found = []
    tops = {p.relative_to(root).parts[0] for p in tree.files(root, tree.CODE) if len(p.relative_to(root).parts) > 1}
    for top in sorted(tops & set(SOURCE_FOLDERS)):
        readme = root / top / "README.md"
        if not readme.is_file():
            found.append(f"{top}/README.md:1: missing; purpose, main types, what the folder must not know")
        elif len(tree.text(readme).splitlines()) > MAX_README_LINES:
            found.append(f"{top}/README.md:{MAX_README_LINES}: longer than {MAX_README_LINES} lines")
    return found


def self_test():
    tree.expect(length, {"hw/a.cc": "x\n" * 600, "hw/t.inc": "x\n" * 900}, [])
    tree.expect(length, {"hw/a.cc": "x\n" * 601}, ["hw/a.cc:601"])
    for word in ("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK"):
        tree.expect(words, {"hw/a.h": f"// {word}: later\n", "hw/b.h": f"// {word}ED is another word\n"}, ["hw/a.h:1"])
    tree.expect(machine_paths, {"a.md": "see /wo" "rk/main/x and https://x.org/ho" "me/a\n"}, ["a.md:1"])
    tree.expect(machine_paths, {"a.sh": "cp $out/tm" "p/x build/release/bin /usr/include/a\n"}, [])
    tree.expect(readmes, {"hw/a.h": "", "hw/README.md": "ok\n", "scripts/x.cc": ""}, [])
    tree.expect(readmes, {"hw/a.h": ""}, ["hw/README.md:1: missing"])
    tree.expect(readmes, {"hw/a.h": "", "hw/README.md": "x\n" * 41}, ["longer than 40"])


tree.main([length, words, machine_paths, readmes], self_test)
