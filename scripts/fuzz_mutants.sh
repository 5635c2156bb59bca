#!/usr/bin/env bash
# fuzz_mutants.sh [NUMBER...]: proves that the fuzzers bite. Builds the project with each planted defect of base/mutant.h in turn, runs the
# fuzzer that has to find it from the committed seeds, and prints how long that took. A finding counts only if the build without defects
# has nothing to say about the same input. Exits 1 if a defect is not found within GVT_MUTANT_SECONDS (120).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${GVT_MUTANT_SECONDS:-120}
build=build/mutant
names=(none length-set tail-overshoot flush-dw-long post-sync-kind ggtt-end index-unbounded user-ggtt pipe-control-register
  odd-register-list nesting packet-length ascii85 trace-flags trace-address trace-operands trace-end fault-stops-engine)
mutants=("$@")
if ((${#mutants[@]} == 0)); then mapfile -t mutants < <(seq 1 $((${#names[@]} - 1))); fi

fuzzer_of() {
  case $1 in
    11) echo aub ;;
    12) echo error_state ;;
    13 | 14 | 15 | 16) echo jit ;;
    17) echo execlist_submit ;;
    *) echo scan ;;
  esac
}

# build_with NUMBER FUZZER...
build_with() {
  local number=$1
  shift
  cmake --preset fuzz -B "$build" -DGVT_MUTANT="$number" >"$build.log"
  cmake --build "$build" --parallel "${GVT_JOBS:-$(nproc)}" --target "${@/%/_fuzzer}" >>"$build.log" || {
    tail -n 30 "$build.log"
    exit 1
  }
}

mkdir -p "$build/findings"
declare -A took
for number in "${mutants[@]}"; do
  fuzzer=$(fuzzer_of "$number")
  build_with "$number" "$fuzzer"
  corpus=$build/corpus
  rm -rf "$corpus" "$build/findings/$number-"*
  mkdir -p "$corpus"
  start=$EPOCHREALTIME
  took[$number]=missed
  if ! "$build/bin/${fuzzer}_fuzzer" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -dict=fuzz/gvtcore.dict \
    -artifact_prefix="$build/findings/$number-" "$corpus" "fuzz/seeds/$fuzzer" >"$build/$number.log" 2>&1; then
    took[$number]=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $start }")
  fi
done

build_with 0 scan jit aub error_state execlist_submit
missed=0
printf '%2s  %-22s %-12s %10s\n' '#' defect fuzzer seconds
for number in "${mutants[@]}"; do
  fuzzer=$(fuzzer_of "$number")
  result=${took[$number]}
  for input in "$build/findings/$number-"*; do
    if [[ $result == missed ]]; then break; fi
    if [[ ! -f $input ]]; then
      result='no input'
    elif ! "$build/bin/${fuzzer}_fuzzer" "$input" >"$build/$number.clean.log" 2>&1; then
      result='not the defect'
    fi
  done
  if [[ ! $result =~ ^[0-9.]+$ ]]; then missed=1; fi
  printf '%2d  %-22s %-12s %10.10s\n' "$number" "${names[$number]}" "$fuzzer" "$result"
done
exit "$missed"
