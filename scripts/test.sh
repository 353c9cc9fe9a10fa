#!/bin/bash
# Everything that must pass: builds preset dev and runs all tests. Ends with a summary.
# usage: test.sh [ctest arguments, e.g. -L unit]
set -euo pipefail
cd "$(dirname "$0")/.."
# Tests bring their own; a shell that is set up for a cluster must not change them.
unset "${!MUSTER_@}" NODE_ENV
began=$SECONDS

scripts/install_deps.sh --tests
echo "test.sh: configuring and building (preset dev, in build/dev)"
mkdir -p build
cmake --preset dev >build/dev-configure.log 2>&1 || { tail -40 build/dev-configure.log >&2; exit 1; }
cmake --build --preset dev 2>&1 | { grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' || true; }
built=$SECONDS

echo "test.sh: testing"
failed=0
# Most tests wait most of the time.
ctest --preset dev -j4 --no-tests=error --output-junit "$PWD/build/dev/tests.xml" "$@" || failed=$?

python3 - build/dev/tests.xml $((built - began)) $((SECONDS - built)) <<'PY'
import sys
import xml.etree.ElementTree as xml

suite = xml.parse(sys.argv[1]).getroot()
count = {k: int(suite.get(k, 0)) for k in ("tests", "failures", "skipped", "disabled")}
bad = [c.get("name") for c in suite.iter("testcase") if c.get("status") == "fail" or c.find("failure") is not None]
passed = count["tests"] - count["failures"] - count["skipped"] - count["disabled"]
print(f"\ntest.sh: {passed} passed, {count['failures']} failed, {count['skipped']} skipped;"
      f" build {sys.argv[2]} s, tests {sys.argv[3]} s")
for name in bad:
    print(f"  failed: {name}")
PY
exit $failed
