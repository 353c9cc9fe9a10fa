#!/bin/bash
# Installs the npm packages that a test's package.json names into DIR/node_modules, once per lock
# file; without FROM the pomelo peers of the interop tests. Usage: scripts/npm_setup.sh DIR [FROM]
set -euo pipefail
here=$(cd "${2:-$(dirname "$0")/../test/interop}" && pwd)
target=${1:?usage: npm_setup.sh DIR [FROM]}
mkdir -p "$target"
exec 9>"$target/.lock"
flock 9  # two builds at once must not install over each other
stamp=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$target/.stamp" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi
cp "$here/package.json" "$here/package-lock.json" "$target/"
# No install scripts: nothing here needs one, and none should run.
(cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
echo "$stamp" > "$target/.stamp"
