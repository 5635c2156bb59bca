"""Relative links in Markdown files lead to files, and `#anchors` in them to headings."""

import re

import tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def anchors(markdown):
    """GitHub's anchor of every heading."""
    found = set()
    for line in markdown.splitlines():
        match = re.match(r"^#+\s+(.*)$", line)
        if match:
            words = re.sub(r"[`*]", "", match[1].strip().lower())
            found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def links(root):
    found = []
    for path in tree.files(root, (".md",)):
        fenced = False
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"^[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                file = (path.parent / name) if name else path
                where = f"{path.relative_to(root)}:{number}"
                if not file.exists():
                    found.append(f"{where}: {target} leads nowhere")
                elif anchor and file.suffix == ".md" and anchor not in anchors(tree.text(file)):
                    found.append(f"{where}: no heading for #{anchor} in {file.name}")
    return found


def self_test():
    good = "# A `b` c\n[x](docs/y.md#the-part) [z](https://a.b/c) [top](#a-b-c) `[not](a link)`\n```\n[nor](this)\n```\n"
    tree.expect(links, {"a.md": good, "docs/y.md": "## The part\n[up](../a.md)\n"}, [])
    tree.expect(links, {"a.md": "[x](gone.md)\n"}, ["gone.md leads nowhere"])
    tree.expect(links, {"a.md": "[x](#nothing)\n"}, ["#nothing"])


tree.main([links], self_test)
