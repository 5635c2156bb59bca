#!/usr/bin/env bash
# regenerate.sh [BUILD]: makes the documents and the fuzz dictionary from hw/'s rows again, with BUILD's gvt_gen_tables (build/dev).
# The generated.* tests say when that is due.
set -euo pipefail
cd "$(dirname "$0")/.."
generator=${1:-build/dev}/bin/gvt_gen_tables
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
while read -r option file; do
  "$generator" "--$option" >"$scratch"
  cp "$scratch" "$file"
  echo "wrote $file"
done <<'LIST'
commands-md docs/tables/commands.md
registers-md docs/tables/registers.md
dictionary fuzz/gvtcore.dict
LIST
