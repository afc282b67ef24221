#!/usr/bin/env bash
# Builds msh, optimised and with the Swift runtime inside, and prints the program's path. The one place
# that knows how: `make build`, the demo, the benchmarks and CI call it.
#
# lld leaves out what nothing reaches, which halves the program.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

scripts/setup.sh build >&2
build=(
  swift build -c release --product msh --static-swift-stdlib
  -Xswiftc -use-ld=lld -Xlinker --gc-sections -Xlinker -s
)
"${build[@]}" >&2
printf '%s/msh\n' "$("${build[@]}" --show-bin-path)"
