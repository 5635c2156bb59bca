#!/bin/bash -eu
exec "$SRC/gvtcore/fuzz/build_fuzzers.sh"
