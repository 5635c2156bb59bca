"""The core runs where there is POSIX: no header of Linux alone in the folders that every host is built on."""

import re

import tree

CORE = ("include", "base", "hw", "capture", "scanner", "shadow", "sched", "gpu", "vgpu", "core")
# What a port to another system leaves out or replaces, and why it may know Linux.
APART = {
    "sched/shared_lease.cc": "processes wait for each other by futex; a lease inside one process does without",
    "sched/short_turns.cc": "a wish to the scheduler of Linux; a port leaves it out",
}
LINUX = re.compile(
    r"^\s*#\s*include\s*<((?:linux|asm|asm-generic)/[^>]+|"
    r"sys/(?:epoll|eventfd|fanotify|inotify|ioctl|personality|prctl|ptrace|sendfile|signalfd|syscall|sysinfo|timerfd|vfs|xattr)\.h|"
    r"features\.h|error\.h|malloc\.h)>")


def is_core(name):
    """Of the folders above, or what all hosts share: hostif/ without its adapters."""
    parts = name.split("/")
    return parts[0] in CORE or (parts[0] == "hostif" and len(parts) == 2)


def portable(root):
    found = []
    for path in tree.files(root, tree.CODE):
        name = path.relative_to(root).as_posix()
        if not is_core(name) or name in APART:
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = LINUX.match(line)
            if match:
                found.append(f"{name}:{number}: {match[1]} is a header of Linux alone")
    return found


def self_test():
    tree.expect(portable, {"core/a.cc": "#include <pthread.h>\n#include <sys/mman.h>\n#include <vector>\n"}, [])
    tree.expect(portable, {"hostif/kvm/a.cc": "#include <linux/kvm.h>\n", "jit/a.cc": "#include <linux/membarrier.h>\n"}, [])
    tree.expect(portable, {"sched/shared_lease.cc": "#include <linux/futex.h>\n"}, [])
    tree.expect(portable, {"vgpu/a.h": "#include <vector>\n# include <sys/eventfd.h>\n"}, ["vgpu/a.h:2: sys/eventfd.h"])
    tree.expect(portable, {"hostif/a.h": "#include <sys/ioctl.h>\n"}, ["hostif/a.h:1: sys/ioctl.h"])
    tree.expect(portable, {"include/gvtcore/a.h": "#include <linux/types.h>\n"}, ["include/gvtcore/a.h:1"])
    tree.expect(portable, {"base/a.cc": "#include <linux/futex.h>\n"}, ["base/a.cc:1: linux/futex.h"])


tree.main([portable], self_test)
