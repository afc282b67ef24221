#!/usr/bin/env bash
# Builds msh, optimised and with the Swift runtime inside, and prints the program's path. The one place
# that knows how: `make build`, the demo, the benchmarks and CI call it.
#
# Half of what the smallest script takes is the loading of the program, so the loader gets little to do:
# only the C library is shared, and looked for where the system has it; the program stands at a fixed address,
# which saves 80 000 relocations; it exports no symbols, which also lets lld leave out what nothing reaches.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

scripts/setup.sh build >&2

# A folder with the archives alone: where both are found, linkers prefer shared libraries.
archives=$PWD/.build/archives
mkdir -p "$archives"
for library in readline stdc++ tinfo yaml; do
  archive=$(g++ -print-file-name="lib$library.a")
  [ -f "$archive" ] || {
    printf 'build: there is no lib%s.a here, which is in its -dev package\n' "$library" >&2
    exit 1
  }
  ln -sf -- "$archive" "$archives/"
done

build=(
  swift build -c release --product msh --static-swift-stdlib --disable-local-rpath
  -Xswiftc -use-ld=lld -Xswiftc "-L$archives" -Xswiftc -Xclang-linker -Xswiftc -static-libgcc
  -Xlinker -ltinfo -Xlinker --no-pie -Xlinker --no-export-dynamic -Xlinker --gc-sections -Xlinker -s
)
"${build[@]}" >&2
printf '%s/msh\n' "$("${build[@]}" --show-bin-path)"
