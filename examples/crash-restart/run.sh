#!/usr/bin/env bash
# A server is killed the hard way and comes back by itself: same port, same URL, one restart counted.
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
trap 'berth down >/dev/null 2>&1 || true; rm -rf "$scratch"' EXIT

berth() { "$program" "$@"; }

# One fact about the server, from `berth status --json`: what stands behind the first such key.
fact() {
  { berth status notes --json || true; } | tr -d '\n' | sed -E "s/.*\"servers\": *\[//; s/\"$1\": *\"?([^,\"}]*).*/\n\1/; s/.*\n//"
}

expect() {
  [[ $2 == "$3" ]] || { echo "Expected $1 to be $3, but it is $2." >&2; exit 1; }
}

show() {
  echo "\$ $*"
  "$@"
  echo
}

show berth up -d --wait --timeout 30
show berth status
pid=$(fact pid)
port=$(fact port)
url=$(berth url notes)

show kill -9 "$pid"
# Ready again means: restarted, and `berth url` has a URL to print, which it has for a ready server only.
for ((try = 0; try < 300; try++)); do
  if [[ $(fact restarts) == 1 ]] && berth url notes >/dev/null 2>&1; then break; fi
  sleep 0.1
done
show berth status

expect "the number of restarts" "$(fact restarts)" 1
expect "the port" "$(fact port)" "$port"
expect "the URL" "$(berth url notes)" "$url"
expect "the signal of the last exit" "$(fact signal)" SIGKILL
[[ $(fact pid) != "$pid" ]] || { echo "The process is still the old one." >&2; exit 1; }
echo "Back on port $port as process $(fact pid), after process $pid was killed."
