#!/usr/bin/env bash
# build_fuzzers.sh: builds the fuzzers as OSS-Fuzz and ClusterFuzzLite ask for them. Uses the compilers, flags and engine of the
# environment (CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE), builds below $WORK and leaves in $OUT, for each fuzzer: the program, its seeds
# (NAME_seed_corpus.zip), its dictionary (NAME.dict) and its options (NAME.options).
# Libraries are linked statically: the machines that run fuzzers have no packages.
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
: "${CC:?}" "${CXX:?}" "${LIB_FUZZING_ENGINE:?}" "${OUT:?}"
build=${WORK:-$source/build}/fuzzers

# The core has no run-time type information for the vptr check to read.
export CFLAGS="${CFLAGS:-} -fno-sanitize=vptr"
export CXXFLAGS="${CXXFLAGS:-} -fno-sanitize=vptr"
static() { "$CXX" -print-file-name="lib$1.a"; }
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DZLIB_LIBRARY="$(static z)" -DLIBLZMA_LIBRARY="$(static lzma)" -Dpkgcfg_lib_ZSTD_zstd="$(static zstd)" \
  -DGVT_BUILD_FUZZERS=ON -DGVT_BUILD_TESTS=OFF -DGVT_BUILD_BENCH=OFF

cmake --build "$build" --target fuzzers

for program in "$build"/bin/*_fuzzer; do
  target=$(basename "$program" _fuzzer)
  cp "$program" "$OUT/"
  (cd "$source/fuzz/seeds/$target" && zip -q -r "$OUT/${target}_fuzzer_seed_corpus.zip" .)
  cp "$source/fuzz/gvtcore.dict" "$OUT/${target}_fuzzer.dict"
  printf '[libfuzzer]\nmax_len = 32768\ntimeout = 20\n' >"$OUT/${target}_fuzzer.options"
done
