#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, without asking.
# Packages that are there already are left alone, and apt is not called.
#
#   scripts/setup.sh build            for `swift build`
#   scripts/setup.sh control-plane    for Tests/ControlPlane/build and run
#   scripts/setup.sh bench            what the benchmarks compare with; Debian starts its nginx, too
set -euo pipefail

say() { printf 'setup: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

wanted=()
for purpose in "$@"; do
  case "$purpose" in
    build)
      command -v swift >/dev/null ||
        fail 'Swift 6 is missing; get it at https://www.swift.org/install/linux/'
      wanted+=(binutils g++ git libc6-dev libcurl4-openssl-dev libnghttp2-dev libpcre2-dev)
      wanted+=(libreadline-dev libyaml-dev pkg-config zlib1g-dev)
      ;;
    control-plane)
      wanted+=(ca-certificates curl dpkg-dev golang-1.19-go)
      wanted+=(golang-github-modern-go-reflect2-dev openssl util-linux)
      ;;
    bench) wanted+=(curl lua5.4 nghttp2-client nginx-light openssl python3) ;;
    *) fail "unknown purpose $purpose" ;;
  esac
done

command -v dpkg-query apt-get >/dev/null ||
  fail "this is not Debian; install what these packages hold: ${wanted[*]}"

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || fail "needs root or passwordless sudo to install: ${missing[*]}"
  root=(sudo -n)
fi

log=$(mktemp)
trap 'rm -f -- "$log"' EXIT
get() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -y -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}

say "installing ${missing[*]}"
# Mirrors fail now and then, and a list of packages can be out of date.
for attempt in 1 2 3; do
  get update || say "attempt $attempt: could not update every package list"
  if get install --no-install-recommends "${missing[@]}"; then exit 0; fi
done
cat -- "$log" >&2
fail "apt-get could not install: ${missing[*]}"
