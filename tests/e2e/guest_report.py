"""What a guest said, from its GVT- lines, and whether it is what the plan expects.

    GVT-CHECK name ok|FAIL detail        a verdict
    GVT-FIGURE name value unit           a measured number
    GVT-LOG-BEGIN stage ... GVT-LOG-END  what the kernel said meanwhile, raw: "<level>[time] text"
    GVT-BLOCK n small large              medians of one measured block, ns
    GVT-DONE                             the last line
"""

import re
import statistics

RAW = re.compile(r"<(\d+)>\[\s*[\d.]+\] ?(.*)")
WARNING = 4
# At these words the level does not matter, at those of OURS the line counts when it is a warning or worse.
ALWAYS = re.compile(r"GPU HANG|WARNING: |BUG: |Oops|Kernel panic|Call Trace|wedged|hung task|blocked for more than")
OURS = re.compile(r"i915|\bdrm\b|\[drm|0000:00:02\.0|renderD|vgpu", re.IGNORECASE)


class Report:
    def __init__(self):
        self.checks = []   # (name, good, detail)
        self.figures = {}  # name: (value, unit)
        self.log = []      # (stage, level, text)
        self.blocks = []   # (small ns, large ns)
        self.done = False
        self._stage = None

    def take(self, line):
        words = line.split(" ", 3)
        if self._stage is not None and words[0] != "GVT-LOG-END":
            raw = RAW.match(line)
            if raw:
                self.log.append((self._stage, int(raw[1]) & 7, raw[2]))
        elif words[0] == "GVT-LOG-BEGIN":
            self._stage = words[1]
        elif words[0] == "GVT-LOG-END":
            self._stage = None
        elif words[0] == "GVT-CHECK" and len(words) >= 3:
            self.checks.append((words[1], words[2] == "ok", words[3] if len(words) > 3 else ""))
        elif words[0] == "GVT-FIGURE" and len(words) == 4:
            self.figures[words[1]] = (float(words[2]), words[3])
        elif words[0] == "GVT-BLOCK":
            self.blocks.append((float(words[2]), float(words[3])))
        elif words[0] == "GVT-DONE":
            self.done = True

    def excerpt(self, pattern, limit):
        """Lines of the kernel that match, for people to see."""
        return [text for _, _, text in self.log if re.search(pattern, text)][:limit]

    def bad_lines(self, allowed):
        """Lines of the kernel that must not be there."""
        found = []
        for stage, level, text in self.log:
            if not ALWAYS.search(text) and not (level <= WARNING and OURS.search(text)):
                continue
            if any(re.search(rule["pattern"], text) and rule.get("stage", stage) == stage for rule in allowed):
                continue
            found.append(f"{stage}: <{level}> {text}")
        return found

    def failures(self, expected, allowed, says=()):
        """What is wrong, in words; empty when all is well. `says`: patterns of what the kernel must have said."""
        seen = [name for name, _, _ in self.checks]
        wrong = [f"{name}: {detail}" for name, good, detail in self.checks if not good]
        wrong += [f"{name}: no verdict" for name in expected if name not in seen]
        wrong += [f"kernel log: {line}" for line in self.bad_lines(allowed)]
        wrong += [f"kernel log: nothing like {pattern}" for pattern in says if not self.excerpt(pattern, 1)]
        if not self.done:
            wrong.append("the guest did not come to its end")
        return wrong

    def block_ratios(self):
        """Medians over pairs of blocks, scanning on / scanning off: (small, large). Blocks are on, off, on, off, ..."""
        pairs = list(zip(self.blocks[0::2], self.blocks[1::2]))
        return tuple(statistics.median(on[size] / off[size] for on, off in pairs) for size in (0, 1)) if pairs else ()
