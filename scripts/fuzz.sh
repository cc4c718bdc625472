#!/usr/bin/env bash
# Replays the corpus of the recordio reader's fuzz target, then searches on for SECONDS (15).
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-15}"
build=build/fuzz
corpus=cpp/fuzz/corpus/recordio
export PATH="$PWD/.venv/bin:$PATH"

quietly() {
  "$@" >"$build/log.txt" 2>&1 || { cat "$build/log.txt" >&2; exit 1; }
}

mkdir -p "$build/corpus/recordio"
scripts/install_system_packages.sh clang-14 libclang-rt-14-dev
quietly cmake -S . -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 \
  -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPAIRLOOM_BUILD_PYTHON=OFF -DPAIRLOOM_BUILD_FUZZERS=ON
quietly cmake --build "$build" --target recordio_fuzz

quietly "$build/cpp/recordio_fuzz" -runs=0 "$corpus"
echo "fuzz: $(find "$corpus" -type f | wc -l) inputs of the corpus replayed"

# What the search finds stays under build/; an input that fails is left there as crash-*.
if ((seconds > 0)); then
  quietly "$build/cpp/recordio_fuzz" -max_total_time="$seconds" -max_len=512 -print_final_stats=1 \
    -artifact_prefix="$build/" "$build/corpus/recordio" "$corpus"
  echo "fuzz: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/log.txt") inputs tried"
fi
