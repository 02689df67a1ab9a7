#!/usr/bin/env bash
# Everything that is checked about the console, in order of how fast it fails.
# Needs node, npm, go and chromium (installed here where apt-get can).
set -euo pipefail
cd "$(dirname "$0")/.."
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

step() { printf '\n== %s\n' "$*"; }

if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  step 'chromium and Chinese fonts'
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo 'chromium is missing: install it, or name it in CHROMIUM' >&2
    exit 1
  fi
  apt-get update -qq
  apt-get install -y -qq chromium fonts-noto-cjk
fi

step 'dependencies'
npm ci --no-audit --no-fund
node scripts/complete-lockfile.mjs --check

step 'the description of the API is up to date'
mkdir -p .e2e
cp openapi.json .e2e/openapi.before
cp src/api/schema.d.ts .e2e/schema.before
cp src/licences.json .e2e/licences.before
npm run --silent gen
cmp openapi.json .e2e/openapi.before && cmp src/api/schema.d.ts .e2e/schema.before \
  || { echo 'the server'"'"'s API has changed: run npm run gen in web/ and commit what it writes' >&2; exit 1; }
cmp src/licences.json .e2e/licences.before \
  || { echo 'what is linked has changed: run npm run gen in web/ and commit src/licences.json' >&2; exit 1; }

step 'the build is up to date'
node scripts/fingerprint.mjs dist >.e2e/dist.before
npm run --silent build
node scripts/fingerprint.mjs dist >.e2e/dist.after
cmp .e2e/dist.before .e2e/dist.after \
  || { echo 'web/dist is not what the sources build: run npm run build in web/ and commit dist' >&2; exit 1; }

step 'lint, types, unit tests, budget'
npm run --silent check

step 'end to end'
npm run --silent e2e
