#!/bin/bash
# Formatting and lints of the whole tree; --tidy adds clang-tidy on the files that changed against
# a branch (default main). usage: lint.sh [--fix] [--tidy [BASE]]
set -euo pipefail
cd "$(dirname "$0")/.."
fix= tidy= base=main
while [ $# -gt 0 ]; do
  case $1 in
    --fix) fix=1 ;;
    --tidy) tidy=1; if [ $# -gt 1 ] && [[ $2 != --* ]]; then base=$2; shift; fi ;;
    *) echo "usage: lint.sh [--fix] [--tidy [BASE]]" >&2; exit 2 ;;
  esac
  shift
done

failed=0
mapfile -d '' sources < <(find . \( -name build -o -name .git -o -name node_modules \) -prune -o \
  \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) -print0 | sort -z)
if [ -n "$fix" ]; then
  clang-format -i "${sources[@]}"
elif ! clang-format --dry-run --Werror "${sources[@]}"; then
  echo "formatting differs: scripts/lint.sh --fix" >&2
  failed=1
fi
for lint in await_lint convention_lint check_layers odr_lint; do
  python3 -B "scripts/$lint.py" --root . || failed=1
done

if [ -n "$tidy" ]; then
  database=build/clang
  [ -f "$database/compile_commands.json" ] || database=build/dev
  if [ ! -f "$database/compile_commands.json" ]; then
    echo "no compile_commands.json: run 'cmake --preset dev' first" >&2
    exit 1
  fi
  mapfile -t changed < <({ git diff --name-only --diff-filter=d "$base" -- '*.cpp'
                           git ls-files --others --exclude-standard -- '*.cpp'; } | sort -u)
  if [ ${#changed[@]} -gt 0 ]; then
    printf '%s\0' "${changed[@]}" | xargs -0 -n 1 -P 2 clang-tidy --quiet -p "$database" || failed=1
  fi
fi
exit $failed
