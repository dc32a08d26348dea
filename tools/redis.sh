#!/bin/sh
# Print the path of redis-server, which the tests start for themselves; with `install`, install it first where it is
# missing.
set -eu

find_redis() {
  command -v "${REDIS_SERVER:-redis-server}" 2>/dev/null
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if path=$(find_redis); then
  [ "${1:-}" = install ] || echo "$path"
  exit 0
fi

if [ "${1:-}" = install ]; then
  echo "No redis-server found: installing one for the tests" >&2
  if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
    as_root apt-get update -qq >&2 || true
    as_root apt-get install -y -qq --no-install-recommends redis-server >&2 </dev/null || true
    find_redis >/dev/null && exit 0
  fi
fi
echo "The tests of the shared store need Redis, and are skipped without it. On Debian or Ubuntu: sudo apt-get install redis-server." >&2
exit 1
