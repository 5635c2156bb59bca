"""The core does not care which hypervisor there is: no core folder names one of mpt.h's types, or reads a table's `type`."""

import re

import tree

CORE = ("base", "hw", "capture", "scanner", "recall", "jit", "shadow", "gpu", "sched", "vgpu", "core")
READS = re.compile(r"\bGVTCORE_HYPERVISOR_|\bgvtcore_hypervisor_t\b|\b(?:table|mpt)_?(?:->|\.)type\b")


def hypervisor(root):
    found = []
    for path in tree.files(root, tree.CODE):
        name = path.relative_to(root)
        if name.parts[0] not in CORE:
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = READS.search(line)
            if match:
                found.append(f"{name.as_posix()}:{number}: the core asks which hypervisor there is ({match[0]})")
    return found


def self_test():
    tree.expect(hypervisor, {"core/a.cc": "x.type = 1;\n", "hostif/kvm/t.cc": "GVTCORE_HYPERVISOR_KVM\n"}, [])
    tree.expect(hypervisor, {"core/a.cc": "\nif (table->type == 1) {}\n"}, ["core/a.cc:2"])
    tree.expect(hypervisor, {"vgpu/a.h": "switch (table_.type) {}\n"}, ["vgpu/a.h:1"])
    tree.expect(hypervisor, {"sched/a.cc": "case GVTCORE_HYPERVISOR_XEN:\n"}, ["sched/a.cc:1"])


tree.main([hypervisor], self_test)
