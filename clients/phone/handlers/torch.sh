#!/data/data/com.termux/files/usr/bin/sh
# Turns the torch on or off. {"on": true or false}; "seconds" (1 to 60): and off again after so long.
set -u
needs=termux-torch
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

on=$(flag on) || exit 1
seconds=$(whole seconds 0 60 0) || exit 1
case $on in
  true)
    if [ "$seconds" -gt 0 ]; then
      # However and whenever it ends: a torch that stays on empties the battery.
      trap '"$needs" off < /dev/null' EXIT
      trap 'exit 143' TERM
    fi
    ask 30 "$needs" on < /dev/null
    [ "$seconds" -eq 0 ] || sleep "$seconds"
    ;;
  false) ask 30 "$needs" off < /dev/null ;;
  *) refuse 'The payload does not say "on": true or false.' ;;
esac
