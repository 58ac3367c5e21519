#!/usr/bin/env bash
# Real servers under Berth, from outside, as a user and a client see them.
#
#   BERTH=/path/to/berth ./run-test.sh [NAME...]      (default: every server of berth.toml)
#
#   1. up:    all servers start and list their tools to a real client at the address Berth gives
#   2. kill:  each server's process is killed with SIGKILL; it comes back on the same port
#   3. thief: each server finds its port taken when it binds it; Berth notices, whatever the server
#             says or does about it, and brings it up on another port
#
# Everything is private to the run (ledger, sockets, logs) and gone after it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${BERTH:?set BERTH to the berth program}"
BERTH=$(command -v "$BERTH") || { echo 'run-test.sh: no such program in BERTH' >&2; exit 2; }
BERTH=$(cd "$(dirname "$BERTH")" && pwd)/$(basename "$BERTH")
[ -d "$here/node_modules" ] || { echo 'run-test.sh: run ./install.sh first' >&2; exit 2; }
cd "$here"

export NOTION_MCP_AUTH_TOKEN=a-token-for-this-test
up_limit=180     # seconds for all servers to be ready
retry_limit=60   # seconds for one server to be ready again

tmp=$(mktemp -d /tmp/brs-XXXXXX)   # not under TMPDIR: a socket path must be short
run_id=brs-$$
project=
config=
supervisor=
thief=
failures=0
declare -A tools_of note

# ---------------------------------------------------------------- Berth and the client

# berth_do SECONDS COMMAND ARGS...: a berth command on the current project
berth_do() {
  local limit=$1 command=$2
  shift 2
  timeout -k 5 "$limit" "$BERTH" "$command" -c "$config" -p "$project" \
    --runtime-dir "$tmp/run" --log-dir "$tmp/log-$project" --color never "$@"
}

# `status` exits 3 while something is not ready; the document is there all the same.
status() { berth_do 10 status --json 2>/dev/null || true; }

facts() { status | node facts.mjs "$@" 2>/dev/null; }

tools() {
  local name=$1 url=$2 token=
  [ "$name" = notion ] && token=$NOTION_MCP_AUTH_TOKEN
  timeout 40 node list-tools.mjs "$url" '' "$token"
}

# ---------------------------------------------------------------- words

say() { printf '%s\n' "$*"; }

# fail NAME WORDS...: counts it and shows what there is to see
fail() {
  local name=$1
  shift
  failures=$((failures + 1))
  note[$name]="${note[$name]:-}${note[$name]:+; }$*"
  say "FAILED: $name: $*"
  {
    say '--- status'
    status
    say "--- the last lines of $name"
    tail -n 15 "$tmp/log-$project/$name.log" 2>/dev/null || say '(no log)'
    say '--- the last lines of berth'
    tail -n 15 "$tmp/log-$project/berth.log" 2>/dev/null || say '(no log)'
  } 2>&1 | sed 's/^/    /'
}

# ---------------------------------------------------------------- start and stop

# open PROJECT CONFIG SECONDS [NAME...]
open() {
  local limit=$3
  project=$1 config=$2
  shift 3
  local code=0
  berth_do "$((limit + 15))" up -d --wait --timeout "${limit}s" "$@" >"$tmp/up.out" 2>&1 || code=$?
  supervisor=$(facts supervisor || true)
  [ "$code" = 0 ] && return 0
  say "berth up ended with $code:"
  sed 's/^/    /' "$tmp/up.out"
  return 1
}

# Processes that a server of this run left behind, found by what Berth put into their environment.
leftovers() {
  grep -lzsxE "BERTH_PROJECT=$run_id(-.*)?" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 || true
}

# close NAME: ends the project; NAME is blamed for what remains
close() {
  local code=0 left
  berth_do 60 down --timeout 45s >"$tmp/down.out" 2>&1 || code=$?
  [ "$code" = 0 ] || fail "$1" "berth down ended with $code: $(tail -n 1 "$tmp/down.out")"
  if [ -n "$supervisor" ] && kill -0 "$supervisor" 2>/dev/null; then
    fail "$1" "the supervisor (pid $supervisor) is alive after berth down"
  fi
  left=$(leftovers | tr '\n' ' ')
  [ -z "$left" ] || fail "$1" "processes are left after berth down: $left"
  project='' supervisor=''
}

end_thief() {
  [ -n "$thief" ] || return 0
  kill "$thief" 2>/dev/null || true
  wait "$thief" 2>/dev/null || true
  thief=
}

# shellcheck disable=SC2317  # called by trap
cleanup() {
  local pid
  [ -z "$project" ] || berth_do 60 down --timeout 45s >/dev/null 2>&1 || true
  [ -z "$supervisor" ] || kill -KILL "$supervisor" 2>/dev/null || true
  end_thief
  for pid in $(leftovers); do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---------------------------------------------------------------- 1. up

# check_tools NAME: lists the tools at `berth url`; the first answer is what later ones are compared with
check_tools() {
  local name=$1 url answer
  if ! url=$(berth_do 10 url "$name" 2>/dev/null) || [ -z "$url" ]; then
    fail "$name" 'berth url gives none'
    return 1
  fi
  if ! answer=$(tools "$name" "$url"); then
    fail "$name" "no tools at $url: $answer"
    return 1
  fi
  case $answer in
    *'"tools":[]'*) fail "$name" "no tools at $url: $answer"; return 1 ;;
  esac
  if [ -z "${tools_of[$name]:-}" ]; then
    tools_of[$name]=$answer
  elif [ "${tools_of[$name]}" != "$answer" ]; then
    fail "$name" "other tools at $url than before: $answer"
    return 1
  fi
}

