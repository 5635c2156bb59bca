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

# fuzz_one FUZZER: its output goes to a log, of which the figures are shown, or the end if it found something.
fuzz_one() {
  local name found log inputs options
  name=$(basename "$1" _fuzzer)
  found=build/fuzz/corpus/$name
  log=build/fuzz/$name.log
  mkdir -p "$found"
  inputs=("$found")
  if [[ -d fuzz/seeds/$name ]]; then inputs+=("fuzz/seeds/$name"); fi
  options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1)
  if [[ -f fuzz/gvtcore.dict ]]; then options+=(-dict=fuzz/gvtcore.dict); fi
  if ! "build/fuzz/bin/${name}_fuzzer" "${options[@]}" -artifact_prefix="build/fuzz/findings/$name-" "${inputs[@]}" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "fuzz: $name found something; see build/fuzz/findings and $log" >&2
    return 255  # xargs starts no other
  fi
  echo "== $name, $seconds s: $(grep -E '^stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$log" | tr -s ' \n' ' ')"
}
export -f fuzz_one
export seconds

# One fuzzer a core.
printf '%s\0' "${fuzzers[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -euo pipefail -c 'fuzz_one "$1"' fuzz
