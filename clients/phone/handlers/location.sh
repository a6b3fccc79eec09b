#!/data/data/com.termux/files/usr/bin/sh
# Where the phone is. {"provider": gps, network or passive; "request": once, or last for where it was last seen}
set -u
needs=termux-location
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

provider=$(choice provider gps network passive) || exit 1
request=$(choice request once last) || exit 1
# Satellites, indoors, take their time.
ask 90 "$needs" -p "$provider" -r "$request" < /dev/null
hand_over
