#!/usr/bin/env bash
# fuzz_merge.sh [FUZZER...]: adds to fuzz/seeds what the runs of scripts/fuzz.sh found and the seeds lack: one small input for each feature
# of the code that no seed reaches yet, named by the SHA-1 of its content. Inputs above GVT_MERGE_BYTES (2048) stay out.
set -euo pipefail
cd "$(dirname "$0")/.."
limit=${GVT_MERGE_BYTES:-2048}
fuzzers=("$@")
if ((${#fuzzers[@]} == 0)); then mapfile -t fuzzers < <(cd build/fuzz/corpus && ls); fi
for fuzzer in "${fuzzers[@]}"; do
  seeds=fuzz/seeds/$fuzzer
  small=build/fuzz/small/$fuzzer
  rm -rf "$small"
  mkdir -p "$small"
  find "build/fuzz/corpus/$fuzzer" -type f -size -"$((limit + 1))"c -exec cp -t "$small" {} +
  before=$(find "$seeds" -type f | wc -l)
  # Coverage without hit counts: a seed for each edge, not for each number of times that a loop turns.
  "build/fuzz/bin/${fuzzer}_fuzzer" -merge=1 -use_value_profile=0 -use_counters=0 "$seeds" "$small" >"build/fuzz/$fuzzer.merge.log" 2>&1
  echo "$fuzzer: $(($(find "$seeds" -type f | wc -l) - before)) seeds added to $before"
done
