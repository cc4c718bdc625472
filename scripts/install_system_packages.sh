#!/usr/bin/env bash
# Installs the Debian packages named as arguments that are missing. Needs root or sudo only then.
set -euo pipefail

if [[ "${PAIRLOOM_SYSTEM_PACKAGES:-}" == "present" ]]; then
  exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  cat >&2 <<MESSAGE
This step needs the Debian packages: $*
This system has no apt-get. Install what corresponds to them, then say so and run the same command again:
  export PAIRLOOM_SYSTEM_PACKAGES=present
MESSAGE
  exit 1
fi

# One after the other, where several targets are made at once.
build="$(dirname "${BASH_SOURCE[0]}")/../build"
mkdir -p "$build"
exec 9>"$build/system-packages.lock"
flock 9

missing=()
for package in "$@"; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ "$status" == "installed" ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

privileged=()
if [[ "$(id -u)" != 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "Missing packages: ${missing[*]}. Neither root nor sudo: ask an administrator to run" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  privileged=(sudo)
fi

echo "Installing ${missing[*]}"
"${privileged[@]}" apt-get update --quiet=2 9>&-
"${privileged[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" </dev/null 9>&-
