#!/usr/bin/env bash
# Installs every server of this folder into ./node_modules: 1.3 GB. No package's install script is run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

have=$(node -p process.versions.node 2>/dev/null || echo 0)
if [[ $(printf '%s\n' 20.18.1 "$have" | sort -V | head -n 1) != 20.18.1 ]] || ! command -v npm >/dev/null; then
  echo "install.sh: Node.js 20.18.1 or later is needed, with npm (node is $have)" >&2
  exit 1
fi
stamp=node_modules/.installed-lock.json
if cmp -s package-lock.json "$stamp"; then
  echo 'Already installed.'
  exit 0
fi
npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
cp package-lock.json "$stamp"
echo "Installed: $(du -sh node_modules | cut -f 1) in $PWD/node_modules"
