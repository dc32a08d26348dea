#!/bin/sh
# Install a server that the tests start for themselves, where it is missing: tools/server.sh COMMAND PACKAGE PURPOSE
set -eu
command=$1 package=$2 purpose=$3
policy=/usr/sbin/policy-rc.d

found() {
  PATH=$PATH:/usr/sbin command -v "$command" >/dev/null 2>&1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Debian starts a server when it installs it, unless this file forbids it; nginx would listen to all on port 80.
unstarted() {
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  "$@"
}

if found; then exit 0; fi
echo "No $command found: installing one for the tests" >&2
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
  as_root apt-get update -qq >&2 || true
  unstarted as_root apt-get install -y -qq --no-install-recommends "$package" >&2 </dev/null || true
  if found; then exit 0; fi
fi
echo "The tests of $purpose need $command, and are skipped without it. On Debian or Ubuntu: sudo apt-get install $package." >&2
exit 1
