#!/usr/bin/env bash
# Every server of berth.toml under Berth, and the word of Berth beside that of an independent client.
set -euo pipefail

usage() {
  cat <<'END'
Usage: BERTH=/path/to/berth ./run-all.sh [OPTION...] [NAME...]

Starts the servers NAME... of berth.toml (default: all), a few at a time, and checks of each:

  ready    `berth up -d --wait` says so under the default probes, within two minutes
  client   the official SDK's client gets through at `berth url` and lists the tools
  inspect  `berth inspect NAME --json` names the same server, version, era and number of tools
  thief    with a stranger on its port it is never ready by the stranger's answers: it ends on another port, where the
           client finds it, and Berth names the stranger
  stopped  nothing is left after `berth down`

and of the two that know no port but 3000 (port-3000.toml), that Berth says so. Prints a table; exit code 1 when
anything was not so.

  --offline      in a network namespace of its own, where there is nothing but loopback (Linux, unshare and ip)
  --group N      how many at a time (default 3)
  --no-thief     leave the thief out
  --only-port-3000   only the two that know no other port
  --markdown     print the table as Markdown

All traffic is loopback's. Whatever Berth and the servers write goes to a private folder, which is removed.
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
offline=false
words=()
for word in "$@"; do
  case $word in
    -h | --help) usage; exit 0 ;;
    --offline) offline=true ;;
    *) words+=("$word") ;;
  esac
done
: "${BERTH:?set BERTH to the berth program}"
BERTH=$(command -v "$BERTH") || { echo 'run-all.sh: no such program in BERTH' >&2; exit 2; }
BERTH=$(cd "$(dirname "$BERTH")" && pwd)/$(basename "$BERTH")
export BERTH
[[ -d $here/node_modules ]] || { echo 'run-all.sh: run ./install.sh first' >&2; exit 2; }

if $offline; then
  # shellcheck disable=SC2016  # expanded by the inner shell
  exec unshare --map-root-user --net -- sh -c 'ip link set lo up && exec "$@"' sh "$0" "${words[@]}"
fi

scratch=$(mktemp -d /tmp/bra-XXXXXX) # not under TMPDIR: a socket path must be short
mark=bra-$$
runner=

# Processes that a server of this run left behind, found by what Berth put into their environment.
# shellcheck disable=SC2317  # called by cleanup
leftovers() {
  grep -lzsE "^BERTH_PROJECT=$mark(-.*)?\$" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 || true
}

# shellcheck disable=SC2317  # called by trap
cleanup() {
  local socket pid
  [[ -z $runner ]] || kill "$runner" 2>/dev/null || true
  for socket in "$scratch"/run/*.sock; do
    [[ -S $socket ]] || continue
    timeout 60 "$BERTH" down --timeout 45s -c "$here/berth.toml" -p "$(basename "$socket" .sock)" \
      --runtime-dir "$scratch/run" --log-dir "$scratch/log" >/dev/null 2>&1 || true
  done
  for pid in $(leftovers); do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$scratch"/{home,tmp,run,log}
chmod 0700 "$scratch/run"
# What servers keep in a home or leave in a temporary folder goes with the run.
env -u BERTH_CONFIG -u BERTH_RUNTIME_DIR -u BERTH_LOG_DIR -u XDG_CONFIG_HOME -u XDG_CACHE_HOME -u XDG_DATA_HOME \
  -u XDG_STATE_HOME -u XDG_RUNTIME_DIR HOME="$scratch/home" TMPDIR="$scratch/tmp" \
  node "$here/run-all.mjs" "$scratch" "$mark" "${words[@]}" &
runner=$!
code=0
wait "$runner" || code=$?
runner=
exit "$code"
