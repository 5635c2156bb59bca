#!/usr/bin/env bash
# subtest.sh PRESET [CTEST ARGUMENTS]: runs the commit-tier tests of the finished build/PRESET; fails when none was selected.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"
exec ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --parallel "${GVT_JOBS:-$(nproc)}" "$@"
