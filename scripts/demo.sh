#!/usr/bin/env bash
# The main job on a machine that has no cluster: starts two simulated clusters,
# joins them into one mesh, and runs the same script again, which changes nothing.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# Seconds the simulated clusters may take to come up.
readonly patience=60

fail() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

title() { printf '\n== %s\n' "$*"; }

msh=$(scripts/build.sh)

scratch=$(mktemp -d)
sandbox=''

# The simulated clusters leave when their standard input ends.
on_exit() {
  local status=$?
  if [ -n "$sandbox" ]; then
    exec 7>&-
    wait "$sandbox" || true
  fi
  rm -rf -- "$scratch"
  exit "$status"
}
trap on_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkfifo "$scratch/input" "$scratch/output"
"$msh" sandbox --clusters 2 --kubeconfig "$scratch/kubeconfig" \
  <"$scratch/input" >"$scratch/output" &
sandbox=$!
# In the order in which the other side opens them.
exec 7>"$scratch/input" 6<"$scratch/output"
read -r -t "$patience" -u 6 ready _ || fail 'the simulated clusters did not start'
[ "$ready" = ready ] || fail "the simulated clusters answered \"$ready\""

join=("$msh" run scripts/guide.msh --kubeconfig "$scratch/kubeconfig" --set allowLoopback=true)
title 'Two clusters, joined into one mesh'
"${join[@]}" 6<&- 7>&-
title 'The same script again: nothing changes'
"${join[@]}" 6<&- 7>&- 2>&1 | tee "$scratch/second"
# The table's columns are CLUSTER CREATED CHANGED …
awk '$1 ~ /^cluster/ && ($2 > 0 || $3 > 0) { exit 1 }' "$scratch/second" ||
  fail 'the second run changed something'
