#!/bin/bash
# Builds muster and starts the chat cluster of config/ in the background; run again, it starts only
# what is missing. usage: run.sh [--stop | --help]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
build=$root/build/release
muster=$build/app/muster
state=${MUSTER_RUN_DIR:-$root/build/run}
log=$state/start.log
wait_s=60

say() { echo "run.sh: $*"; }

# The pid of the master that this script started, if it still is that program.
master_pid() {
  local pid
  pid=$(cat "$state/start.pid" 2>/dev/null) || return 1
  local program
  program=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
  [ "${program% (deleted)}" = "$muster" ] && echo "$pid"  # a new build replaced the file
}

# Servers outlive their master: one is started again to stop them in order.
stop_cluster() {
  if [ ! -x "$muster" ]; then
    say "nothing was built, so nothing runs"
    return 0
  fi
  if ! master_pid >/dev/null; then
    if [ ! -S .muster/keeper.sock ]; then
      say "nothing runs"
      return 0
    fi
    launch_master
    "$muster" wait all -c config -q --timeout "${wait_s}s" || true
  fi
  say "stopping all servers, in the reverse of their start order"
  local pid
  pid=$(master_pid) || { say "the master ended; see $log" >&2; return 1; }
  kill -INT "$pid"
  for _ in $(seq 600); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  if kill -0 "$pid" 2>/dev/null; then
    say "the master (pid $pid) did not stop in 60 s; see $log" >&2
    return 1
  fi
  rm -f "$state/start.pid"
  say "stopped"
}

launch_master() {
  mkdir -p "$state"
  setsid nohup "$muster" start -c config </dev/null >"$log" 2>&1 &
  echo $! >"$state/start.pid"
}

build_all() {
  scripts/install_deps.sh
  say "building (preset release, in build/release)"
  cmake --preset release -DMUSTER_BUILD_TESTS=OFF -DMUSTER_BUILD_BENCH=OFF >"$state/configure.log" 2>&1 \
    || { tail -30 "$state/configure.log" >&2; return 1; }
  cmake --build --preset release | tail -3
}

start_cluster() {
  if "$muster" ls -c config -q >/dev/null 2>&1; then
    say "a master is running: starting what is missing"
    "$muster" start -c config --timeout "${wait_s}s"
    return
  fi
  say "starting the cluster of config/ (log: ${log#"$root"/})"
  launch_master
}

wait_until_ready() {
  for _ in $(seq $((wait_s / 5))); do
    if "$muster" wait all -c config -q --timeout 5s 2>"$state/wait.log"; then
      return 0
    fi
    if ! master_pid >/dev/null && ! "$muster" ls -c config -q >/dev/null 2>&1; then
      break
    fi
  done
  cat "$state/wait.log" >&2
  say "not all servers are ready; the master's last words:" >&2
  tail -20 "$log" >&2
  "$muster" ls -c config >&2 || true
  return 1
}

case ${1:-} in
  --stop) stop_cluster; exit ;;
  "") ;;
  *) sed -n '2,3s/^# //p' "$0"; [ "$1" = --help ] && exit 0 || exit 2 ;;
esac

mkdir -p "$state"
build_all
start_cluster
wait_until_ready
"$muster" ls -c config
port=$(python3 -c 'import json; print(json.load(open("config/servers.json"))["development"]["gate"][0]["clientPort"])')
say "chat: http://127.0.0.1:$port/"
say "stop it with scripts/run.sh --stop"
