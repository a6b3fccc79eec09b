#!/data/data/com.termux/files/usr/bin/bash
# What the supervisor runs: the bus, in its place, in the foreground.
set -euo pipefail
: "${PREFIX:=/data/data/com.termux/files/usr}" "${HOME:=/data/data/com.termux/files/home}"
export PREFIX HOME PATH="$PREFIX/bin" TMPDIR="$PREFIX/tmp"
# shellcheck source=environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$bus_home"
# Young objects die in 2 MiB instead of 16: 10 MB less, for a little more work.
exec node --max-semi-space-size=2 "$bus_home/current/service/launch.js"
