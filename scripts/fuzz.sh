#!/usr/bin/env bash
# fuzz.sh SECONDS [FUZZER...]: runs each libFuzzer program of build/fuzz for SECONDS from the committed seeds (fuzz/seeds/NAME) and the
# dictionary. Inputs that it discovers go to build/fuzz/corpus, a finding to build/fuzz/findings; the first finding fails the run.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift

export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:allocator_may_return_null=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

fuzzers=("$@")
if ((${#fuzzers[@]} == 0)); then
  mapfile -t fuzzers < <(find build/fuzz/bin -maxdepth 1 -type f -executable -name '*_fuzzer' | sort)
fi
if ((${#fuzzers[@]} == 0)); then
  echo "fuzz: no *_fuzzer in build/fuzz/bin; build it with: cmake --workflow --preset fuzz" >&2
  exit 1
fi

mkdir -p build/fuzz/findings
for path in "${fuzzers[@]}"; do
  name=$(basename "$path" _fuzzer)
  found=build/fuzz/corpus/$name
  mkdir -p "$found"
  inputs=("$found")
  if [[ -d fuzz/seeds/$name ]]; then inputs+=("fuzz/seeds/$name"); fi
  options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1)
  if [[ -f fuzz/gvtcore.dict ]]; then options+=(-dict=fuzz/gvtcore.dict); fi
  echo "== $name, $seconds s"
  "build/fuzz/bin/${name}_fuzzer" "${options[@]}" -artifact_prefix="build/fuzz/findings/$name-" "${inputs[@]}" \
    >"build/fuzz/$name.log" 2>&1 || {
    tail -n 60 "build/fuzz/$name.log"
    echo "fuzz: $name found something; see build/fuzz/findings and build/fuzz/$name.log" >&2
    exit 1
  }
  grep -E '^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "build/fuzz/$name.log" || true
done
