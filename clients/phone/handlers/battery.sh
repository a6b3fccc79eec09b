#!/data/data/com.termux/files/usr/bin/sh
# How full the battery is, how warm, and whether it is charged. The payload does not matter.
set -u
needs=termux-battery-status
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

ask 30 "$needs" < /dev/null
hand_over
