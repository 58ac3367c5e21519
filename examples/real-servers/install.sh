#!/usr/bin/env bash
# Installs the servers of this folder, and the client that the test uses, into ./node_modules.
# Nothing else is touched, and no package's install script is run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

minimum=20.18.1

give_up() {
  printf 'install.sh: %s\n' "$1" >&2
  printf 'Node.js %s or later is needed, with npm. As root on Debian 13, Ubuntu 25.04 or later:\n' "$minimum" >&2
  printf '  apt-get install -y nodejs npm\n' >&2
  printf 'Debian 12 has Node.js 18, which is too old: see https://nodejs.org/en/download\n' >&2
  exit 1
}

command -v node >/dev/null || give_up 'node is not installed'
command -v npm >/dev/null || give_up 'npm is not installed'
have=$(node -p process.versions.node)
[ "$(printf '%s\n%s\n' "$minimum" "$have" | sort -V | head -n 1)" = "$minimum" ] ||
  give_up "node is $have"

# npm keeps a copy of the lock file of what it installed; when ours says the same, there is nothing to do.
stamp=node_modules/.installed-lock.json
if cmp -s package-lock.json "$stamp"; then
  echo 'Already installed.'
  exit 0
fi

npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
cp package-lock.json "$stamp"
echo "Installed: $(du -sh node_modules | cut -f 1) in $PWD/node_modules"
