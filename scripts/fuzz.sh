#!/usr/bin/env bash
# Replays each fuzz target's corpus, then tries RUNS (20000) further inputs of its own making.
set -euo pipefail
cd "$(dirname "$0")/.."

runs="${1:-20000}"
build=build/fuzz
export PATH="$PWD/.venv/bin:$PATH"

quietly() {
  "$@" >"$build/log.txt" 2>&1 || { cat "$build/log.txt" >&2; exit 1; }
}

mkdir -p "$build"
scripts/install_system_packages.sh clang-14 libclang-rt-14-dev
quietly cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 \
  -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPAIRLOOM_BUILD_PYTHON=OFF -DPAIRLOOM_BUILD_FUZZERS=ON
quietly cmake --build "$build"

# What the search finds stays under build/; an input that fails is left there as crash-*.
for source in cpp/fuzz/*_fuzz.cc; do
  name="$(basename "$source" _fuzz.cc)"
  corpus="cpp/fuzz/corpus/$name"
  found="$build/corpus/$name"
  mkdir -p "$found"
  quietly "$build/cpp/${name}_fuzz" -runs=0 "$corpus"
  echo "fuzz $name: $(find "$corpus" -type f | wc -l) inputs of the corpus replayed"
  quietly "$build/cpp/${name}_fuzz" -runs="$runs" -max_len=512 -print_final_stats=1 \
    -artifact_prefix="$build/" "$found" "$corpus"
  tried="$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/log.txt")"
  echo "fuzz $name: $tried inputs tried"
  ((tried >= runs)) || { echo "fuzz $name: expected $runs inputs" >&2; exit 1; }
done
