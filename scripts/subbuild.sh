#!/usr/bin/env bash
# subbuild.sh PRESET [TARGET...]: configures build/PRESET with warnings as errors and builds it, or only the named targets.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
cmake --preset "$preset" -DGVT_WERROR=ON
targets=()
if (($#)); then targets=(--target "$@"); fi
exec cmake --build "build/$preset" --parallel "${GVT_JOBS:-$(nproc)}" "${targets[@]}"
