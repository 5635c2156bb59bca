#!/usr/bin/env bash
# coverage.sh [--seeds]: line coverage of scanner/, hw/ and capture/ on the finished build/coverage, twice: by the committed fuzz seeds
# alone (gate 85 %), and by all tests (gate 95 %); with --seeds only the former. The reports stay in build/coverage/*.txt and, for people,
# build/coverage/html.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/coverage
folders=(--filter 'scanner/' --filter 'hw/' --filter 'capture/')

# measure NAME GATE CTEST-ARGUMENTS...
measure() {
  local name=$1 gate=$2
  shift 2
  find "$build" -name '*.gcda' -delete
  scripts/subtest.sh coverage "$@" >"$build/$name.tests.log" 2>&1 || {
    tail -n 40 "$build/$name.tests.log"
    return 1
  }
  gcovr --root . --object-directory "$build" "${folders[@]}" --txt "$build/$name.txt" --fail-under-line "$gate" || {
    cat "$build/$name.txt"
    echo "coverage: $name is below $gate % of lines" >&2
    return 1
  }
  tail -n 3 "$build/$name.txt"
}

mkdir -p "$build/html"
measure seeds 85 -L '^fuzz-smoke$'
if [[ ${1:-} == --seeds ]]; then exit 0; fi
measure tests 95 -LE '^tidy$'
gcovr --root . --object-directory "$build" "${folders[@]}" --html-details "$build/html/index.html"
