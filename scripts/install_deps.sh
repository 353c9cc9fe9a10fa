#!/bin/bash
# Installs the Debian packages that muster's build (default), tests (--tests) or the supervisors that
# bench/supervision compares (--bench) need, and only those that are missing.
# usage: install_deps.sh [--tests | --bench]
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache lld pkg-config python3
  libboost1.81-dev libpaho-mqtt-dev libpaho-mqttpp-dev nlohmann-json3-dev libfmt-dev libspdlog-dev
  libsqlite3-dev libssl-dev libargon2-dev libcli11-dev prometheus-cpp-dev
)
case ${1:-} in
  --tests) packages+=(git mosquitto mosquitto-clients libmosquitto-dev python3-paho-mqtt openssl libgtest-dev libgmock-dev clang-format) ;;
  --bench) packages+=(supervisor runit) ;;
esac
if [ -n "${1:-}" ]; then
  # A Node.js from elsewhere will do as well, if it brings its npm.
  command -v node >/dev/null || packages+=(nodejs)
  command -v npm >/dev/null || packages+=(npm)
fi

if ! command -v dpkg-query >/dev/null; then
  echo "this is no Debian; make sure that these packages, or what is in them, are there: ${packages[*]}" >&2
  exit 1
fi
missing=()
for package in "${packages[@]}"; do
  # One line for each architecture that has it.
  state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null || true)
  grep -qx installed <<<"$state" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "these packages are missing; install them as root: ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo)
fi
echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
# sudo hands no variables on. A machine that has just started may be busy with its own updates.
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
"${apt[@]}" update </dev/null
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null
