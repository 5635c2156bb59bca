#!/usr/bin/env bash
# setup.sh build|guest|test|nightly: installs the packages of scripts/packages.txt that this Debian 12 lacks, and nothing when it lacks none.
# Only root installs; anyone else is told the command. Elsewhere than on Debian the list is the documentation.
set -euo pipefail
cd "$(dirname "$0")"

case ${1:-build} in
  build) kinds='^build$' ;;
  guest) kinds='^(build|guest)$' ;;
  test) kinds='^(build|guest|test)$' ;;
  nightly) kinds='^(build|guest|test|nightly)$' ;;
  *)
    echo "setup: unknown kind $1 (known: build, guest, test, nightly)" >&2
    exit 2
    ;;
esac
mapfile -t wanted < <(awk -v kinds="$kinds" '$1 ~ kinds {print $2}' packages.txt)

if ! command -v dpkg-query >/dev/null; then
  echo "setup: no dpkg here; needed are the equivalents of: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [[ $status == "install ok installed" ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi

if ((EUID != 0)); then
  echo "setup: these packages are missing; install them and start again:" >&2
  echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
