#!/data/data/com.termux/files/usr/bin/sh
# What a sensor measures, once. {"name": all of its name, or a part}; without a name, which sensors there are.
set -u
needs=termux-sensor
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

name=$(text name 64) || exit 1
case $name in
  *[!A-Za-z0-9\ ._-]*) refuse "The name is '$name'; it takes letters, digits, spaces, dots, - and _." ;;
  '') ask 30 "$needs" -l < /dev/null ;;
  *) ask 30 "$needs" -s "$name" -n 1 < /dev/null ;;
esac
case $answer in '' | '{}') refuse "This phone has no sensor '$name'." ;; esac
hand_over
