#!/usr/bin/env bash
# The binary interface of libgvtcore.so on record: core/abi/libgvtcore.abi, written from a build with debug information.
#   scripts/abi.sh check [LIBRARY]   fails on any difference, and says whether hosts built before would break
#   scripts/abi.sh update [LIBRARY]  records what LIBRARY has; what changed is then in the diff for review
# LIBRARY is build/dev/core/libgvtcore.so unless named.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
record=$root/core/abi/libgvtcore.abi
mode=${1:-}
library=${2:-$root/build/dev/core/libgvtcore.so}

# What the headers show of it, and nothing of what lies behind an opaque type. In an order of its own: libabigail's follows
# the paths of the sources, which are those of the machine that built it.
interface() {
  abidw --headers-dir "$root/include/gvtcore" --drop-private-types --exported-interfaces-only --no-corpus-path --no-comp-dir-path \
    --no-show-locs --no-elf-needed --type-id-style hash --out-file "$1" "$library"
  python3 - "$1" <<'EOF'
import sys
import xml.etree.ElementTree as xml

corpus = xml.parse(sys.argv[1]).getroot()
units = corpus.findall("abi-instr")
declarations = {xml.tostring(item).strip(): item for unit in units for item in unit}
for unit in units[1:]:
    corpus.remove(unit)
units[0].set("path", "gvtcore")
units[0][:] = [declarations[text] for text in sorted(declarations)]
xml.indent(corpus)
xml.ElementTree(corpus).write(sys.argv[1], encoding="unicode")
EOF
}

case $mode in
  update)
    interface "$record"
    ;;
  check)
    built=$(mktemp --suffix=.abi)
    trap 'rm -f "$built"' EXIT
    interface "$built"
    if cmp -s "$record" "$built"; then
      echo "libgvtcore.so has the interface on record"
      exit 0
    fi
    status=0
    abidiff --no-show-locs "$record" "$built" || status=$?
    if ((status & 8)); then
      echo "hosts built against the recorded interface would break: raise the library's version, then scripts/abi.sh update" >&2
    else
      echo "$record differs from what $library has: scripts/abi.sh update records it" >&2
    fi
    exit 1
    ;;
  *)
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
