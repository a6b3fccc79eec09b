#!/data/data/com.termux/files/usr/bin/bash
# `intent-bus` on the phone: the command, where the bus of this phone is found by itself.
set -euo pipefail
# shellcheck source=environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec node "$bus_home/current/clients/cli/intent-bus.js" "$@"
