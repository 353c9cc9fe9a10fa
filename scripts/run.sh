#!/bin/bash
# Builds muster and starts the chat cluster of config/ in the background; run again, it starts only
# what is missing. usage: run.sh [--stop | --help]
set -euo pipefail

usage() { sed -n '2,3s/^# //p' "$0"; }
case $#:${1:-} in
  0: | 1:--stop) ;;
  1:--help | 1:-h) usage; exit ;;
  *) echo "run.sh: what is '$*'?" >&2; usage >&2; exit 2 ;;
esac

cd "$(dirname "$0")/.."
# This is about config/ and its one environment, whatever the shell is set up for.
unset "${!MUSTER_@}" NODE_ENV
root=$PWD
muster=$root/build/release/app/muster
run=$root/build/run # what this script notes down: the master's pid and log
state=$root/.muster # the cluster's own state
log=$run/master.log
wait_s=60

say() { echo "run.sh: $*"; }
complain() { echo "run.sh: $*" >&2; }

# The pid of the master that this script started, if it still is that program.
master_pid() {
  local pid program
  pid=$(cat "$run/master.pid" 2>/dev/null) || return 1
  program=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
  [ "${program% (deleted)}" = "$muster" ] && echo "$pid" # deleted: a new build replaced the file
}

# The pids of keeper, node and servers of this directory, whoever started them: keeper and node are
# called with the state directory, servers carry the nonce that the keeper wrote down.
cluster_pids() {
  local nonces
  nonces=$(sed -nE 's/.*"nonce": ?"([0-9a-f]+)".*/MUSTER_NONCE=\1/p' "$state"/keeper/*.json 2>/dev/null || true)
  {
    [ -z "$nonces" ] || grep -lszxF -- "$nonces" /proc/[0-9]*/environ || true
    grep -lszxF -- "$state" /proc/[0-9]*/cmdline || true
  } | cut -d/ -f3 | sort -un
}

# Whether a master of this directory answers; another one on the same port does not know our token.
master_answers() {
  [ -s "$state/admin.token" ] && "$muster" ls -c config -q --timeout 5s >/dev/null 2>&1
}

launch_master() {
  setsid nohup "$muster" "$1" -c config </dev/null >"$log" 2>&1 &
  echo $! >"$run/master.pid"
}

# Ports that the cluster will listen on and that somebody else has; nothing of ours runs.
taken_ports() {
  python3 - <<'PY'
import json
import socket

def block(file):
    content = json.load(open(file))
    return content.get("development", content)

def entries():
    home = "127.0.0.1"
    master = block("config/master.json")
    yield "the master", master.get("host", home), int(master["port"]), "config/master.json"
    for group in block("config/servers.json").values():
        for server in group:
            for key in ("port", "clientPort"):
                if str(server.get(key, "")).isdigit():
                    yield server.get("id"), server.get("host", home), int(server[key]), "config/servers.json"

for who, host, port, file in entries():
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            print(f"{host}:{port}, which {who} needs: {error.strerror} (change it in {file}, or stop what has it)")
PY
}

build_all() {
  scripts/install_deps.sh
  say "building (preset release, in build/release)"
  cmake --preset release -DMUSTER_BUILD_TESTS=OFF -DMUSTER_BUILD_BENCH=OFF >"$run/configure.log" 2>&1 \
    || { tail -30 "$run/configure.log" >&2; return 1; }
  if ! cmake --build --preset release >"$run/build.log" 2>&1; then
    grep -E 'error:|FAILED:' "$run/build.log" | head -20 >&2 || tail -3 "$run/build.log" >&2
    complain "the build failed: $run/build.log"
    return 1
  fi
}

start_cluster() {
  if master_answers; then
    say "a master is running: starting what is missing"
    "$muster" start -c config --timeout "${wait_s}s"
    return
  fi
  if [ -z "$(cluster_pids)" ]; then
    local taken
    taken=$(taken_ports)
    if [ -n "$taken" ]; then
      complain "cannot start, these addresses are not free:"
      sed 's/^/  /' <<<"$taken" >&2
      return 1
    fi
    say "starting the cluster of config/ (log: ${log#"$root"/})"
  else
    say "servers run without a master: starting one for them (log: ${log#"$root"/})"
  fi
  launch_master start
}

# What servers that are not ready said last.
explain() {
  complain "not all servers are ready:"
  "$muster" ls -c config >&2 || true
  complain "the master's last words ($log):"
  tail -5 "$log" >&2 || true
  local id file
  for id in $("$muster" ls -c config -o jsonl -q 2>/dev/null \
    | python3 -c 'import json, sys; [print(r["id"]) for r in map(json.loads, sys.stdin) if not r["ready"]]'); do
    file=$state/logs/$id.stderr.log
    [ -s "$file" ] || continue
    complain "the last words of $id ($file):"
    tail -3 "$file" >&2
  done
}

wait_until_ready() {
  local end=$((SECONDS + wait_s))
  while [ $SECONDS -lt $end ]; do
    if "$muster" wait all -c config -q --timeout 2s >/dev/null 2>&1; then
      return 0
    fi
    if ! master_pid >/dev/null && ! master_answers; then
      complain "the master ended:"
      tail -20 "$log" >&2
      return 1
    fi
  done
  explain
  return 1
}

# Waits until the given pid has ended.
wait_for_end() {
  for _ in $(seq 1200); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}

# Servers outlive their master: if there is none, one is started to stop them in order.
stop_cluster() {
  local pid
  if ! pid=$(master_pid); then
    if [ -z "$(cluster_pids)" ]; then
      say "nothing runs"
      return 0
    fi
    if master_answers; then
      complain "the master was not started by this script: stop it with Ctrl-C where it runs"
      return 1
    fi
    say "no master runs: starting one to stop the servers in order"
    launch_master start
    "$muster" wait all -c config -q --timeout "${wait_s}s" || true
    pid=$(master_pid) || { complain "the master ended:"; tail -20 "$log" >&2; return 1; }
  fi
  say "stopping all servers, in the reverse of their start order"
  kill -INT "$pid"
  if ! wait_for_end "$pid"; then
    complain "the master (pid $pid) did not stop in 2 minutes: $log"
    return 1
  fi
  rm -f "$run/master.pid"
  for pid in $(cluster_pids); do
    wait_for_end "$pid" || { complain "process $pid did not end: $log"; return 1; }
  done
  say "stopped"
}

mkdir -p "$run"
exec 9>"$run/lock"
flock -n 9 || { complain "another run.sh is at work in this directory"; exit 1; }

if [ "${1:-}" = --stop ]; then
  stop_cluster 9>&-
  exit
fi
build_all
"$muster" validate -c config -q
start_cluster 9>&-
wait_until_ready
"$muster" ls -c config
port=$("$muster" ls type:gate -c config -o jsonl \
  | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["clientPort"])')
say "chat: http://127.0.0.1:$port/"
say "stop it with scripts/run.sh --stop"
