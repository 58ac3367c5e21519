#!/usr/bin/env bash
# Somebody else takes the port while a server is still starting: the server moves to the next one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
built=$here/../../build/dev
program=${BERTH:-$(type -P berth || echo "$built/src/cli/berth")}
tools=${HARBOUR_TOOLS:-$built/examples/quickstart/harbour-tools}
for file in "$program" "$tools"; do
  [[ -x $file ]] || { echo "No such program: $file. Build the project first." >&2; exit 1; }
done
HARBOUR_TOOLS=$(realpath "$tools")

# Nothing of this is left behind, nor mixed with a Berth that may be running already.
scratch=$(mktemp -d)
export HARBOUR_TOOLS BERTH_CONFIG=$here/berth.toml BERTH_RUNTIME_DIR=$scratch/run BERTH_LOG_DIR=$scratch/log
thief=
trap 'berth down >/dev/null 2>&1 || true; [[ -z $thief ]] || kill "$thief" 2>/dev/null || true; rm -rf "$scratch"' EXIT

berth() { "$program" "$@"; }

# One fact about the server, from `berth status --json`: what stands behind the first such key.
fact() {
  { berth status clock --json || true; } | tr -d '\n' | sed -E "s/.*\"servers\": *\[//; s/\"$1\": *\"?([^,\"}]*).*/\n\1/; s/.*\n//"
}

# Tries for half a minute, ten times a second.
until_true() {
  for ((try = 0; try < 300; try++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "In vain: $*" >&2
  return 1
}

show() {
  echo "\$ $*"
  "$@"
  echo
}

is_starting() { [[ $(fact state) == starting && $(fact port) =~ ^[0-9]+$ ]]; }
is_listening() { (: <"/dev/tcp/127.0.0.1/$1"); }

show berth up -d
# The server has its port now, but it listens only after --delay-ms.
until_true is_starting
port=$(fact port)
echo "\$ harbour-tools --tools text --port $port &"
env -u PORT "$HARBOUR_TOOLS" --tools text --port "$port" &
thief=$!
until_true is_listening "$port"
kill -0 "$thief" || { echo "The thief came too late." >&2; exit 1; }

# Something answers on the port all along, but it is not our server: `berth url` waits for the right one.
until_true berth url clock
echo
show berth status || true
show berth ports

moved=$(fact port)
[[ $moved != "$port" ]] || { echo "The server claims the port of the thief." >&2; exit 1; }
berth status --json | tr -d '\n' | grep -q "\"port\": *$port,[^}]*(pid $thief)" ||
  { echo "Port $port is not listed as dead with its holder, process $thief." >&2; exit 1; }
echo "Port $port went to process $thief; the server moved to $moved."
