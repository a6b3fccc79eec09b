#!/data/data/com.termux/files/usr/bin/sh
# Puts a text on the clipboard: {"text"}, or a string. Without one, the result is what lies there.
set -u
needs=termux-clipboard-set
. "$(dirname "$0")/../lib/payload.sh"
. "$(dirname "$0")/../lib/ask.sh"

text=$(text text) || exit 1
if [ -n "$text" ]; then
  printf '%s' "$text" | ask 30 "$needs"
  exit
fi
ask 30 termux-clipboard-get < /dev/null
printf '%s' "$answer" | quoted
