#!/usr/bin/env bash
# Berth is installed into a scratch folder, and examples/embed is built against it as a stranger would: with CMake, and
# with pkg-config and the next language standard. Both run.
#
#   embed.sh BUILD_FOLDER
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${1:?usage: embed.sh BUILD_FOLDER}" && pwd)
compiler=${CXX:-g++}
scratch=$(mktemp -d /tmp/embed-XXXXXX) # not under TMPDIR: a socket's path must be short
trap 'rm -rf "$scratch"' EXIT
while IFS= read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(BERTH_|XDG_|MCP_)' || true)
export HARBOUR_TOOLS=$build/examples/quickstart/harbour-tools BERTH_RUNTIME_DIR=$scratch/run BERTH_LOG_DIR=$scratch/log

cmake --install "$build" --prefix "$scratch/usr" >"$scratch/install.log"
installed() { [[ -f $scratch/usr/$1 ]] || { echo "embed.sh: not installed: $1" >&2; exit 1; }; }
for file in bin/berth share/man/man1/berth.1 share/man/man5/berth.toml.5 share/berth/berth.schema.json \
  share/berth/berth.toml share/berth/grafana-dashboard.json share/doc/berth/README.md \
  share/bash-completion/completions/berth share/zsh/site-functions/_berth \
  share/fish/vendor_completions.d/berth.fish; do
  installed "$file"
done
# Not moved since: no file names the folder in which Berth was built. (The units name the program, and so its place.)
mv "$scratch/usr" "$scratch/moved"
found=$(grep -rlI --exclude=*.service -e "$source" -e "$scratch" "$scratch/moved" || true)
[[ -z $found ]] || { echo "embed.sh: names a folder of this machine: $found" >&2; exit 1; }

for header in "$scratch"/moved/include/berth/*.hpp; do
  echo "#include <berth/${header##*/}>" >"$scratch/alone.cpp"
  "$compiler" -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I "$scratch/moved/include" "$scratch/alone.cpp"
done

check() { # PROGRAM
  local said
  said=$(cd "$source/examples/embed" && timeout 60 "$1")
  echo "$said"
  for line in '^clock is ready at http://127\.0\.0\.1:[0-9]+/mcp$' '^notes is ready at http://' '^all are down$'; do
    grep -qE "$line" <<<"$said" || { echo "embed.sh: $1 did not say: $line" >&2; exit 1; }
  done
}

cmake -S "$source/examples/embed" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$scratch/moved" \
  -DCMAKE_CXX_COMPILER="$compiler" >"$scratch/configure.log" || { cat "$scratch/configure.log"; exit 1; }
cmake --build "$scratch/build"
check "$scratch/build/embed"

if command -v pkg-config >/dev/null; then
  pc=$(find "$scratch/moved" -name berth.pc)
  export PKG_CONFIG_PATH=${pc%/*}
  read -ra flags <<<"$(pkg-config --cflags --libs berth)"
  "$compiler" -std=c++23 "$source/examples/embed/main.cpp" "${flags[@]}" -o "$scratch/embed"
  check "$scratch/embed"
fi

# What goes wrong is told, and ends it.
printf '%s\n' 'name = "wrong"' '[[servers]]' 'name = "missing"' 'command = "no-such-program"' >"$scratch/wrong.toml"
code=0
timeout 60 "$scratch/build/embed" "$scratch/wrong.toml" >"$scratch/said" 2>&1 || code=$?
cat "$scratch/said"
((code == 1)) || { echo "embed.sh: ended with $code, not 1, where a server has failed" >&2; exit 1; }
grep -q '^missing is failed: .*no-such-program' "$scratch/said" || { echo 'embed.sh: did not say why' >&2; exit 1; }
