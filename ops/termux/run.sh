#!/data/data/com.termux/files/usr/bin/bash
# What the supervisor runs: the bus, in its place, in the foreground.
set -euo pipefail
: "${PREFIX:=/data/data/com.termux/files/usr}" "${HOME:=/data/data/com.termux/files/home}"
export PREFIX HOME PATH="$PREFIX/bin" TMPDIR="$PREFIX/tmp"
# shellcheck source=environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$bus_home"
# shellcheck source=small-node.sh
. "$bus_home/current/ops/termux/small-node.sh"
exec node --disable-sigusr1 "$bus_home/current/service/launch.js"
