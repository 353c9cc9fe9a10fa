#!/bin/bash
# What takes too long for every commit: a million generated inputs against other implementations,
# 200 kills of a durable broker under load, and the fuzzers. Stops at the first failure.
# usage: soak.sh [--count N] [--kills N] [--minutes N] [--seed S]     minutes: of each fuzzer; 0: none
set -euo pipefail
cd "$(dirname "$0")/.."
count=1000000 kills=200 minutes=30 seed=$RANDOM
while [ $# -ge 2 ]; do
  case $1 in
    --count) count=$2 ;;
    --kills) kills=$2 ;;
    --minutes) minutes=$2 ;;
    --seed) seed=$2 ;;
    *) sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2 ;;
  esac
  shift 2
done
step() { echo "soak.sh: $*"; }

step "building (presets dev and, with clang-14, fuzz)"
cmake --preset dev >/dev/null
cmake --build --preset dev --target muster_differential muster_kill_loop muster_broker_program >/dev/null
scripts/npm_setup.sh build/dev/differential test/differential
export MUSTER_NODE_MODULES=$PWD/build/dev/differential

for what in topics utf8 packets; do
  step "$what, $count inputs"
  build/dev/test/differential/muster_differential --count "$count" --seed "$seed" $what
done

if [ "$kills" -gt 0 ]; then
  step "$kills kills"
  build/dev/test/integration/durability/muster_kill_loop \
    --broker build/dev/test/support/broker_program --store own --kills "$kills" --seed "$seed"
fi

if [ "$minutes" -gt 0 ]; then
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz --target codec_fuzz connection_fuzz >/dev/null
  for target in codec connection; do
    step "${target}_fuzz for $minutes minutes; what is new is in build/fuzz/found/$target"
    mkdir -p "build/fuzz/found/$target"
    build/fuzz/test/fuzz/${target}_fuzz -max_total_time=$((minutes * 60)) -max_len=4096 \
      -rss_limit_mb=2048 -artifact_prefix="build/fuzz/found/$target-" -print_final_stats=1 \
      "build/fuzz/found/$target" "test/fuzz/corpus/$target" 2>&1 | grep -E '^stat::|ERROR|SUMMARY|broken promise'
  done
fi
step "done; seed $seed"
