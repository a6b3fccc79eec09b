#!/data/data/com.termux/files/usr/bin/sh
# Vibrates. {"ms": 1 to 10000 (1000)}; "force" (true) even when it is silent.
set -u
needs=termux-vibrate
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

ms=$(whole ms 1 10000 1000) || exit 1
force=$(flag force) || exit 1
set -- -d "$ms"
[ "$force" != true ] || set -- "$@" -f
ask 30 "$needs" "$@" < /dev/null
