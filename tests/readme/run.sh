#!/usr/bin/env bash
# Runs every ```sh block of README.md, as a reader would who types them one after the other.
#
#   run.sh BUILD_FOLDER      (the one with src/cli/berth and examples/quickstart/harbour-tools)
#
# The reader's clone is a scratch folder of links, in which build/dev is BUILD_FOLDER; HOME and the XDG folders are
# scratch too. Three commands are not run in full: `scripts/test` would run this test, `scripts/setup` might install
# packages, `scripts/package` takes minutes; they are called with --help.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: run.sh BUILD_FOLDER}" && pwd)
for program in src/cli/berth examples/quickstart/harbour-tools; do
  [[ -x $build/$program ]] || { echo "run.sh: not built: $build/$program" >&2; exit 2; }
done

scratch=$(mktemp -d /tmp/readme-XXXXXX) # not under TMPDIR: a socket's path must be short
clone=$scratch/berth
mkdir -p "$clone/build" "$scratch/home" "$scratch/run"
chmod 700 "$scratch/run"
for entry in "$source"/*; do
  [[ ${entry##*/} == build ]] || ln -s "$entry" "$clone/"
done
ln -s "$build" "$clone/build/dev"

while IFS= read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(BERTH_|XDG_|HARBOUR_|MCP_)' || true)
export HOME=$scratch/home XDG_RUNTIME_DIR=$scratch/run BERTH_BUILD_DIR=$clone/build/dev NO_COLOR=1 COLUMNS=120
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1

# Whatever happened, no supervisor of ours is left.
clean_up() {
  local socket project
  for socket in "$scratch"/run/berth/*.sock; do
    project=${socket##*/}
    [[ ! -S $socket ]] || "$build/src/cli/berth" -p "${project%.sock}" down --timeout 30 || true
  done
  rm -rf "$scratch"
}
trap clean_up EXIT

# One script of all blocks: `cd` and `export` go on to hold, as they do for the reader.
awk '
  /^```sh$/ { inside = 1; blocks++; print "echo; echo \"==== README.md:" FNR + 1 "\""; next }
  inside && /^```$/ { inside = 0; next }
  /^ *```(sh|bash|shell).+/ || /^ +```sh/ { print "README.md:" FNR ": the test would not see this block" >"/dev/stderr"; exit 1 }
  inside && /^scripts\/(test|setup|package)$/ { print $0 " --help"; next }
  inside { print }
  END { if (blocks == 0) { print "README.md has no sh block" >"/dev/stderr"; exit 1 } }
' "$source/README.md" >"$scratch/blocks.sh"

if ! command -v curl >/dev/null; then
  echo 'No curl here: the commands that use it are left out.'
  sed -i '/^curl /d' "$scratch/blocks.sh"
fi

cd "$clone"
code=0
bash -xeuo pipefail "$scratch/blocks.sh" >"$scratch/out" 2>&1 </dev/null || code=$?
cat "$scratch/out"
if ((code != 0)); then
  echo "run.sh: the commands ended with code $code at the line above." >&2
  exit 1
fi

# What the reader is told to see.
expect() {
  grep -qE -- "$1" "$scratch/out" || { echo "run.sh: the output has no line with: $1" >&2; exit 1; }
}
expect '^clock +ready .* http://127\.0\.0\.1:[0-9]+/mcp$'
! command -v curl >/dev/null || expect '^The tools of clock: now '
expect 'look again:  build/dev/src/cli/berth -p quickstart status'
expect '^notes +ready +[0-9]+ +[0-9]+ +[0-9.]+s +1 +SIGKILL'
expect '^notes: ready since '
expect '^applied live notes: health\.interval$'
expect '^0 added, 0 removed, 0 restarted, 1 applied live, 1 unchanged$'
expect '^  why +its own process tree listens on port [0-9]+, and it answered'
expect '^\{"at":".*"server":"notes",.*"to":"ready","cause":null,'
expect '^protocol +2026-07-28 \(modern\), streamable-http$'
expect '^[0-9]+ +tour\.notes +ready'
expect "^NOTES_URL='http"
! command -v curl >/dev/null || expect '^berth_server_ready\{server="clock"\} 1$'
for socket in "$scratch"/run/berth/*.sock; do
  [[ ! -S $socket ]] || { echo "run.sh: README.md leaves a Berth running: $socket" >&2; exit 1; }
done
echo
echo 'All commands of README.md ran.'