phase_up() {
  local name
  say "Starting: ${names[*]}"
  if ! open "$run_id" "$here/berth.toml" "$up_limit" "$@"; then
    for name in "${names[@]}"; do
      [ "$(facts "$name" state)" = ready ] || { up_result[$name]=FAILED; fail "$name" 'is not ready'; }
    done
    [ "$failures" -gt 0 ] || fail "${names[0]}" 'berth up failed'
  fi
  for name in "${names[@]}"; do
    [ "${up_result[$name]:-}" = FAILED ] && continue
    if check_tools "$name"; then
      up_result[$name]=$(facts "$name" time_to_ready_s | awk '{ printf "%.1fs", $1 }' || true)
    else
      up_result[$name]=FAILED
    fi
  done
}

# ---------------------------------------------------------------- 2. kill

# await_restart NAME PID PORT: waits until the server is ready as another process, on the same port
await_restart() {
  local name=$1 old_pid=$2 old_port=$3 end=$((SECONDS + retry_limit)) seen='' state pid port restarts
  while [ "$SECONDS" -lt "$end" ]; do
    seen=$(facts "$name" state pid port restarts || true)
    read -r state pid port restarts <<<"$seen"
    if [ "$state" = ready ] && [ "$pid" != "$old_pid" ]; then
      [ "$port $restarts" = "$old_port 1" ] && return 0
      break
    fi
    sleep 0.3
  done
  fail "$name" "after SIGKILL: expected ready on port $old_port with 1 restart, seen: $seen"
  return 1
}

phase_kill() {
  local name
  local -A pid port
  for name in "${names[@]}"; do
    [ "${up_result[$name]}" = FAILED ] && continue
    pid[$name]=$(facts "$name" pid)
    port[$name]=$(facts "$name" port)
  done
  say 'Killing each server with SIGKILL'
  for name in "${!pid[@]}"; do kill -KILL "${pid[$name]}"; done
  for name in "${names[@]}"; do
    [ -n "${pid[$name]:-}" ] || continue
    if await_restart "$name" "${pid[$name]}" "${port[$name]}" && check_tools "$name"; then
      kill_result[$name]="back on ${port[$name]}"
    else
      kill_result[$name]=FAILED
    fi
  done
}

# ---------------------------------------------------------------- 3. thief

# expect_moved NAME FIRST LAST: what must be so after the thief took the first port
expect_moved() {
  local name=$1 first=$2 last=$3 stolen ready port conflicts restarts holder
  stolen=$(sed -n 's/^took //p' "$tmp/thief.out")
  [ -n "$stolen" ] || { fail "$name" "the thief took nothing: $(cat "$tmp/thief.out")"; return 1; }
  read -r ready port conflicts restarts <<<"$(facts "$name" ready port port_conflicts restarts)"
  holder=$(facts "$name" "dead:$stolen")
  if [ "$ready $conflicts $restarts" != 'true 1 0' ]; then
    fail "$name" "expected ready, 1 conflict, 0 restarts; ready=$ready, port_conflicts=$conflicts, restarts=$restarts"
    return 1
  fi
  if [ "$port" = "$stolen" ] || [ "$port" -lt "$first" ] || [ "$port" -gt "$last" ]; then
    fail "$name" "port $stolen was stolen, and the server is on $port of $first-$last"
    return 1
  fi
  if [[ $holder != *" (pid $thief)" ]]; then
    fail "$name" "port $stolen is held by pid $thief; the dead ports say: $holder"
    return 1
  fi
  check_tools "$name" || return 1
  thief_result[$name]="$stolen -> $port"
  note[$name]="${note[$name]:-}${note[$name]:+; }held by $holder"
}

phase_thief() {
  local name first last i
  for name in "${names[@]}"; do
    say "Stealing the port of $name"
    thief_result[$name]=FAILED
    rm -f "$tmp/thief.sock"
    node thief.mjs serve "$tmp/thief.sock" >"$tmp/thief.out" 2>&1 &
    thief=$!
    for ((i = 0; i < 100; i++)); do
      [ -s "$tmp/thief.out" ] && break
      sleep 0.1
    done
    read -r first last <<<"$(node free-ports.mjs 5)"
    node thief.mjs config berth.toml "$name" "$tmp/thief.sock" "$first" "$last" >"$tmp/$name.toml"
    if open "$run_id-$name" "$tmp/$name.toml" "$retry_limit"; then
      expect_moved "$name" "$first" "$last" || thief_result[$name]=FAILED
    else
      fail "$name" 'with its first port stolen it does not get ready'
    fi
    close "$name"
    end_thief
  done
}

# ---------------------------------------------------------------- all of it

declare -A up_result kill_result thief_result
mapfile -t known < <(sed -n 's/^name = "\(.*\)"$/\1/p' berth.toml | tail -n +2) # the first is the project's
names=("${known[@]}")
if [ "$#" -gt 0 ]; then
  names=("$@")
  for name in "$@"; do
    [[ " ${known[*]} " == *" $name "* ]] ||
      { printf 'run-test.sh: no server "%s"; there are: %s\n' "$name" "${known[*]}" >&2; exit 2; }
  done
fi

started=$SECONDS
phase_up "$@"
phase_kill
close "${names[0]}"
phase_thief

say
printf '%-16s %-8s %-15s %-16s %s\n' SERVER UP KILL THIEF NOTE
for name in "${names[@]}"; do
  printf '%-16s %-8s %-15s %-16s %s\n' "$name" "${up_result[$name]:--}" "${kill_result[$name]:--}" \
    "${thief_result[$name]:--}" "${note[$name]:-}"
done
say
if [ "$failures" -gt 0 ]; then
  say "$failures failed, after $((SECONDS - started)) s."
  exit 1
fi
say "Passed (${#names[@]} of ${#names[@]}), all three phases, in $((SECONDS - started)) s."
