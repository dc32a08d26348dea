#!/bin/sh
# Print the path of a Chromium that Playwright can drive; with `install`, install one first where there is none.
# Ubuntu's `chromium` is a stub for snap, which does not start in containers: there Playwright's own build is taken.
set -eu

find_chromium() {
  for name in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
    path=$(command -v "$name" 2>/dev/null) || continue
    case $("$path" --version 2>/dev/null || true) in
      *Chrom*) echo "$path"; return 0 ;;
    esac
  done
  for path in "$HOME"/.cache/ms-playwright/chromium-*/chrome-linux*/chrome; do
    if [ -x "$path" ]; then echo "$path"; return 0; fi
  done
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if path=$(find_chromium); then
  [ "${1:-}" = install ] || echo "$path"
  exit 0
fi

if [ "${1:-}" = install ]; then
  echo "No Chromium found: installing one for the browser tests" >&2
  if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
    as_root apt-get update -qq >&2 || true
    as_root apt-get install -y -qq chromium >&2 </dev/null || true
    find_chromium >/dev/null && exit 0
    .venv/bin/playwright install --with-deps chromium >&2 </dev/null || true
    find_chromium >/dev/null && exit 0
  fi
fi
echo "The browser tests need Chromium. On Debian: sudo apt-get install chromium. Elsewhere: .venv/bin/playwright install --with-deps chromium." >&2
exit 1
