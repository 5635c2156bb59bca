#!/usr/bin/env bash
# scan_bundled.sh BUILD: the main job. Scans the bundled captures of real drivers with BUILD's gvtcore and prints its report.
# Exit status is gvtcore's own: 0 clean, 1 refusals, 2 error.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "$1/bin/gvtcore" scan bench/corpora/*.aub.xz
